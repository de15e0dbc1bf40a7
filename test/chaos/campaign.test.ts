/**
 * @module
 * One short campaign of each kind. Needs the built program and the compiled campaigns (`npm run chaos -- --help` makes both).
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../chaos/summary.js'
import { whyNoDockerd } from '../support/dockerd.js'

const MAIN = fileURLToPath(new URL('../../dist/chaos/main.js', import.meta.url))
const FIVE_MINUTES = 300_000

describe('a campaign of faults', () => {
  let folder: string

  beforeAll(() => {
    if (!existsSync(MAIN)) throw new Error('dist/chaos is not there: run "npm run chaos -- --help" first')
    folder = mkdtempSync(join(tmpdir(), 'berth-chaos-test-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Resolves with the report; the campaign's own output is the message when there is none. */
  async function campaign(...args: string[]): Promise<Report> {
    const json = join(folder, 'report.json')
    rmSync(json, { force: true })
    const child = spawn(process.execPath, [MAIN, '--json', json, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    if (!existsSync(json)) throw new Error(`the campaign ended without a report:\n${output}`)
    return JSON.parse(readFileSync(json, 'utf8')) as Report
  }

  function expectSound(report: Report): void {
    expect(report.violation_list, `seed ${report.seed}, log ${report.log}`).toEqual([])
    expect(report.work.missingRoutes).toEqual([])
    expect(report.elections).toBeGreaterThanOrEqual(10)
    expect(report.sampler.per_second).toBeGreaterThanOrEqual(50)
    expect(report.fault_count).toBeGreaterThanOrEqual(3)
  }

  it('finds nothing on the simulator', { timeout: FIVE_MINUTES }, async () => {
    expectSound(await campaign('--seed', '20260810', '--seconds', '40'))
  })

  it.skipIf(whyNoDockerd() !== null)('finds nothing on a real Docker daemon', { timeout: FIVE_MINUTES }, async () => {
    expectSound(await campaign('--docker', '--seed', '20260811', '--seconds', '60'))
  })
})
