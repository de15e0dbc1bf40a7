import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Berth } from '../support/world.js'

const WALK = fileURLToPath(new URL('../../dist/src/cli/walk/main.js', import.meta.url))

/** `npm run manual-test -- <args>` in no terminal: its exit code and what it printed. */
async function manualTest(url: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const env = { PATH: process.env.PATH, ORCHESTRATOR_URL: url, NO_COLOR: '1' }
  const child = spawn(process.execPath, [WALK, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

let berth: Berth
beforeAll(async () => {
  berth = await Berth.demo()
  await berth.start()
})
afterAll(async () => {
  await berth?.discard()
})

it('walks through a demo, hands its port on, and leaves it as it was', async () => {
  const before = await berth.settled(3)
  const holder = before.find((engine) => engine.forwarded)
  const { code, output } = await manualTest(berth.url, '--yes')
  expect(output).toMatch(/\nAll checks passed: \d+\.\n$/)
  expect(code).toBe(0)
  for (const title of [
    'Is it there?',
    'The VPN',
    'The engines',
    'One engine more',
    'Who is forwarded?',
    'The forwarded engine is deleted',
    'Tidy up',
  ]) {
    expect(output).toMatch(new RegExp(`^\\d  ${title.replace('?', '\\?')}$`, 'm'))
  }
  expect(output).toMatch(/FORWARDED on 41000/)
  expect(output).toMatch(/another takes over +berth-forwarded of engine \S+: \d+\.\d\d s without a healthy one/)
  const after = await berth.settled(3)
  expect(after.map((engine) => engine.engine_id)).not.toContain(holder?.engine_id)
})

it('asks nobody where there is no terminal: it says so and ends with 2', async () => {
  const { code, output } = await manualTest(berth.url)
  expect([code, output]).toEqual([2, expect.stringContaining('there is no terminal to ask questions in')])
})

it('ends with 2 when nobody is there', async () => {
  await berth.stop()
  const { code, output } = await manualTest(berth.url, '--yes')
  expect([code, output]).toEqual([2, expect.stringContaining('fix:   start Berth')])
})
