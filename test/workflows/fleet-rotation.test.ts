import { describe, expect, test } from 'vitest'
import type { FleetPolicy } from '../../src/domain/fleet.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, waitsOf } from '../support/histories.js'
import { eventually, type Pool, toldTo, useTemporal } from '../support/temporal.js'

const server = useTemporal('time-skipping')

interface TurnOver {
  engineId: string
  containerId: string
  reason: string
  candidate: string | null
}
const turnOvers = (pool: Pool): Promise<TurnOver[]> => toldTo<TurnOver>(pool.lease, 'turnOver')

/** The next view of an engine that is a stand-in. */
async function engineIs(pool: Pool, engineId: string, change: Partial<EngineView>): Promise<void> {
  const known = (await pool.fleetView()).engines.find((engine) => engine.engineId === engineId)
  if (!known) throw new Error(`no engine ${engineId}`)
  const { revision } = known
  await pool.fleet.signal(messages.engineChanged, { ...known, ...change, revision: revision + 1 })
  await eventually(async () =>
    (await pool.fleetView()).engines.some((engine) => engine.engineId === engineId && engine.revision > revision),
  )
}

const playing = (engineId: string): StreamView[] => [
  {
    id: 's',
    keyType: 'infohash',
    key: 'k',
    playbackSessionId: 'p',
    statUrl: 'u',
    commandUrl: 'u',
    isLive: true,
    engineId,
    containerId: 'c',
    startedAt: 0,
    endedAt: null,
    endReason: null,
  },
]

/** Two stand-in engines that run; the first holds the port since now. The lease is a stand-in too. */
async function rotating(policy: Partial<FleetPolicy>, holder: Partial<EngineView> = {}): Promise<{ pool: Pool; a: string; b: string }> {
  const pool: Pool = await server.pool({
    async startEngines({ engines }) {
      for (const { engineId } of engines) await pool.standInEngine(engineId)
    },
  })
  await pool.standInLease()
  await pool.startFleet({ minReplicas: 2, ...policy })
  const [first, second] = await eventually(async () => {
    const { engines } = await pool.fleetView()
    return engines.length === 2 ? engines : null
  })
  const [a, b] = [first?.engineId as string, second?.engineId as string]
  const up = { phase: 'running', health: 'healthy' } as const
  await engineIs(pool, b, { ...up, containerId: 'c-b' })
  await engineIs(pool, a, { ...up, containerId: 'c-a', forwarded: true, epoch: 1, startedAt: await pool.now(), ...holder })
  return { pool, a, b }
}
const dueOf = async (pool: Pool) => (await pool.fleetView()).rotation.due

describe('a rotation by the clock', () => {
  test('has the lease hand on to the other engine after each period, once', async () => {
    const { pool, a, b } = await rotating({ rotateEveryMs: 3_600_000 })
    await pool.sleep('59 minutes')
    expect(await turnOvers(pool)).toEqual([])
    expect((await pool.fleetView()).rotation).toEqual({ everyMs: 3_600_000, due: null })
    await pool.sleep('2 minutes')
    await eventually(async () => (await turnOvers(pool)).length === 1)
    expect(await turnOvers(pool)).toEqual([{ engineId: a, containerId: 'c-a', reason: 'rotation', candidate: b }])
    await pool.sleep('3 hours')
    expect(await turnOvers(pool)).toHaveLength(1)
    await engineIs(pool, a, { forwarded: false, epoch: null, containerId: 'c-a2' })
    await engineIs(pool, b, { forwarded: true, epoch: 2, containerId: 'c-b2', startedAt: await pool.now() })
    expect(await dueOf(pool)).toBeNull()
    await pool.sleep('61 minutes')
    await eventually(async () => (await turnOvers(pool)).length === 2)
    expect((await turnOvers(pool))[1]).toMatchObject({ engineId: b, containerId: 'c-b2', candidate: a })
    await keepHistory(pool.fleet, 'fleet-rotated')
  })

  test('waits for the holder’s streams, and happens as soon as they have ended', async () => {
    const { pool, a } = await rotating({ rotateEveryMs: 3_600_000 })
    await engineIs(pool, a, { streams: playing(a) })
    await pool.sleep('5 hours')
    expect(await turnOvers(pool)).toEqual([])
    expect(await dueOf(pool)).toMatchObject({ reason: 'rotation', waitingFor: 'streams', drainUntil: null })
    await engineIs(pool, a, { streams: [] })
    await eventually(async () => (await turnOvers(pool)).length === 1)
  })

  test('waits for them until the drain time is over', async () => {
    const { pool, a } = await rotating({ rotateEveryMs: 3_600_000, drainMs: 600_000 })
    await engineIs(pool, a, { streams: playing(a) })
    await pool.sleep('69 minutes')
    expect(await turnOvers(pool)).toEqual([])
    expect((await dueOf(pool))?.drainUntil).toBeGreaterThan(await pool.now())
    await pool.sleep('2 minutes')
    await eventually(async () => (await turnOvers(pool)).length === 1)
  })

  test('waits while no other engine can take the port', async () => {
    const { pool, b } = await rotating({ rotateEveryMs: 3_600_000 })
    await engineIs(pool, b, { streams: playing(b) })
    await pool.sleep('3 hours')
    expect(await dueOf(pool)).toMatchObject({ waitingFor: 'candidate' })
    expect(await turnOvers(pool)).toEqual([])
    await engineIs(pool, b, { streams: [] })
    await eventually(async () => (await turnOvers(pool)).length === 1)
  })

  test('that is due stays so over continue-as-new, and is not told twice', async () => {
    const { pool, a } = await rotating({ rotateEveryMs: 3_600_000, drainMs: 600_000 })
    await engineIs(pool, a, { streams: playing(a) })
    await pool.sleep('61 minutes')
    const due = await eventually(() => dueOf(pool))
    await refreshed(pool.fleet)
    expect(await dueOf(pool)).toEqual(due)
    await pool.sleep('10 minutes')
    await eventually(async () => (await turnOvers(pool)).length === 1)
    await refreshed(pool.fleet)
    await eventCount(pool.fleet)
    expect(await turnOvers(pool)).toHaveLength(1)
  })

  test('has one timer for each period, and none when it is off', async () => {
    const { pool } = await rotating({ rotateEveryMs: 86_400_000 })
    const before = await eventCount(pool.fleet)
    await pool.sleep('23 hours')
    expect(await eventCount(pool.fleet)).toBe(before)
    const off = await rotating({})
    const rest = await eventCount(off.pool.fleet)
    await off.pool.sleep('7 days')
    expect(await eventCount(off.pool.fleet)).toBe(rest)
    expect(await waitsOf(off.pool.fleet)).toEqual([])
  })
})

describe('a rotation that was asked for', () => {
  test('happens at once when the holder plays nothing', async () => {
    const { pool, a, b } = await rotating({})
    await pool.fleet.signal(messages.rotationAsked, { reason: 'slow', force: false })
    await eventually(async () => (await turnOvers(pool)).length === 1)
    expect(await turnOvers(pool)).toEqual([{ engineId: a, containerId: 'c-a', reason: 'slow', candidate: b }])
  })

  test('waits for streams, and no longer when it is forced', async () => {
    const { pool, a } = await rotating({})
    await engineIs(pool, a, { streams: playing(a) })
    await pool.fleet.signal(messages.rotationAsked, { reason: 'slow', force: false })
    expect(await eventually(() => dueOf(pool))).toMatchObject({ reason: 'slow', force: false, waitingFor: 'streams' })
    await eventCount(pool.fleet)
    expect(await turnOvers(pool)).toEqual([])
    await pool.fleet.signal(messages.rotationAsked, { reason: 'now', force: true })
    await eventually(async () => (await turnOvers(pool)).length === 1)
    expect(await turnOvers(pool)).toMatchObject([{ reason: 'slow' }])
  })
})

describe('a holder that does not answer', () => {
  test('hands on to the other engine, once for its container', async () => {
    const { pool, a, b } = await rotating({})
    await engineIs(pool, a, { health: 'unhealthy' })
    await eventually(async () => (await turnOvers(pool)).length === 1)
    expect(await turnOvers(pool)).toEqual([{ engineId: a, containerId: 'c-a', reason: 'unhealthy', candidate: b }])
    await engineIs(pool, a, { health: 'unhealthy', problem: { code: 'engine-unhealthy', detail: 'still' } })
    await engineIs(pool, b, { lastStreamUsage: 5 })
    await eventCount(pool.fleet)
    expect(await turnOvers(pool)).toHaveLength(1)
    await engineIs(pool, a, { containerId: 'c-a2', epoch: 2 })
    await eventually(async () => (await turnOvers(pool)).length === 2)
    expect((await turnOvers(pool))[1]).toMatchObject({ containerId: 'c-a2' })
    await keepHistory(pool.fleet, 'fleet-turned-over')
  })

  test('is left to its own workflow when no other engine is well', async () => {
    const { pool, a, b } = await rotating({})
    await engineIs(pool, b, { health: 'unhealthy' })
    await engineIs(pool, a, { health: 'unhealthy' })
    await eventCount(pool.fleet)
    expect(await turnOvers(pool)).toEqual([])
  })

  test('is not told of to a lease that there is none of', async () => {
    const { pool, a } = await rotating({ vpnEnabled: false })
    await engineIs(pool, a, { health: 'unhealthy' })
    await eventCount(pool.fleet)
    expect(await turnOvers(pool)).toEqual([])
  })
})

describe('an engine that is gone for good', () => {
  const removed = (pool: Pool) => toldTo<{ engineId: string }>(pool.lease, 'engineRemoved')

  test('is told to the lease, once; one that nobody knew is not', async () => {
    const { pool, b } = await rotating({})
    await pool.fleet.signal(messages.engineGone, { engineId: 'unknown' })
    await pool.fleet.signal(messages.engineGone, { engineId: b })
    await pool.fleet.signal(messages.engineGone, { engineId: b })
    await eventually(async () => (await removed(pool)).length > 0)
    await eventCount(pool.fleet)
    expect(await removed(pool)).toEqual([{ engineId: b }])
  })

  test('is not told to a lease that there is none of', async () => {
    const { pool, b } = await rotating({ vpnEnabled: false })
    await pool.fleet.signal(messages.engineGone, { engineId: b })
    await eventually(async () => !(await pool.fleetView()).engines.some(({ engineId }) => engineId === b))
    await eventCount(pool.fleet)
    expect(await removed(pool)).toEqual([])
  })
})
