import type { WorkflowHandle } from '@temporalio/client'
import pino from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { poolTaskQueue } from '../../src/temporal/names.js'
import { keepSingletons } from '../../worker/singletons.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, replayFailure } from '../support/histories.js'
import { eventually, POLICY, type Pool, useTemporal } from '../support/temporal.js'

const server = useTemporal('dev')
const PORT = 41_000
/** `temporal.api.enums.v1.TaskQueueKind`. */
const STICKY = 2

/** Looks after the pool's workflows until the test is over. */
function keep(pool: Pool): void {
  const stop = new AbortController()
  const settings = { pool: pool.name, policy: POLICY, instance: 'test', portsInUse: async () => [] }
  const kept = keepSingletons(pool.client, settings, pino({ level: 'silent' }), stop.signal, 100)
  onTestFinished(async () => {
    stop.abort()
    await kept
  })
}

const runOf = async (workflow: WorkflowHandle): Promise<string> => (await workflow.describe()).runId
const acquired = (pool: Pool, engineId: string) =>
  eventually(async () => {
    const answer = await pool.lease.executeUpdate(messages.acquire, { args: [{ engineId, nominated: true }] })
    return answer.kind === 'granted' ? answer : null
  })
const toldOfPort = (pool: Pool): Promise<void> =>
  pool.lease.signal(messages.portObserved, { port: PORT, generation: { session: 1, sequence: 1 } })

/** `temporal.api.enums.v1.CommandType`. */
const START_TIMER = 3

/** A worker that polls without the SDK, and does with a task what the test wants. */
function bareWorker(pool: Pool) {
  const { workflowService, options } = pool.client
  const { namespace } = options
  const sticky = { name: `bare-${pool.name}`, kind: STICKY, normalName: poolTaskQueue(pool.name) }
  const taskFrom = (taskQueue: object) =>
    pool.client.withDeadline(Date.now() + 30_000, () => workflowService.pollWorkflowTaskQueue({ namespace, taskQueue, identity: 'bare' }))
  return {
    /** Takes the next task, answers it with these commands, and is asked from then on. */
    async begin(rouse: () => Promise<void>, commands: object[] = []): Promise<void> {
      const task = taskFrom({ name: poolTaskQueue(pool.name) })
      await rouse()
      const stickyAttributes = { workerTaskQueue: sticky, scheduleToStartTimeout: { seconds: 1 as never } }
      await workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: (await task).taskToken, stickyAttributes, commands })
    },
    /** Resolves when the server knows that it waits for the next task, with that task to come. */
    async waits(): Promise<{ taken: ReturnType<typeof taskFrom> }> {
      const taken = taskFrom(sticky)
      await eventually(async () => (await workflowService.describeTaskQueue({ namespace, taskQueue: sticky })).pollers?.length)
      return { taken }
    },
  }
}

test('each that a person ends is begun anew, the lease above every epoch that there was', async () => {
  const pool = await server.pool()
  keep(pool)
  await eventually(() => pool.leaseView())
  await toldOfPort(pool)
  expect(await acquired(pool, 'a')).toMatchObject({ epoch: 1 })
  const [leaseRun, fleetRun, watchRun] = await Promise.all([pool.lease, pool.fleet, pool.watch].map(runOf))
  await Promise.all([pool.lease, pool.fleet, pool.watch].map((workflow) => workflow.terminate('by hand')))
  for (const [workflow, before] of [[pool.lease, leaseRun] as const, [pool.fleet, fleetRun] as const, [pool.watch, watchRun] as const])
    await eventually(async () => {
      const { status, runId } = await workflow.describe()
      return status.name === 'RUNNING' && runId !== before
    })
  await toldOfPort(pool)
  expect(await acquired(pool, 'b')).toMatchObject({ epoch: 2 })
})

test('those that go on are left alone, with no event more than before', async () => {
  const pool = await server.pool()
  keep(pool)
  await eventually(() => pool.fleetView())
  await toldOfPort(pool)
  await acquired(pool, 'a')
  const workflows = [pool.lease, pool.fleet, pool.watch]
  await eventCount(pool.lease)
  await eventCount(pool.fleet)
  const found = () => Promise.all(workflows.map(async (workflow) => [await runOf(workflow), (await workflow.describe()).historyLength]))
  const before = await found()
  const looked = vi.spyOn(pool.client.workflow, 'getHandle')
  await eventually(() => workflows.every(({ workflowId }) => looked.mock.calls.filter(([id]) => id === workflowId).length > 10))
  looked.mockRestore()
  expect(await found()).toEqual(before)
})

test('a lease whose history cannot be replayed is begun anew, above every epoch that there was', async () => {
  const pool = await server.pool()
  await pool.startLease()
  await eventually(async () => !(await pool.leaseView()).recovering)
  await toldOfPort(pool)
  await acquired(pool, 'a')
  await pool.rest()
  const strange = { commandType: START_TIMER, startTimerCommandAttributes: { timerId: '99', startToFireTimeout: { seconds: 3_600 } } }
  await bareWorker(pool).begin(() => pool.lease.signal(messages.configureLease, { enabled: true }), [strange])
  await pool.work()
  const before = await runOf(pool.lease)
  keep(pool)
  await eventually(async () => (await runOf(pool.lease)) !== before, 30_000)
  await eventually(async () => !(await pool.leaseView()).recovering)
  await toldOfPort(pool)
  expect(await acquired(pool, 'b')).toMatchObject({ epoch: 2 })
})

test('a query that another worker answers while one is stopped leaves a lease that can be replayed', { timeout: 60_000 }, async () => {
  const pool = await server.pool()
  await pool.client.workflow.start('forwardedLease', {
    workflowId: pool.lease.workflowId,
    taskQueue: poolTaskQueue(pool.name),
    args: [{ pool: pool.name, index: 0, enabled: true }],
    workflowTaskTimeout: '2 seconds',
  })
  await eventually(async () => !(await pool.leaseView()).recovering)
  await toldOfPort(pool)
  await acquired(pool, 'a')
  await pool.lease.executeUpdate(messages.revoke, { args: [{ epoch: 1, reason: 'test', by: null }] })
  await pool.lease.executeUpdate(messages.ended, { args: [{ epoch: 1, request: null }] })
  await pool.rest()
  const stopped = bareWorker(pool)
  await stopped.begin(() => pool.lease.signal(messages.configureLease, { enabled: true }))
  const query = await stopped.waits()
  const asked = pool.client.withDeadline(Date.now() + 20_000, () => pool.lease.query(messages.leaseQuery))
  expect((await query.taken).query?.queryType).toBe('lease')
  const task = await stopped.waits()
  await pool.lease.signal('forceElection', 'first')
  expect((await task.taken).startedEventId?.toString()).not.toBe('0')
  // This one is asked instead, with a history that ends with the other one's task.
  await pool.work()
  await asked
  await pool.lease.signal('forceElection', 'second')
  const granted = await pool.lease.executeUpdate(messages.acquire, { args: [{ engineId: 'b', nominated: false }] })
  expect(granted).toMatchObject({ kind: 'granted', epoch: 2 })
  expect(await replayFailure(await pool.lease.fetchHistory(), pool.lease.workflowId)).toBeNull()
})
