import { describe, expect, it } from 'vitest'
import {
  aheadWith,
  decide,
  drain,
  engineChanged,
  engineGone,
  type FleetState,
  restoredFleet,
  viewOf,
  wakeAt,
} from '../../src/domain/fleet.js'
import { choose } from '../../src/domain/election.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import { fleetOf } from './fleet-samples.js'
import { anEngine, aStream, frozen, NOW } from './samples.js'

const over = (id: string, endedAt: number, change: Partial<StreamView> = {}): StreamView =>
  aStream(id, { endedAt, endReason: 'closed', ...change })
const told = (state: FleetState, ...ended: StreamView[]): FleetState => {
  const view = state.engines.a?.view ?? anEngine('a')
  return engineChanged(frozen(state), { ...view, revision: view.revision + 1, ended })
}
const ended = (state: FleetState): string[] => viewOf(state).ended.map(({ id }) => id)

describe('streams that have ended', () => {
  it('are kept, the last one first, each once', () => {
    const state = told(told(fleetOf({ a: {} }), over('s', 10), over('t', 20)), over('t', 20), over('u', 15))
    expect(ended(state)).toEqual(['t', 'u', 's'])
    expect(state.engines.a?.view).not.toHaveProperty('ended')
  })

  it('are kept of an engine that nobody knows any more, and with a report that is late', () => {
    const state = engineChanged(fleetOf({ a: {} }), { ...anEngine('z'), ended: [over('s', 10)] })
    expect(ended(engineChanged(state, { ...anEngine('a', { revision: 0 }), ended: [over('t', 20)] }))).toEqual(['t', 's'])
  })

  it('are a hundred at most, and never much text', () => {
    let state = fleetOf({ a: {} })
    for (let n = 0; n < 120; n++) state = told(state, over(`s${n}`, n))
    expect(ended(state)).toHaveLength(100)
    expect(ended(state)[0]).toBe('s119')
    const long = 'x'.repeat(2_000)
    for (let n = 0; n < 120; n++) state = told(state, over(`l${n}`, 1_000 + n, { key: long, statUrl: long, commandUrl: long }))
    expect(ended(state)[0]).toBe('l119')
    expect(JSON.stringify(state.ended).length).toBeLessThan(210_000)
  })

  it('are those too that an engine played which is gone, unless it told of them', () => {
    const state = fleetOf({ a: { streams: [aStream('s'), aStream('t')] } })
    const gone = engineGone(frozen(state), 'a', NOW, [over('s', 10)])
    expect(viewOf(gone).ended.map(({ id, endReason, endedAt }) => [id, endReason, endedAt])).toEqual([
      ['t', 'engine-lost', NOW],
      ['s', 'closed', 10],
    ])
  })

  it('are none in states of older versions, which are read all the same', () => {
    const { ended: _, autoscaled: __, ...older } = fleetOf({ a: {} })
    const view: Partial<EngineView> = { ...older.engines.a?.view }
    Reflect.deleteProperty(view, 'draining')
    const engines = { a: { ...older.engines.a, view } }
    expect(restoredFleet({ ...older, engines } as unknown as FleetState)).toEqual(fleetOf({ a: {} }))
  })
})

describe('what an engine says of itself before the fleet has heard it', () => {
  const known = viewOf(drain(fleetOf({ a: { revision: 4 }, b: {} }), 'a'))
  const said = (revision: number) => ({ ...anEngine('a', { revision, streams: [aStream('t')] }), ended: [over('s', 10)] })

  it('is shown with what ended, and with what only the fleet knows', () => {
    const ahead = aheadWith(known, said(5))
    expect(ahead?.engines.map(({ engineId, draining, streams }) => [engineId, draining, streams.map(({ id }) => id)])).toEqual([
      ['a', true, ['t']],
      ['b', false, []],
    ])
    expect(ahead?.ended.map(({ id }) => id)).toEqual(['s'])
  })

  it('is nothing new when the fleet knows as much, or not the engine', () => {
    expect(aheadWith(known, said(4))).toBeNull()
    expect(aheadWith(known, { ...said(9), engineId: 'z' })).toBeNull()
  })
})

describe('an engine that drains', () => {
  const draining = (streams: StreamView[] = []): FleetState =>
    drain(frozen(fleetOf({ a: { streams, forwarded: true, epoch: 1 }, b: {}, c: {} }, { scaled: 3 })), 'a')
  const removed = (state: FleetState): string[] =>
    decide(state, NOW).flatMap((action) => (action.kind === 'remove' ? [action.engineId] : []))

  it('goes at once when it plays nothing, else when its last stream has ended, and makes the fleet one smaller', () => {
    expect(removed(draining())).toEqual(['a'])
    const state = draining([aStream('s')])
    expect(removed(state)).toEqual([])
    expect(viewOf(state)).toMatchObject({ wanted: 2 })
    expect(removed(told(state))).toEqual([])
    expect(removed(engineChanged(state, anEngine('a', { revision: 9 })))).toEqual(['a'])
  })

  it('drains on, whatever it tells of itself', () => {
    const state = told(draining([aStream('s')]))
    expect(viewOf(state).engines.find(({ engineId }) => engineId === 'a')).toMatchObject({ draining: true, revision: 2 })
    expect(drain(state, 'a')).toBe(state)
  })

  it('is never a candidate, even when a person named it', () => {
    const engines = viewOf(draining([aStream('s')])).engines
    for (const force of [true, false]) expect(choose(engines, { preferred: 'a', excluded: null, force })).not.toBe('a')
    expect(choose([anEngine('a', { draining: true })], { preferred: 'a', excluded: null, force: true })).toBeNull()
  })
})

it('the fleet wakes for an engine that is to go for being empty, and for nothing else', () => {
  const policy = { ...fleetOf({}).policy, minReplicas: 1, emptyForMs: 30_000, minFreeReplicas: 1 }
  const state = fleetOf({ a: {}, b: { lastStreamUsage: NOW } }, { policy, autoscaled: 1 })
  expect(wakeAt(state, NOW)).toBe(NOW + 30_000)
  expect(wakeAt({ ...state, policy: { ...policy, emptyForMs: null } }, NOW)).toBeNull()
  expect(wakeAt({ ...state, scaled: 2 }, NOW)).toBeNull()
})
