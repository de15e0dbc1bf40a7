/**
 * @module
 * One short campaign of each kind. Needs the built program and the compiled campaigns (`npm run chaos -- --help` makes both).
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
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
    const json = join(folder, `report-${args.join('')}.json`)
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
    expect(report.elections).toBeGreaterThanOrEqual(5)
    expect(report.sampler.per_second).toBeGreaterThanOrEqual(50)
    expect(report.fault_count).toBeGreaterThanOrEqual(3)
  }

  it('can set the clock of a Node process wrong while it runs, and no duration with it', { timeout: 30_000 }, async () => {
    const { WrongClock } = (await import(
      new URL('wrong-clock.js', pathToFileURL(MAIN)).href
    )) as typeof import('../../chaos/wrong-clock.js')
    const clock = new WrongClock(join(folder, 'clock'))
    const print = 'setInterval(() => process.send({ date: new Date().getTime(), now: Date.now(), monotonic: performance.now() }), 20)'
    const child = spawn(process.execPath, ['-e', print], {
      env: { ...process.env, ...clock.env() },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const seen: { date: number; now: number; monotonic: number }[] = []
    child.on('message', (message) => seen.push(message as (typeof seen)[number]))
    const wrongBy = (seconds: number) =>
      vi.waitFor(() => expect(Math.round(((seen.at(-1)?.date ?? 0) - Date.now()) / 10_000)).toBe(seconds / 10), { timeout: 10_000 })
    try {
      await wrongBy(0)
      for (const seconds of [86_400, -3_600, 0]) {
        clock.set(seconds)
        await wrongBy(seconds)
      }
      expect(seen.every(({ date, now }) => Math.abs(date - now) < 1_000)).toBe(true)
      expect(seen.at(-1)?.monotonic).toBeLessThan(30_000)
    } finally {
      child.kill('SIGKILL')
    }
  })

  // Both at once: each waits more than it works.
  it('finds nothing on the simulator', { timeout: FIVE_MINUTES, concurrent: true }, async () => {
    expectSound(await campaign('--seed', '20260810', '--seconds', '30'))
  })

  it.skipIf(whyNoDockerd() !== null)('finds nothing on a real Docker daemon', { timeout: FIVE_MINUTES, concurrent: true }, async () => {
    expectSound(await campaign('--docker', '--seed', '20260811', '--seconds', '40'))
  })
})
