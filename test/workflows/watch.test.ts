import { expect, test } from 'vitest'
import * as messages from '../../workflows/messages.js'
import { keepHistory, refreshed, runOf } from '../support/histories.js'
import { eventually, Gate, useTemporal } from '../support/temporal.js'

const server = useTemporal('time-skipping')

/** Watching that ends when its gate is opened; a new gate each time. */
function watching(): { gates: Gate[]; watchPool: () => Promise<void> } {
  const gates: Gate[] = []
  return {
    gates,
    watchPool: async () => {
      const gate = new Gate()
      gates.push(gate)
      await gate.pass()
    },
  }
}

test('one watching activity runs, of the pool', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.startWatch()
  await eventually(() => gates.length === 1)
  expect(pool.asked.watchPool).toEqual([{ pool: pool.name }])
})

test('a worker’s start begins the activity anew at once', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.startWatch()
  await eventually(() => gates.length === 1)
  const run = await runOf(pool.watch)
  for (const round of [2, 3]) {
    const begun = performance.now()
    await pool.watch.signal(messages.workerStarted, { identity: `worker ${round}` })
    await eventually(() => gates.length === round, 4_000)
    expect(performance.now() - begun).toBeLessThan(4_000)
  }
  expect(await runOf(pool.watch)).toBe(run)
})

test('a worker’s start that comes with the workflow’s own start begins one activity', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.rest()
  await pool.startWatch()
  await pool.watch.signal(messages.workerStarted, { identity: 'worker' })
  await pool.work()
  await eventually(() => gates.length === 1)
  gates[0]?.open()
  await eventually(() => gates.length === 2)
  expect(pool.asked.watchPool).toHaveLength(2)
})

test('the workflow continues as new when watching ends, and watches again', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.startWatch()
  await eventually(() => gates.length === 1)
  const run = await runOf(pool.watch)
  gates[0]?.open()
  await eventually(() => gates.length === 2)
  expect(await runOf(pool.watch)).not.toBe(run)
})

test('refresh continues as new without waiting for the end of watching', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.startWatch()
  await eventually(() => gates.length === 1)
  await refreshed(pool.watch)
  await eventually(() => gates.length === 2)
})

test('watching that fails is tried again in the same run', async () => {
  let tries = 0
  const gate = new Gate()
  const pool = await server.pool({
    async watchPool() {
      if (++tries < 4) throw new Error('Docker does not answer')
      await gate.pass()
    },
  })
  await pool.startWatch()
  await eventually(() => gate.waiting === 1)
  expect(tries).toBe(4)
  expect((await pool.watch.describe()).status.name).toBe('RUNNING')
})

test('its history grows by fewer than fifty events a day, with two ends of watching and a worker’s start', async () => {
  const { gates, watchPool } = watching()
  const pool = await server.pool({ watchPool })
  await pool.startWatch()
  let events = 0
  for (const half of [1, 2]) {
    await eventually(() => gates.length >= half)
    const run = await runOf(pool.watch)
    if (half === 2) {
      await pool.watch.signal(messages.workerStarted, { identity: 'worker' })
      await eventually(() => gates.length === 3)
      await keepHistory(pool.watch, 'watch')
    }
    gates.at(-1)?.open()
    await eventually(async () => (await runOf(pool.watch)) !== run)
    events += (await pool.client.workflow.getHandle(pool.watch.workflowId, run).fetchHistory()).events?.length ?? 0
  }
  expect(events).toBeGreaterThan(10)
  expect(events).toBeLessThan(50)
})
