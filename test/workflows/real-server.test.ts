import { expect, test } from 'vitest'
import { createLeaseClient } from '../../activities/lease-client.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, replayFailure, runOf, settled } from '../support/histories.js'
import { container, eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { heldLease, operator, vacantLease } from './lease-steps.js'

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

test('what changes nothing in the lease is answered, and leaves no event', async () => {
  const pool = await server.pool()
  await vacantLease(pool)
  const lease = createLeaseClient(pool.client, pool.name, 0)
  expect(await lease.acquire({ engineId: 'a', nominated: false })).toMatchObject({ kind: 'granted', epoch: 1 })
  expect(await lease.confirm({ engineId: 'a', epoch: 1, containerId: 'c1' })).toEqual({ kind: 'confirmed', epoch: 1 })
  const before = await eventCount(pool.lease)
  const holder = { engineId: 'a', epoch: 1, phase: 'active' }
  expect(await lease.acquire({ engineId: 'b', nominated: false })).toEqual({ kind: 'denied', reason: 'held', holder })
  expect(await lease.acquire({ engineId: 'a', nominated: false })).toMatchObject({ kind: 'granted', epoch: 1, containerId: 'c1' })
  expect(await lease.confirm({ engineId: 'a', epoch: 1, containerId: 'c1' })).toEqual({ kind: 'confirmed', epoch: 1 })
  expect(await lease.confirm({ engineId: 'a', epoch: 1, containerId: 'c2' })).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
  expect(await lease.revoke({ epoch: 7, reason: 'died', by: 'a' })).toMatchObject({ kind: 'ignored' })
  expect(await lease.ended({ epoch: 1, request: null })).toMatchObject({ kind: 'refused', type: 'NotRevoked' })
  expect(await eventCount(pool.lease)).toBe(before)
  await expect(pool.lease.executeUpdate(messages.revoke, { args: [{ epoch: 7, reason: 'died', by: null }] })).resolves.toMatchObject({
    kind: 'ignored',
  })
})

test('an election won by another engine costs the lease 26 events', async () => {
  const pool = await server.pool()
  await vacantLease(pool)
  const lease = createLeaseClient(pool.client, pool.name, 0)
  const holder = await pool.standInEngine('a')
  await lease.acquire({ engineId: 'a', nominated: false })
  await lease.confirm({ engineId: 'a', epoch: 1, containerId: 'c1' })
  const before = (await settled(pool.lease)).length
  const told = (await toldTo(pool.fleet, 'leaseVacant')).length
  await pool.lease.executeUpdate(messages.elect, { args: [{ candidate: null, ...operator('r1') }] })
  await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length === 1)
  expect(await lease.revoke({ epoch: 1, reason: 'slow', by: 'a' })).toEqual({ kind: 'revoking', epoch: 1 })
  expect(await lease.ended({ epoch: 1, request: { engineId: 'a', nominated: false } })).toMatchObject({ next: { kind: 'denied' } })
  await eventually(async () => (await toldTo(pool.fleet, 'leaseVacant')).length === told + 1)
  expect(await lease.acquire({ engineId: 'b', nominated: true })).toMatchObject({ kind: 'granted', epoch: 2 })
  expect(await lease.confirm({ engineId: 'b', epoch: 2, containerId: 'c2' })).toEqual({ kind: 'confirmed', epoch: 2 })
  expect((await settled(pool.lease)).length - before).toBe(26)
  await keepHistory(pool.lease, 'forwarded-lease-told-within-its-task')
})

test('a query shows no hand-over before the task that decided it is kept', async () => {
  const telling = new Gate()
  const pool = await server.pool({ tellWorkflow: async ({ signal }) => (signal === 'leaseRevoked' ? telling.pass() : undefined) })
  await vacantLease(pool)
  const lease = createLeaseClient(pool.client, pool.name, 0)
  await lease.acquire({ engineId: 'a', nominated: false })
  await lease.confirm({ engineId: 'a', epoch: 1, containerId: 'c1' })
  const elected = pool.lease.executeUpdate(messages.elect, { args: [{ candidate: null, ...operator('r1') }] })
  await eventually(() => telling.waiting > 0)
  expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'active' })
  telling.open()
  expect(await elected).toMatchObject({ lease: { holder: { epoch: 1, phase: 'revoking' } } })
  expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
})

test('continue-as-new asked for together with an election carries out the election’s effects', async () => {
  const pool = await server.pool({}, { cached: false })
  const holder = await pool.standInEngine('a')
  await heldLease(pool)
  const first = await runOf(pool.lease)
  await pool.rest()
  await pool.lease.signal(messages.refresh)
  await pool.lease.signal('forceElection', { reason: 'with refresh' })
  await pool.work()
  await eventually(async () => (await runOf(pool.lease)) !== first)
  await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length > 0)
  expect(await toldTo(holder, 'leaseRevoked')).toEqual([{ epoch: 1, reason: 'with refresh' }])
  expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
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
