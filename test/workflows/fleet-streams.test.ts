import { describe, expect, test } from 'vitest'
import type { EngineView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed } from '../support/histories.js'
import { eventually, type Pool, useTemporal } from '../support/temporal.js'
import { configure, grown, ids, remove, scale } from './fleet-steps.js'

const server = useTemporal('time-skipping')

const play = (pool: Pool, engineId: string, id: string) =>
  pool.engine(engineId).executeUpdate(messages.streamStarted, {
    args: [
      {
        id,
        keyType: 'infohash',
        key: 'k',
        playbackSessionId: `session-of-${id}`,
        statUrl: 'http://gluetun:19000/stat',
        commandUrl: 'http://gluetun:19000/cmd',
        isLive: true,
      },
    ],
  })
const stop = (pool: Pool, engineId: string, streamId: string) =>
  pool.engine(engineId).executeUpdate(messages.streamEnded, { args: [{ streamId, reason: 'closed' }] })
const drain = (pool: Pool, engineId: string, requestId: string): Promise<messages.FleetAnswer> =>
  pool.fleet.executeUpdate(messages.drainEngine, { args: [{ requestId, engineId }] })
const restart = (pool: Pool, engineId: string, requestId: string, force = false): Promise<messages.FleetAnswer> =>
  pool.fleet.executeUpdate(messages.restartEngine, { args: [{ requestId, engineId, force }] })
/** The engines once each of them runs and answers. */
async function running(pool: Pool, count: number): Promise<[string, ...string[]]> {
  for (const { engineId, containerId } of await grown(pool, count)) {
    const report = {
      containerId: containerId ?? '',
      health: 'healthy' as const,
      version: '3',
      platform: null,
      detail: null,
      replace: false,
    }
    await pool.engine(engineId).signal(messages.healthChanged, report)
  }
  await eventually(async () => (await pool.fleetView()).engines.filter(({ phase }) => phase === 'running').length === count)
  return ids((await pool.fleetView()).engines) as [string, ...string[]]
}
const plays = (pool: Pool, id: string, there = true): Promise<unknown> =>
  eventually(async () => (await pool.fleetView()).engines.some(({ streams }) => streams.some((stream) => stream.id === id)) === there)
const endings = (pool: Pool, count: number): Promise<(string | null)[][]> =>
  eventually(async () => {
    const { ended } = await pool.fleetView()
    return ended.length === count && ended.map(({ id, endReason }) => [id, endReason])
  })

describe('the last streams', () => {
  test('are known to the fleet with the reason of their end, also after its engine is gone and over continue-as-new', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 })
    const [a, b] = (await running(pool, 2)) as [string, string]
    for (const id of ['closed', 'forgotten', 'lost']) await play(pool, a, id)
    await play(pool, b, 'removed')
    await plays(pool, 'removed')
    await stop(pool, a, 'closed')
    const { containerId } = await pool.engineView(a)
    const session = { containerId: containerId ?? '', streamId: 'forgotten', playbackSessionId: 'session-of-forgotten' }
    for (let told = 0; told < 2; told++) await pool.engine(a).signal(messages.sessionUnknown, session)
    await endings(pool, 2)
    await refreshed(pool.engine(a))
    await refreshed(pool.fleet)
    await plays(pool, 'lost')
    await pool.engine(a).signal(messages.containerLost, { containerId: containerId ?? '', reason: 'killed' })
    await endings(pool, 3)
    await remove(pool, b)
    const told = await endings(pool, 4)
    expect(Object.fromEntries(told)).toEqual({
      closed: 'closed',
      forgotten: 'session-unknown',
      lost: 'killed',
      removed: 'engine-removed',
    })
    await keepHistory(pool.fleet, 'fleet-streams')
  })
})

describe('MIN_FREE_REPLICAS', () => {
  test('has engines started while others play; with AUTO_DELETE they go when they are empty for long enough, and nothing is waited for after it', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1, minFreeReplicas: 1, emptyForMs: 30_000 })
    const [a] = await running(pool, 1)
    await play(pool, a, 's')
    await running(pool, 2)
    await pool.sleep('1 second')
    const before = await eventCount(pool.fleet)
    await pool.sleep('1 hour')
    expect(await eventCount(pool.fleet)).toBe(before)
    await stop(pool, a, 's')
    await plays(pool, 's', false)
    await pool.sleep('25 seconds')
    expect((await pool.fleetView()).engines).toHaveLength(2)
    await pool.sleep('10 seconds')
    await grown(pool, 1)
    expect((await pool.fleetView()).wanted).toBe(1)
    const after = await eventCount(pool.fleet)
    await pool.sleep('7 days')
    expect(await eventCount(pool.fleet)).toBe(after)
    await keepHistory(pool.fleet, 'fleet-autoscaled')
  })

  test('leaves what it started without AUTO_DELETE, also over continue-as-new, until fewer are asked for', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1, minFreeReplicas: 2, maxReplicas: 2 })
    const [a] = await running(pool, 2)
    await play(pool, a, 's')
    await plays(pool, 's')
    await configure(pool, { minReplicas: 1, minFreeReplicas: 1, maxReplicas: 2 })
    await stop(pool, a, 's')
    await plays(pool, 's', false)
    await refreshed(pool.fleet)
    await pool.sleep('1 hour')
    expect((await pool.fleetView()).engines).toHaveLength(2)
    await scale(pool, 1)
    await grown(pool, 1)
  })
})

describe('draining', () => {
  test('removes an engine when its last stream ends, once, and the fleet is one smaller', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await scale(pool, 2)
    const [a] = await running(pool, 2)
    await play(pool, a, 's')
    await plays(pool, 's')
    for (let asked = 0; asked < 2; asked++) expect(await drain(pool, a, 'd')).toEqual({ kind: 'engine', engineId: a })
    expect(await pool.fleetView()).toMatchObject({ wanted: 1 })
    await refreshed(pool.fleet)
    expect((await pool.fleetView()).engines.find(({ engineId }) => engineId === a)).toMatchObject({ draining: true, phase: 'running' })
    expect(pool.asked.retire).toEqual([])
    await stop(pool, a, 's')
    const engines: EngineView[] = await eventually(async () => {
      const view = await pool.fleetView()
      return view.engines.length === 1 && view.engines
    })
    expect(ids(engines)).not.toContain(a)
    expect(await drain(pool, a, 'd')).toEqual({ kind: 'engine', engineId: a })
    expect(await drain(pool, a, 'another')).toMatchObject({ kind: 'refused', type: 'not-found' })
    await keepHistory(pool.fleet, 'fleet-drained')
  })

  test('of an idle engine removes it at once, and MIN_REPLICAS is kept', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    const [a] = await running(pool, 1)
    await drain(pool, a, 'd')
    await eventually(async () => {
      const engines = await grown(pool, 1)
      return !ids(engines).includes(a)
    })
  })
})

describe('restarting', () => {
  test('gives one engine a new container, once a request, and cuts streams only by force', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    const [a] = await running(pool, 1)
    await play(pool, a, 's')
    await plays(pool, 's')
    expect(await restart(pool, a, 'r1')).toMatchObject({ kind: 'refused', type: 'conflict', message: expect.stringContaining('plays 1') })
    for (let asked = 0; asked < 2; asked++) expect(await restart(pool, a, 'r2', true)).toEqual({ kind: 'engine', engineId: a })
    const view = await eventually(async () => {
      const engine = await pool.engineView(a)
      return engine.containerId === 'c2' && engine.phase === 'starting' ? engine : null
    })
    expect(view).toMatchObject({ losses: 0, streams: [] })
    expect(await endings(pool, 1)).toEqual([['s', 'restart-asked']])
    expect(await restart(pool, a, 'r2')).toEqual({ kind: 'engine', engineId: a })
    await eventCount(pool.engine(a))
    expect(pool.asked.provision.map(({ reason }) => reason)).toEqual(['new', 'restart-asked'])
    expect(await restart(pool, 'nobody', 'r3')).toMatchObject({ kind: 'refused', type: 'not-found' })
  })
})
