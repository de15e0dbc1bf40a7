import { expect, test } from 'vitest'
import { runOf } from '../support/histories.js'
import { eventually, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { acquire, confirm, ended, heldLease, observe, PORT, revoke, vacantLease } from './lease-steps.js'

/** More at once take longer than a workflow task may on a busy machine. */
const AT_ONCE = 1_000
const ROUNDS = 10
/** So many are on their way at the same time. */
const SENDERS = 50

const server = useTemporal('dev')

/** Elections are asked for, and in the middle of them Gluetun has another port. */
async function flood(pool: Pool, port: number, sequence: number): Promise<void> {
  let sent = 0
  const send = async (): Promise<void> => {
    while (sent < AT_ONCE) {
      sent += 1
      if (sent === AT_ONCE / 2) await observe(pool, port, sequence)
      await pool.lease.signal('forceElection', { reason: 'one of many' })
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, send))
}

/** Hands the port on as two engines do, one to the other; resolves once one of them holds this port. */
async function settle(pool: Pool, port: number): Promise<void> {
  await eventually(async () => {
    const { holder, log } = await pool.leaseView()
    const next = log.at(-1)?.engineId === 'a' ? 'b' : 'a'
    if (holder === null) await acquire(pool, next)
    if (holder?.phase === 'revoking') await ended(pool, holder.epoch, next)
    if (holder?.phase === 'granted') await confirm(pool, holder.engineId, holder.epoch)
    return holder?.phase === 'active' && holder.port === port
  }, 30_000)
}

/** Signals of this name in the histories of all runs of the lease. */
async function taken(pool: Pool, signal: string): Promise<number> {
  let count = 0
  for await (const { runId } of pool.client.workflow.list({ query: `WorkflowId = '${pool.lease.workflowId}'` })) {
    const { events } = await pool.client.workflow.getHandle(pool.lease.workflowId, runId).fetchHistory()
    count += (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === signal).length
  }
  return count
}

test(`of ${AT_ONCE * ROUNDS} signals that come while the worker is away and an election is under way none is lost`, {
  timeout: 180_000,
}, async () => {
  const pool = await server.pool()
  await heldLease(pool)
  for (let round = 1; round <= ROUNDS; round++) {
    const [run, { epoch }] = [await runOf(pool.lease), await pool.leaseView()]
    await revoke(pool, epoch, null)
    await pool.rest()
    await flood(pool, PORT + round, round + 1)
    await pool.work()
    await settle(pool, PORT + round)
    await eventually(async () => (await runOf(pool.lease)) !== run)
    const { log, ...view } = await pool.leaseView()
    expect(view.epoch).toBeGreaterThan(epoch)
    expect(log.map((turnover) => turnover.epoch)).toEqual(log.map((_, index) => index + 1))
    expect(log.filter((turnover) => turnover.ended === null).map((turnover) => turnover.epoch)).toEqual([view.epoch])
  }
  expect(await taken(pool, 'forceElection')).toBe(AT_ONCE * ROUNDS)
})

test('many elections at once on a vacant lease are one announcement of the vacancy, as it is at last', async () => {
  const pool = await server.pool()
  await vacantLease(pool)
  const told = () => toldTo<{ preferred: string | null }>(pool.fleet, 'leaseVacant')
  const before = await eventually(async () => (await told()).length)
  await pool.rest()
  await Promise.all(Array.from({ length: 50 }, (_, index) => pool.lease.signal('forceElection', { candidate: `engine-${index}` })))
  await pool.lease.signal('forceElection', { candidate: 'the-last' })
  await pool.work()
  await eventually(async () => (await told()).at(-1)?.preferred === 'the-last')
  expect((await told()).length).toBe(before + 1)
})
