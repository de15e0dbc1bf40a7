import { describe, expect, it } from 'vitest'
import {
  type EngineFact,
  type EngineState,
  endedTold,
  failed,
  handedBack,
  MOST_STREAMS,
  observe,
  provisioned,
  provisioning,
  restoredEngine,
  waitMs,
  yieldedInVain,
} from '../../src/domain/engine.js'
import { FORWARDED, fresh, health, lostAt, made, MINUTE, PROBLEM, up } from './engine-samples.js'
import { aStream, frozen } from './samples.js'

const started = (id: string): EngineFact => {
  const { keyType, key, playbackSessionId, statUrl, commandUrl, isLive } = aStream(id)
  return { kind: 'stream-started', stream: { id, keyType, key, playbackSessionId, statUrl, commandUrl, isLive } }
}
const start = (state: EngineState, id: string, now = 10): EngineState => observe(frozen(state), started(id), now)
const end = (state: EngineState, id: string, now = 20): EngineState =>
  observe(frozen(state), { kind: 'stream-ended', streamId: id, reason: 'closed' }, now)
const playing = (state: EngineState): string[] => state.view.streams.map(({ id }) => id)

describe('a stream', () => {
  it('begins on the present container and belongs to it', () => {
    const state = start(up(), 's')
    expect(state.view.streams).toEqual([aStream('s', { containerId: 'c1', startedAt: 10 })])
    expect(state.view).toMatchObject({ lastStreamUsage: 10, revision: up().view.revision + 1 })
  })

  it('that is told again changes nothing, and keeps its beginning', () => {
    const state = start(up(), 's')
    expect(start(state, 's', 50)).toBe(state)
    expect(playing(start(state, 't'))).toEqual(['s', 't'])
  })

  it('ends once, the others play on', () => {
    const state = start(start(up(), 's'), 't')
    const ended = end(state, 's')
    expect(playing(ended)).toEqual(['t'])
    expect(ended.view.lastStreamUsage).toBe(20)
    expect(end(ended, 's', 30)).toBe(ended)
  })

  it('begins on an engine that starts or runs, not on one that has no container', () => {
    expect(playing(start(observe(up(), health('c1'), 1), 's'))).toEqual(['s'])
    const down = [fresh(), lostAt(up(), MINUTE), failed(provisioning(fresh()), PROBLEM)]
    for (const state of down) expect(start(state, 's')).toBe(state)
    const removed = observe(up(), { kind: 'remove', reason: 'deleted' }, 1)
    expect(start(removed, 's')).toBe(removed)
  })

  it.each<[string, (state: EngineState) => EngineState]>([
    ['is lost', (state) => lostAt(state, MINUTE)],
    ['does not answer any more', (state) => observe(state, health('c1', { health: 'unhealthy', replace: true }), MINUTE)],
  ])('ends with its container when that %s', (_, lose) => {
    const lost = lose(start(up(), 's'))
    expect(lost.view).toMatchObject({ streams: [], lastStreamUsage: MINUTE })
    expect(end(lost, 's', 2 * MINUTE)).toBe(lost)
  })

  it('ends with its container when the lease takes the port', () => {
    const state = start(up(FORWARDED), 's')
    const revoked = observe(state, { kind: 'lease-revoked', epoch: 4, reason: 'forced' }, 30)
    expect(revoked.view).toMatchObject({ streams: [], lastStreamUsage: 30 })
  })

  it('that never was leaves the last use of a lost container as it was', () => {
    expect(lostAt(up(), MINUTE).view.lastStreamUsage).toBeNull()
  })

  it('plays on while its engine is nominated and when the lease says no, and ends when it says yes', () => {
    const nominated = provisioning(observe(start(up(), 's'), { kind: 'take-forwarded' }, 30))
    expect(playing(nominated)).toEqual(['s'])
    expect(playing(provisioned(nominated, made('c1', { outcome: 'kept' }), 40))).toEqual(['s'])
    expect(playing(provisioned(nominated, made('c2', FORWARDED), 40))).toEqual([])
  })

  it('does not go over to the next container', () => {
    const next = provisioned(provisioning(lostAt(start(up(), 's'), MINUTE)), made('c2'), MINUTE)
    expect(playing(next)).toEqual([])
    expect(start(next, 's', 2 * MINUTE).view.streams).toEqual([aStream('s', { containerId: 'c2', startedAt: 2 * MINUTE })])
  })

  it('is one of so many at most', () => {
    let state = up()
    for (let count = 0; count < MOST_STREAMS; count++) state = start(state, `s${count}`)
    expect(state.view.streams).toHaveLength(MOST_STREAMS)
    expect(start(state, 'one too many')).toBe(state)
    expect(playing(start(end(state, 's0'), 'another')).at(-1)).toBe('another')
  })
})

describe('a container that holds the port and does not answer', () => {
  const sick = health('c1', { health: 'unhealthy', detail: 'hangs', replace: true })
  const yielding = (now = 100) => observe(frozen(up(FORWARDED)), sick, now)

  it('is left to the fleet for five seconds first', () => {
    const state = yielding()
    expect(state).toMatchObject({ yieldBy: 5_100, due: null, view: { health: 'unhealthy', forwarded: true, losses: 0 } })
    expect(observe(state, sick, 3_000).yieldBy).toBe(5_100)
  })

  it('counts as lost, with a failure, when the fleet has the lease take the port', () => {
    const state = observe(frozen(yielding()), { kind: 'lease-revoked', epoch: 4, reason: 'unhealthy' }, 200)
    expect(state).toMatchObject({
      yieldBy: null,
      due: { reason: 'unhealthy', nominated: false, replacesLiving: false },
      failures: 1,
      crashes: 1,
      view: { losses: 1, phase: 'provisioning' },
    })
  })

  it('does not count as lost when the lease takes the port from one that answers', () => {
    const state = observe(up(FORWARDED), { kind: 'lease-revoked', epoch: 4, reason: 'unhealthy' }, 200)
    expect(state).toMatchObject({ due: { replacesLiving: true }, failures: 0, view: { losses: 0 } })
  })

  it('is replaced all the same when nobody has handed on in time', () => {
    expect(yieldedInVain(frozen(yielding()), 5_100)).toMatchObject({
      yieldBy: null,
      due: { reason: 'unhealthy' },
      failures: 1,
      view: { losses: 1 },
    })
  })

  it('stays when it answers again', () => {
    const well = observe(yielding(), health('c1'), 300)
    expect(well).toMatchObject({ yieldBy: null, due: null, view: { health: 'healthy', phase: 'running', losses: 0 } })
    expect(yieldedInVain(well, 9_000)).toEqual(well)
  })

  it('that is lost or going meanwhile has nothing left to yield', () => {
    expect(lostAt(yielding(), 200)).toMatchObject({ yieldBy: null, due: { reason: 'died' } })
    const removed = observe(yielding(), { kind: 'remove', reason: 'deleted' }, 200)
    expect(yieldedInVain({ ...removed, view: { ...removed.view, phase: 'removing' } }, 9_000)).toMatchObject({ due: null, yieldBy: null })
  })

  it('is waited for only once its replacement is called for', () => {
    expect(observe(up(FORWARDED), { ...sick, replace: false }, 100)).toMatchObject({ yieldBy: null, due: null })
  })

  it('that is reported before its provisioning is yields from then on', () => {
    const early = observe(fresh(), sick, 1)
    expect(provisioned(early, made('c1', FORWARDED), 100)).toMatchObject({ yieldBy: 5_100, due: null })
  })
})

it('a follower that does not answer is replaced at once', () => {
  const state = observe(up(), health('c1', { health: 'unhealthy', replace: true }), 100)
  expect(state).toMatchObject({ yieldBy: null, due: { reason: 'unhealthy' }, view: { losses: 1 } })
})

it('a state of an older version is completed: streams that were ids only are forgotten', () => {
  const { yieldBy, ...older } = start(up(), 's')
  const [stream] = older.view.streams
  const mixed = { ...older, view: { ...older.view, streams: ['an id', stream] } } as unknown as EngineState
  expect(restoredEngine(mixed)).toEqual({ ...older, yieldBy })
})

describe('a stream that has ended', () => {
  const ends = (state: EngineState): [string, string | null, number | null][] =>
    state.ended.map(({ id, endReason, endedAt }) => [id, endReason, endedAt])

  it('is kept with the reason and the time, until the fleet has been told', () => {
    const one = end(start(start(up(), 's'), 't'), 's')
    expect(ends(one)).toEqual([['s', 'closed', 20]])
    const both = lostAt(one, MINUTE, 'killed')
    expect(ends(both)).toEqual([
      ['s', 'closed', 20],
      ['t', 'killed', MINUTE],
    ])
    expect(ends(endedTold(both, one.ended))).toEqual([['t', 'killed', MINUTE]])
  })

  it.each<[string, string, (state: EngineState) => EngineState]>([
    ['its engine is removed', 'engine-removed', (state) => observe(state, { kind: 'remove', reason: 'deleted' }, MINUTE)],
    ['the container is replaced as asked', 'restart-asked', (state) => observe(state, { kind: 'restart', force: true }, MINUTE)],
    [
      'the engine becomes the forwarded one',
      'elected',
      (state) => provisioned(provisioning(observe(state, { kind: 'take-forwarded' }, 30)), made('c2', FORWARDED), MINUTE),
    ],
    ['there is no container any more', 'elected', (state) => handedBack(observe(state, { kind: 'take-forwarded' }, 30), MINUTE)],
  ])('because %s says so', (_, reason, cut) => {
    const state = cut(start(up(), 's'))
    expect(ends(state)).toEqual([['s', reason, MINUTE]])
    expect(state.view).toMatchObject({ streams: [], lastStreamUsage: MINUTE })
  })

  it('is told once: later facts do not end it again', () => {
    const state = observe(lostAt(start(up(), 's'), MINUTE), { kind: 'remove', reason: 'deleted' }, 2 * MINUTE)
    expect(ends(state)).toHaveLength(1)
  })

  it('is not in states of older versions, which are read all the same', () => {
    const { ended: _, ...older } = start(up(), 's')
    const { draining: __, ...view } = older.view
    expect(restoredEngine({ ...older, view } as EngineState)).toEqual(start(up(), 's'))
  })
})

describe('a session that the engine does not know', () => {
  const unknown = (state: EngineState, change: Partial<Extract<EngineFact, { kind: 'session-unknown' }>> = {}): EngineState =>
    observe(frozen(state), { kind: 'session-unknown', containerId: 'c1', streamId: 's', playbackSessionId: 'session-of-s', ...change }, 20)

  it('ends its stream, once, and no other', () => {
    const state = unknown(start(start(up(), 's'), 't'))
    expect(playing(state)).toEqual(['t'])
    expect(state.ended).toMatchObject([{ id: 's', endReason: 'session-unknown', endedAt: 20 }])
    expect(unknown(state)).toBe(state)
  })

  it.each([{ containerId: 'c0' }, { streamId: 'x' }, { playbackSessionId: 'an earlier one' }])(
    'of another playback, %o, changes nothing',
    (other) => {
      const state = start(up(), 's')
      expect(unknown(state, other)).toBe(state)
    },
  )
})

describe('a restart that is asked for', () => {
  const restart = (state: EngineState, force = false): EngineState => observe(frozen(state), { kind: 'restart', force }, MINUTE)

  it('makes the container anew at once, which is no loss', () => {
    const state = restart(up())
    expect(state).toMatchObject({ due: { reason: 'restart-asked', replacesLiving: true }, failures: 0, view: { losses: 0 } })
    expect(waitMs(state)).toBe(0)
  })

  it('waits for nobody and cuts nobody unless it is forced', () => {
    const state = start(up(), 's')
    expect(restart(state)).toBe(state)
    expect(restart(state, true).due?.reason).toBe('restart-asked')
  })

  it('is over already while there is no container', () => {
    for (const state of [fresh(), lostAt(up(), MINUTE)]) expect(restart(state, true)).toBe(state)
  })
})
