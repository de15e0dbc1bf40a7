import { describe, expect, test } from 'vitest'
import { type EngineState, initialEngine, MOST_STREAMS, provisioned } from '../../src/domain/engine.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import type { EngineWorkflowInput } from '../../workflows/engine.js'
import { poolTaskQueue } from '../../src/temporal/names.js'
import { eventCount, keepHistory, refreshed, waitsOf } from '../support/histories.js'
import { container, eventually, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { failing, forwardedContainer, has, healthy, lastTold, lose, phase, provisioning, startedEngine } from './engine-steps.js'

const server = useTemporal('time-skipping')

const stream = (id: string) => ({
  id,
  keyType: 'infohash' as const,
  key: 'k',
  playbackSessionId: `session-of-${id}`,
  statUrl: 'http://gluetun:19000/stat',
  commandUrl: 'http://gluetun:19000/cmd',
  isLive: true,
})
const play = (pool: Pool, id: string) => pool.engine('a').executeUpdate(messages.streamStarted, { args: [stream(id)] })
const stop = (pool: Pool, streamId: string): Promise<StreamView | null> =>
  pool.engine('a').executeUpdate(messages.streamEnded, { args: [{ streamId, reason: 'closed' }] })
const playing = async (pool: Pool): Promise<string[]> => (await pool.engineView('a')).streams.map(({ id }) => id)

describe('a stream', () => {
  test('is kept from its beginning to its end, told twice or once, and the fleet hears of it', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    const before = await pool.now()
    const started = await play(pool, 's')
    expect(started).toMatchObject({ kind: 'stream', stream: { ...stream('s'), engineId: 'a', containerId: 'c1', endedAt: null } })
    expect(await play(pool, 's')).toEqual(started)
    await play(pool, 't')
    expect(await playing(pool)).toEqual(['s', 't'])
    await eventually(async () => (await lastTold(pool))?.streams.length === 2)
    const ended = await stop(pool, 's')
    expect(ended).toMatchObject({ id: 's', endReason: 'closed' })
    expect(ended?.endedAt).toBeGreaterThanOrEqual(before)
    expect(await stop(pool, 's')).toBeNull()
    expect(await playing(pool)).toEqual(['t'])
    await eventually(async () => (await lastTold(pool))?.streams.length === 1)
    await keepHistory(pool.engine('a'), 'engine-streams')
  })

  test('is told of with others in one update, which answers each in turn and says how the engine is then', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    const tell = (...told: messages.StreamTold[]) => pool.engine('a').executeUpdate(messages.streamsTold, { args: [{ told }] })
    const { answers, report } = await tell(
      { kind: 'started', stream: stream('s') },
      { kind: 'ended', streamId: 'unknown', reason: 'closed' },
      { kind: 'started', stream: stream('t') },
      { kind: 'ended', streamId: 's', reason: 'closed' },
    )
    expect(answers).toMatchObject([
      { kind: 'stream', stream: { id: 's', endedAt: null } },
      { kind: 'none' },
      { kind: 'stream', stream: { id: 't', endedAt: null } },
      { kind: 'stream', stream: { id: 's', endReason: 'closed' } },
    ])
    expect(report).toMatchObject({ engineId: 'a', streams: [{ id: 't' }], ended: [{ id: 's' }] })
    expect(report).toMatchObject({ revision: (await pool.engineView('a')).revision })
    await eventually(async () => (await lastTold(pool))?.streams.length === 1)
    await keepHistory(pool.engine('a'), 'engine-streams-told')
  })

  test('that is the first is told to the fleet at once, and those that follow with one another', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await healthy(pool, 'c1')
    const reports = (): Promise<EngineView[]> => toldTo<EngineView>(pool.fleet, 'engineChanged')
    await eventually(async () => (await lastTold(pool))?.health === 'healthy')
    const before = (await reports()).length
    await play(pool, 's0')
    await eventually(async () => (await reports()).length === before + 1)
    for (let n = 1; n <= 8; n++) await play(pool, `s${n}`)
    expect((await reports()).slice(before).map(({ streams }) => streams.length)).toEqual([1])
    await pool.sleep('1 second')
    await eventually(async () => (await lastTold(pool))?.streams.length === 9)
    expect((await reports()).slice(before).map(({ streams }) => streams.length)).toEqual([1, 9])
    await play(pool, 'late')
    await eventually(async () => (await lastTold(pool))?.streams.length === 10)
    await play(pool, 'unheard')
    await lose(pool, 'c1')
    await eventually(async () => (await lastTold(pool))?.streams.length === 0)
    await keepHistory(pool.engine('a'), 'engine-streams-told-together')
  })

  test('ends with its container, and none begins while there is no other', async () => {
    const pool = await server.pool(provisioning(() => container('c1'), failing('image-missing')))
    await startedEngine(pool)
    await play(pool, 's')
    await lose(pool, 'c1')
    await phase(pool, 'backing-off')
    expect(await playing(pool)).toEqual([])
    expect(await stop(pool, 's')).toBeNull()
    expect(await play(pool, 't')).toMatchObject({ kind: 'refused', type: 'not-found', message: 'Engine a has no running container now.' })
  })

  test('plays on over continue-as-new', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    const started = await play(pool, 's')
    const before = await pool.engineView('a')
    await refreshed(pool.engine('a'))
    expect(await pool.engineView('a')).toEqual(before)
    expect(await play(pool, 's')).toEqual(started)
    expect(await stop(pool, 's')).toMatchObject({ id: 's', endReason: 'closed' })
  })

  test('is refused when the engine plays more already than any engine can', async () => {
    const pool = await server.pool()
    await pool.standInFleet()
    const input: EngineWorkflowInput = pool.engineInput('a')
    const up = provisioned(initialEngine(input, 0), container('c1'), 0)
    const owned = { engineId: 'a', containerId: 'c1', startedAt: 0, endedAt: null, endReason: null }
    const streams = Array.from({ length: MOST_STREAMS }, (_, n): StreamView => ({ ...stream(`s${n}`), ...owned }))
    const carried: EngineState = { ...up, view: { ...up.view, streams } }
    const { workflowId } = pool.engine('a')
    await pool.client.workflow.start('engine', { workflowId, taskQueue: poolTaskQueue(pool.name), args: [{ ...input, carried }] })
    expect(await play(pool, 'one too many')).toMatchObject({ kind: 'refused', type: 'conflict' })
    expect(await play(pool, 's7')).toMatchObject({ kind: 'stream' })
    await stop(pool, 's7')
    expect(await play(pool, 'another')).toMatchObject({ kind: 'stream' })
  })

  test('costs few events, and none while it plays', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await healthy(pool, 'c1')
    const before = await eventCount(pool.engine('a'))
    await play(pool, 's')
    const during = await eventCount(pool.engine('a'))
    await pool.sleep('7 days')
    expect(await eventCount(pool.engine('a'))).toBe(during)
    await stop(pool, 's')
    expect((await eventCount(pool.engine('a'))) - before).toBeLessThanOrEqual(24)
  })
})

describe('a holder of the port that does not answer', () => {
  const sick = (pool: Pool): Promise<void> => healthy(pool, 'c1', { health: 'unhealthy', detail: 'hangs', replace: true })

  /** Engine `a` holds the port in container `c1`, which does not answer any more. */
  async function yielding(pool: Pool): Promise<void> {
    await startedEngine(pool)
    await healthy(pool, 'c1')
    await sick(pool)
    await eventually(async () => (await pool.engineView('a')).health === 'unhealthy')
  }
  const pooled = (): Promise<Pool> =>
    server.pool(
      provisioning(
        () => forwardedContainer('c1', 3),
        () => container('c2'),
      ),
    )

  test('is left to the fleet for five seconds, and replaced then', async () => {
    const pool = await pooled()
    await yielding(pool)
    await eventually(async () => (await lastTold(pool))?.health === 'unhealthy')
    await pool.sleep('4 seconds')
    expect(pool.asked.provision).toHaveLength(1)
    expect(await pool.engineView('a')).toMatchObject({ containerId: 'c1', forwarded: true, losses: 0 })
    await pool.sleep('2 seconds')
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1, problem: null })
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', epoch: 3, reason: 'unhealthy' })
    await keepHistory(pool.engine('a'), 'engine-yielded-in-vain')
  })

  test('is replaced as soon as the lease takes the port from it, and counts as lost', async () => {
    const pool = await pooled()
    await yielding(pool)
    await pool.engine('a').signal(messages.leaseRevoked, { epoch: 3, reason: 'unhealthy' })
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1 })
    expect(pool.asked.provision[1]).toMatchObject({ epoch: 3, reason: 'unhealthy' })
    expect(await waitsOf(pool.engine('a'))).toEqual([])
  })

  test('that answers again in time stays, and waits for nothing more', async () => {
    const pool = await pooled()
    await yielding(pool)
    await healthy(pool, 'c1')
    await eventually(async () => (await pool.engineView('a')).health === 'healthy')
    const before = await eventCount(pool.engine('a'))
    await pool.sleep('1 hour')
    expect(await pool.engineView('a')).toMatchObject({ containerId: 'c1', phase: 'running', losses: 0 })
    expect(pool.asked.provision).toHaveLength(1)
    expect(await eventCount(pool.engine('a'))).toBe(before)
  })

  test('that is told of again and again is not given more time', async () => {
    const pool = await pooled()
    await yielding(pool)
    await pool.sleep('3 seconds')
    await sick(pool)
    await pool.sleep('3 seconds')
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1 })
  })

  test('is replaced in time over continue-as-new', async () => {
    const pool = await pooled()
    await yielding(pool)
    await refreshed(pool.engine('a'))
    await pool.sleep('10 seconds')
    await eventCount(pool.engine('a'))
    expect(pool.asked.provision).toHaveLength(2)
  })

  test('that follows is replaced at once', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await sick(pool)
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1 })
    expect(await waitsOf(pool.engine('a'))).toEqual([])
    const told = await toldTo<EngineView>(pool.fleet, 'engineChanged')
    expect(told.filter(({ health }) => health === 'unhealthy')).toEqual([])
  })
})
