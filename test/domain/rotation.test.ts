import { describe, expect, it } from 'vitest'
import {
  askRotation,
  decide,
  engineGone,
  type FleetPolicy,
  type FleetState,
  missing,
  passTime,
  restoredFleet,
  viewOf,
  wakeAt,
} from '../../src/domain/fleet.js'
import {
  type DueRotation,
  dueRotation,
  holderOf,
  type RotationFacts,
  rotationView,
  rotationWakeAt,
  turnOver,
} from '../../src/domain/rotation.js'
import type { EngineView } from '../../src/domain/views.js'
import { fleetOf, set } from './fleet-samples.js'
import { anEngine, aStream, frozen, NOW, POLICY } from './samples.js'

const HOUR = 3_600_000
const BUSY = { streams: [aStream('s')] }

/** `a` holds the port since `NOW`, in `container-of-a`. */
const HOLDER: Partial<EngineView> = { forwarded: true, epoch: 4, startedAt: NOW }

const due = (change: Partial<DueRotation> = {}): DueRotation => ({
  since: NOW,
  reason: 'rotation',
  force: false,
  drainUntil: null,
  containerId: 'container-of-a',
  ...change,
})

function facts(views: Record<string, Partial<EngineView>>, rotation: DueRotation | null = null, policy: RotationFacts['policy'] = {}) {
  const engines = Object.entries(views).map(([engineId, view]) => [engineId, { view: anEngine(engineId, view), removing: false }])
  return frozen<RotationFacts>({ policy, rotation, engines: Object.fromEntries(engines) })
}

const handOver = (reason: string, candidate: string | null) => ({ engineId: 'a', containerId: 'container-of-a', reason, candidate })

describe('the holder', () => {
  it('is the engine whose container was made with the port and that is not going', () => {
    const held = facts({ b: {}, a: HOLDER })
    expect(holderOf(held)?.view.engineId).toBe('a')
    expect(holderOf(facts({ a: {}, b: {} }))).toBeNull()
    expect(holderOf({ engines: { a: { view: anEngine('a', HOLDER), removing: true } } })).toBeNull()
  })

  it('that is well keeps the port while no rotation is due', () => {
    expect(turnOver(facts({ a: HOLDER, b: {} }), NOW)).toBeNull()
    expect(turnOver(facts({ a: { ...HOLDER, health: 'unknown' }, b: {} }), NOW)).toBeNull()
  })
})

describe('a holder that does not answer', () => {
  const SICK: Partial<EngineView> = { ...HOLDER, health: 'unhealthy' }

  it('hands on to the best engine that is healthy and plays nothing, streams of its own or not', () => {
    for (const own of [{}, BUSY]) {
      const views = { a: { ...SICK, ...own }, b: { lastStreamUsage: 9 }, c: { lastStreamUsage: 3 }, d: BUSY }
      expect(turnOver(facts(views), NOW)).toEqual(handOver('unhealthy', 'c'))
    }
  })

  it.each<[string, Partial<EngineView>]>([
    ['does not answer either', { health: 'unhealthy' }],
    ['has not answered yet', { phase: 'starting', health: 'unknown' }],
    ['plays something', BUSY],
    ['backs off', { phase: 'backing-off' }],
    ['is being made', { phase: 'provisioning' }],
  ])('is left to its own workflow when the only other engine %s', (_, other) => {
    expect(turnOver(facts({ a: SICK, b: other }), NOW)).toBeNull()
  })

  it('does not hand on to an engine that is going', () => {
    const engines = { a: { view: anEngine('a', SICK), removing: false }, b: { view: anEngine('b'), removing: true } }
    expect(turnOver({ policy: {}, rotation: null, engines }, NOW)).toBeNull()
  })

  it('hands nothing on without a container, or once it has lost the port', () => {
    expect(turnOver(facts({ a: { ...SICK, containerId: null }, b: {} }), NOW)).toBeNull()
    expect(turnOver(facts({ a: { ...SICK, forwarded: false }, b: {} }), NOW)).toBeNull()
  })

  it('does not wait for the drain time of a rotation', () => {
    const rotation = due({ drainUntil: NOW + HOUR })
    expect(turnOver(facts({ a: { ...SICK, ...BUSY }, b: {} }, rotation), NOW)).toEqual(handOver('unhealthy', 'b'))
  })
})

describe('a rotation that is due', () => {
  it('happens when the holder plays nothing and another engine can take the port', () => {
    expect(turnOver(facts({ a: HOLDER, b: {} }, due({ reason: 'asked' })), NOW)).toEqual(handOver('asked', 'b'))
  })

  it('waits until another healthy engine plays nothing, forced or not', () => {
    for (const other of [BUSY, { health: 'unknown' as const }, { phase: 'backing-off' as const }]) {
      expect(turnOver(facts({ a: HOLDER, b: other }, due({ force: true, drainUntil: NOW - 1 })), NOW)).toBeNull()
    }
    expect(turnOver(facts({ a: HOLDER }, due({ force: true })), NOW)).toBeNull()
  })

  it('waits for the holder’s streams without end unless there is a drain time', () => {
    expect(turnOver(facts({ a: { ...HOLDER, ...BUSY }, b: {} }, due()), NOW + 1_000 * HOUR)).toBeNull()
  })

  it('waits for them until its drain time is over', () => {
    const busy = facts({ a: { ...HOLDER, ...BUSY }, b: {} }, due({ drainUntil: NOW + 100 }))
    expect([turnOver(busy, NOW + 99), turnOver(busy, NOW + 100)]).toEqual([null, handOver('rotation', 'b')])
  })

  it('that is forced does not wait for them', () => {
    expect(turnOver(facts({ a: { ...HOLDER, ...BUSY }, b: {} }, due({ force: true })), NOW)).toEqual(handOver('rotation', 'b'))
  })
})

describe('when a rotation is due', () => {
  const policy = { rotateEveryMs: HOUR, drainMs: 600 }

  it('is a period after the holder’s container was started, for that container', () => {
    const held = facts({ a: HOLDER, b: {} }, null, policy)
    expect(dueRotation(held, NOW + HOUR - 1)).toBeNull()
    expect(dueRotation(held, NOW + HOUR + 5)).toEqual(due({ since: NOW + HOUR + 5, drainUntil: NOW + HOUR + 605 }))
  })

  it('without a drain time waits for streams without end', () => {
    expect(dueRotation(facts({ a: HOLDER }, null, { rotateEveryMs: HOUR }), NOW + HOUR)).toMatchObject({ drainUntil: null, force: false })
  })

  it('is never without a period, without a holder, or when nobody knows when it was started', () => {
    expect(dueRotation(facts({ a: HOLDER }), NOW + 1_000 * HOUR)).toBeNull()
    expect(dueRotation(facts({ a: {} }, null, policy), NOW + 1_000 * HOUR)).toBeNull()
    expect(dueRotation(facts({ a: { ...HOLDER, startedAt: null } }, null, policy), NOW + 1_000 * HOUR)).toBeNull()
  })

  it('stays as it is while the same container holds the port, or nobody does', () => {
    for (const views of [{ a: HOLDER }, { a: {} }]) {
      const held = facts(views, due(), policy)
      expect(dueRotation(held, NOW + 5 * HOUR)).toBe(held.rotation)
    }
  })

  it('is over when another container holds the port, be it of the same engine', () => {
    const next = { ...HOLDER, startedAt: NOW + HOUR }
    expect(dueRotation(facts({ b: next }, due(), policy), NOW + HOUR + 1)).toBeNull()
    expect(dueRotation(facts({ a: { ...next, containerId: 'next' } }, due(), policy), NOW + HOUR + 1)).toBeNull()
  })

  it('is again a period later', () => {
    const next = { ...HOLDER, startedAt: NOW + HOUR }
    expect(dueRotation(facts({ b: next }, due(), policy), NOW + 2 * HOUR)).toMatchObject({
      since: NOW + 2 * HOUR,
      containerId: 'container-of-b',
    })
  })

  it('that was asked for while nobody held the port is for the next that does', () => {
    const asked = due({ containerId: null, reason: 'asked', force: true })
    expect(dueRotation(facts({ a: {} }, asked), NOW)).toMatchObject({ containerId: null })
    expect(dueRotation(facts({ a: HOLDER }, asked), NOW)).toEqual({ ...asked, containerId: 'container-of-a' })
  })
})

describe('the time to wake at', () => {
  it('is the end of the period, or of the drain time, and else never', () => {
    const policy = { rotateEveryMs: HOUR }
    expect(rotationWakeAt(facts({ a: HOLDER }, null, policy), NOW)).toBe(NOW + HOUR)
    expect(rotationWakeAt(facts({ a: {} }, null, policy), NOW)).toBeNull()
    expect(rotationWakeAt(facts({ a: HOLDER }), NOW)).toBeNull()
    const draining = facts({ a: HOLDER }, due({ drainUntil: NOW + 9 }), policy)
    expect([rotationWakeAt(draining, NOW + 8), rotationWakeAt(draining, NOW + 9)]).toEqual([NOW + 9, null])
    expect(rotationWakeAt(facts({ a: HOLDER }, due(), policy), NOW)).toBeNull()
  })
})

describe('what is shown of it', () => {
  it('is the period, and nothing due', () => {
    expect(rotationView(facts({ a: HOLDER }, null, { rotateEveryMs: HOUR }))).toEqual({ everyMs: HOUR, due: null })
    expect(rotationView(facts({ a: HOLDER }))).toEqual({ everyMs: null, due: null })
  })

  it.each<[string, Record<string, Partial<EngineView>>]>([
    ['candidate', { a: { ...HOLDER, ...BUSY }, b: BUSY }],
    ['streams', { a: { ...HOLDER, ...BUSY }, b: {} }],
    ['lease', { a: HOLDER, b: {} }],
    ['lease', { a: {}, b: {} }],
  ])('is that it waits for the %s', (waitingFor, views) => {
    const { containerId, ...shown } = due({ reason: 'asked', drainUntil: NOW + 5 })
    expect(rotationView(facts(views, { ...shown, containerId }))).toEqual({ everyMs: null, due: { ...shown, waitingFor } })
  })
})

describe('the fleet', () => {
  const policy: FleetPolicy = { ...POLICY, rotateEveryMs: HOUR, drainMs: 600 }
  const fleet = (views: Record<string, Partial<EngineView>>, change: Partial<FleetState> = {}) =>
    frozen(fleetOf(views, { policy, ...change }))
  const turnOvers = (state: FleetState, now = NOW) => decide(state, now).filter(({ kind }) => kind === 'turn-over')

  it('sees a rotation become due by time alone, once', () => {
    const before = fleet({ a: HOLDER, b: {} })
    expect(wakeAt(before, NOW)).toBe(NOW + HOUR)
    expect(passTime(before, NOW + HOUR - 1)).toBe(before)
    const after = passTime(before, NOW + HOUR)
    expect(after.rotation).toEqual(due({ since: NOW + HOUR, drainUntil: NOW + HOUR + 600 }))
    expect(passTime(after, NOW + HOUR + 1)).toBe(after)
    expect(wakeAt(after, NOW + HOUR)).toBe(NOW + HOUR + 600)
    expect(viewOf(after).rotation).toMatchObject({ everyMs: HOUR, due: { reason: 'rotation', waitingFor: 'lease' } })
  })

  it('has the lease hand on, once for each container of the holder', () => {
    const rotating = fleet({ a: HOLDER, b: {} }, { rotation: due() })
    expect(turnOvers(rotating)).toEqual([{ kind: 'turn-over', ...handOver('rotation', 'b') }])
    expect(turnOvers({ ...rotating, toldToHandOn: 'container-of-a' })).toEqual([])
    expect(turnOvers({ ...rotating, toldToHandOn: 'a-former-one' })).toHaveLength(1)
  })

  it('has a holder that does not answer hand on, rotation or not', () => {
    const sick = fleet({ a: { ...HOLDER, health: 'unhealthy' }, b: {} })
    expect(turnOvers(sick)).toEqual([{ kind: 'turn-over', ...handOver('unhealthy', 'b') }])
    expect(turnOvers(set(sick, 'a', { removing: true }))).toEqual([])
  })

  it('takes a rotation that is asked for, with its drain time and the holder of now', () => {
    const asked = askRotation(fleet({ a: { ...HOLDER, ...BUSY }, b: {} }), { reason: 'asked', force: false }, NOW)
    expect(asked.rotation).toEqual(due({ reason: 'asked', drainUntil: NOW + 600 }))
    expect([turnOvers(asked, NOW + 599), turnOvers(asked, NOW + 600)]).toEqual([[], [{ kind: 'turn-over', ...handOver('asked', 'b') }]])
    const vacant = askRotation(fleet({ a: {}, b: {} }), { reason: 'asked', force: false }, NOW)
    expect(vacant.rotation?.containerId).toBeNull()
  })

  it('asked for one that is due already forces it when that is asked for, and keeps its reason and drain time', () => {
    const waiting = fleet({ a: { ...HOLDER, ...BUSY }, b: {} }, { rotation: due({ drainUntil: NOW + 9 }) })
    expect(askRotation(waiting, { reason: 'again', force: false }, NOW + 5).rotation).toEqual(waiting.rotation)
    const forced = askRotation(waiting, { reason: 'again', force: true }, NOW + 5)
    expect(forced.rotation).toEqual(due({ drainUntil: NOW + 9, force: true }))
    expect(askRotation(forced, { reason: 'again', force: false }, NOW + 6).rotation?.force).toBe(true)
    expect(turnOvers(forced)).toHaveLength(1)
  })

  it('without a period asks for no wake-up', () => {
    expect(wakeAt(fleet({ a: HOLDER, b: {} }, { policy: POLICY }), NOW)).toBeNull()
  })
})

describe('a vacancy', () => {
  const vacancy = (change = {}) => ({ index: 0, epoch: 3, excluded: null, preferred: null, nominated: null, ...change })
  const nominated = (state: FleetState) => decide(state, NOW).flatMap((action) => (action.kind === 'nominate' ? [action.engineId] : []))

  it('is offered to the engine that it is kept for at once, although others are being made or missing', () => {
    const kept = { vacancy: vacancy({ preferred: 'c' }) }
    expect(nominated(fleetOf({ a: {}, b: { phase: 'provisioning' }, c: {} }, { ...kept, scaled: 3 }))).toEqual(['c'])
    expect(nominated(fleetOf({ a: {}, c: {} }, { ...kept, scaled: 3 }))).toEqual(['c'])
  })

  it.each<[string, Partial<EngineView>]>([
    ['does not answer', { health: 'unhealthy' }],
    ['plays something', BUSY],
  ])('waits for those that are being made when the engine that it is kept for %s', (_, change) => {
    const state = fleetOf({ a: {}, b: { phase: 'provisioning' }, c: change }, { vacancy: vacancy({ preferred: 'c' }), scaled: 3 })
    expect(nominated(state)).toEqual([])
  })

  it('does not wait for the engine that has just been unseated, which is being made anew', () => {
    const state = fleetOf({ a: { phase: 'provisioning' }, b: {} }, { vacancy: vacancy({ excluded: 'a' }) })
    expect(nominated(state)).toEqual(['b'])
    expect(nominated({ ...state, vacancy: vacancy() })).toEqual([])
  })

  it('is offered to an engine with streams by force only, the least loaded', () => {
    const views = { a: { streams: [aStream('s'), aStream('t')] }, b: BUSY }
    expect(nominated(fleetOf(views, { vacancy: vacancy() }))).toEqual([])
    expect(nominated(fleetOf(views, { vacancy: vacancy({ force: true }) }))).toEqual(['b'])
    expect(nominated(fleetOf(views, { vacancy: vacancy({ force: true, preferred: 'a' }) }))).toEqual(['a'])
  })

  it('goes on to another engine when the one that it is kept for is gone', () => {
    const state = fleetOf({ a: {}, b: {}, c: {} }, { vacancy: vacancy({ preferred: 'c', nominated: 'c' }) })
    expect(nominated(engineGone(state, 'c', NOW))).toEqual(['a'])
  })
})

describe('a fleet that has not been told of every container yet', () => {
  it('makes none to reach the wanted number, and does so as soon as it has been told', () => {
    const unlisted = fleetOf({ a: {} }, { listed: false })
    expect(missing(unlisted, NOW)).toBe(0)
    expect(missing({ ...unlisted, listed: true }, NOW)).toBe(1)
  })

  it('starts all the same what was asked for, and hands on from a holder that does not answer', () => {
    const state = set(fleetOf({ a: { ...HOLDER, health: 'unhealthy' }, b: {} }, { listed: false }), 'b', { started: false })
    expect(decide(state, NOW).map(({ kind }) => kind)).toEqual(['start', 'turn-over'])
  })

  it('is none that an older version left: that one had begun at once', () => {
    const { listed, rotation, toldToHandOn, reconcile, ...older } = fleetOf({ a: {} })
    expect(restoredFleet(older as FleetState)).toEqual({ ...older, listed, rotation, toldToHandOn, reconcile })
    expect(restoredFleet(fleetOf({ a: {} }, { listed: false, rotation: due() }))).toMatchObject({ listed: false, rotation: due() })
  })
})
