import { expect, test } from 'vitest'
import * as messages from '../../workflows/messages.js'
import { refreshed, replayFailure } from '../support/histories.js'
import { container, eventually, Gate, type Pool, useTemporal } from '../support/temporal.js'

const server = useTemporal('dev')

const engineIds = async (pool: Pool, query: string): Promise<string[]> => {
  const found: string[] = []
  for await (const { workflowId } of pool.client.workflow.list({
    query: `Pool = '${pool.name}' AND ExecutionStatus = 'Running' AND ${query}`,
  })) {
    found.push(workflowId.split('/').at(-1) ?? '')
  }
  return found.toSorted()
}
const listed = (pool: Pool, query: string, wanted: string[]): Promise<boolean> =>
  eventually(async () => {
    expect(await engineIds(pool, query)).toEqual(wanted)
    return true
  })

test('engines are found by what they are: forwarded, state, container and epoch', async () => {
  const pool = await server.pool({
    async provision({ engine, nominated }) {
      const forwarded = nominated ? { epoch: 3, p2pPort: 51_413 } : null
      return container(`c-${engine.engineId}${nominated ? '-2' : ''}`, { forwarded })
    },
  })
  await pool.standInFleet()
  await pool.startEngine('a')
  await pool.startEngine('b', { httpPort: 19_001 })
  await listed(pool, "EngineState = 'starting' AND Forwarded = false", ['a', 'b'])
  await pool.engine('b').signal(messages.takeForwarded, { epoch: 2 })
  await listed(pool, "Forwarded = true AND LeaseEpoch = 3 AND ContainerId = 'c-b-2'", ['b'])
  await refreshed(pool.engine('b'))
  await listed(pool, 'Forwarded = true', ['b'])
  await pool.engine('b').signal(messages.removeEngine, { reason: 'deleted' })
  await listed(pool, "EngineState = 'starting'", ['a'])
  expect(await engineIds(pool, 'Forwarded = true')).toEqual([])
  const ended = `Pool = '${pool.name}' AND ExecutionStatus = 'Completed'`
  await eventually(
    async () => (await pool.client.workflow.count(`${ended} AND EngineState = 'removing' AND Forwarded = false`)).count === 1,
  )
})

test('an engine that is deleted as soon as it was asked for leaves nothing behind', async () => {
  const pool = await server.pool()
  await pool.startFleet()
  const request = { requestId: 'r1', labels: {}, environment: {}, hostPort: null }
  const made = await pool.fleet.executeUpdate(messages.provisionEngine, { args: [request] })
  const engineId = made.kind === 'engine' ? made.engineId : ''
  await pool.fleet.executeUpdate(messages.deleteEngine, { args: [{ requestId: 'r2', engineId }] })
  await eventually(async () => (await pool.fleetView()).engines.length === 0)
  await eventually(async () => (await pool.engine(engineId).describe()).status.name === 'COMPLETED')
  expect(pool.asked.retire).toHaveLength(1)
})

test('removal while provisioning waits for a worker to take it never provisions', async () => {
  const busy = new Gate()
  const pool = await server.pool(
    { provision: async ({ engine }) => busy.pass().then(() => container(`c-${engine.engineId}`)) },
    { activitiesAtOnce: 1 },
  )
  await pool.standInFleet()
  await pool.startEngine('a')
  await eventually(() => busy.waiting === 1)
  await pool.startEngine('b', { httpPort: 19_001 })
  await eventually(async () => (await pool.engine('b').fetchHistory()).events?.some((event) => event.activityTaskScheduledEventAttributes))
  await pool.engine('b').signal(messages.removeEngine, { reason: 'deleted' })
  await eventually(async () => (await pool.engineView('b')).phase === 'removing')
  busy.open()
  await eventually(async () => (await pool.engine('b').describe()).status.name === 'COMPLETED')
  expect(pool.asked.provision.map(({ engine }) => engine.engineId)).toEqual(['a'])
  expect(pool.asked.retire.map(({ engineId }) => engineId)).toEqual(['b'])
})

test('of fifty engines that ask a real server at once one is granted', async () => {
  const pool = await server.pool()
  await pool.startLease()
  await pool.lease.signal(messages.portObserved, { port: 51_413, generation: { session: 1, sequence: 1 } })
  await eventually(async () => !(await pool.leaseView()).recovering)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => pool.lease.executeUpdate(messages.acquire, { args: [{ engineId: `e${n}`, nominated: false }] })),
  )
  expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(1)
  expect((await pool.leaseView()).epoch).toBe(1)
})

test('continue-as-new under a stream of turnovers loses none on a real server', async () => {
  const pool = await server.pool()
  await pool.startLease()
  await pool.lease.signal(messages.portObserved, { port: 51_413, generation: { session: 1, sequence: 1 } })
  await eventually(async () => !(await pool.leaseView()).recovering)
  const engineId = 'a'
  await pool.lease.executeUpdate(messages.acquire, { args: [{ engineId, nominated: false }] })
  for (let epoch = 1; epoch <= 10; epoch++) {
    const handOn = async (): Promise<unknown> => {
      await pool.lease.executeUpdate(messages.confirm, { args: [{ engineId, epoch, containerId: `c${epoch}` }] })
      await pool.lease.executeUpdate(messages.revoke, { args: [{ epoch, reason: 'died', by: engineId }] })
      return pool.lease.executeUpdate(messages.ended, { args: [{ epoch, request: { engineId, nominated: false } }] })
    }
    const [, answer] = await Promise.all([pool.lease.signal(messages.refresh), handOn()])
    expect(answer).toMatchObject({ kind: 'ended', next: { kind: 'granted', epoch: epoch + 1 } })
  }
  expect((await pool.leaseView()).log.map(({ ended }) => ended)).toEqual([...Array.from({ length: 10 }, () => 'died'), null])
})

test.each(['before', 'with'])('an update is answered before its loop acts, also when a signal came %s it', async (when) => {
  const pool = await server.pool()
  await pool.startFleet({ minReplicas: 1, maxReplicas: 5 })
  for (const requestId of ['r1', 'r2']) {
    const request = { requestId, labels: {}, environment: {}, hostPort: null }
    await pool.fleet.executeUpdate(messages.provisionEngine, { args: [request] })
  }
  await eventually(async () => (await pool.fleetView()).engines.filter(({ phase }) => phase === 'starting').length === 3)
  const { vpn } = await pool.fleetView()
  const signal = () => pool.fleet.signal(messages.vpnChanged, { ...vpn, country: 'Iceland' })
  if (when === 'before') {
    await signal()
    await eventually(async () => (await pool.fleetView()).vpn.country === 'Iceland')
  }
  await pool.rest()
  if (when === 'with') await signal()
  const scaled = pool.fleet.executeUpdate(messages.scale, { args: [{ requestId: 'r3', wanted: 1 }] })
  await eventually(async () => (await pool.fleet.describe()).raw.pendingWorkflowTask !== null)
  await pool.work()
  expect(await scaled).toEqual({ kind: 'wanted', wanted: 1 })
  await eventually(async () => (await pool.fleetView()).engines.length === 1)
  const history = await pool.fleet.fetchHistory()
  const events = history.events ?? []
  const accepted = events.findLastIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes)
  expect(events[accepted + 1]?.workflowExecutionUpdateCompletedEventAttributes).toBeTruthy()
  expect(events[accepted + 2]?.signalExternalWorkflowExecutionInitiatedEventAttributes).toBeTruthy()
  expect(await replayFailure(history, pool.fleet.workflowId)).toBeNull()
})
