import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addEngine,
  decide,
  engineChanged,
  engineGone,
  type FleetAction,
  initialFleet,
  liveEngines,
  missing,
  takenIn,
  viewOf,
  wantedReplicas,
} from '../../src/domain/fleet.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import { add, fleetOf, set, wish } from './fleet-samples.js'
import { anEngine, anEngineInput, aStream, frozen, NOW, POLICY } from './samples.js'

const removals = (actions: FleetAction[]) => actions.flatMap((action) => (action.kind === 'remove' ? [action.engineId] : []))
const nominations = (actions: FleetAction[]) => actions.flatMap((action) => (action.kind === 'nominate' ? [action.engineId] : []))
const vacancy = (change = {}) => ({ index: 0, epoch: 3, excluded: null, preferred: null, nominated: null, ...change })

describe('an engine that the fleet does not know and that tells of itself', () => {
  const stranger = (change: Partial<EngineView> = {}) =>
    anEngine('z', { httpPort: 6890, httpsPort: 45010, hostHttpPort: 6890, phase: 'backing-off', containerId: null, ...change })

  it('is one of its engines, with its ports and labels, and counts as one of the wanted', () => {
    const state = takenIn(fleetOf({ a: {} }), stranger({ labels: { app: 'x' } }))
    expect(state.engines.z).toMatchObject({
      input: { engineId: 'z', httpPort: 6890, httpsPort: 45010, hostHttpPort: 6890, labels: { app: 'x' } },
      view: { phase: 'backing-off' },
      started: true,
      removing: false,
    })
    expect(liveEngines(state)).toHaveLength(2)
    expect(add(state, 'b', null).engines.b?.input.httpPort).toBe(6879)
    expect(wantedReplicas(state)).toBe(wantedReplicas(fleetOf({ a: {} })))
  })

  it('is wanted as well when the containers have not been listed yet', () => {
    const state = fleetOf({ a: {}, b: {} }, { listed: false })
    expect(wantedReplicas(takenIn(state, stranger()))).toBe(3)
  })

  it.each([{ httpPort: 6878 }, { hostHttpPort: 6878 }, { httpsPort: 45000 }])(
    'goes when another engine has one of its ports: %o',
    (ports) => {
      const state = takenIn(fleetOf({ a: {} }), stranger(ports))
      expect(state.engines.z).toMatchObject({ started: true, removing: true, told: false })
      expect(liveEngines(state).map(({ input }) => input.engineId)).toEqual(['a'])
    },
  )

  it('is let go when it is on its way out, and one that is known stays as it is', () => {
    const state = fleetOf({ a: {} })
    expect(takenIn(state, stranger({ phase: 'removing' }))).toBe(state)
    expect(takenIn(state, anEngine('a', { revision: 99 }))).toBe(state)
  })
})

describe('ports', () => {
  it('are the lowest free ones of each range, and come back when the engine is gone', () => {
    let state = add(add(initialFleet('default', POLICY), 'a'), 'b')
    expect(state.engines.b?.input).toMatchObject({ httpPort: 6879, hostHttpPort: 6879, httpsPort: 45001 })
    state = add(engineGone(state, 'a', NOW), 'c')
    expect(state.engines.c?.input).toMatchObject({ httpPort: 6878, httpsPort: 45000 })
  })

  it('stay with an engine until its container is gone for good, not only told to go', () => {
    const state = set(add(initialFleet('default', POLICY), 'a'), 'a', { removing: true, told: true })
    expect(add(state, 'b').engines.b?.input.httpPort).toBe(6879)
  })

  it('that are wished for are given when free, and refused when an engine has them in any role', () => {
    const state = add(initialFleet('default', POLICY), 'a', 6880)
    expect(state.engines.a?.input).toMatchObject({ httpPort: 6880, hostHttpPort: 6880 })
    for (const port of [6880, 45000]) expect(addEngine(state, wish('b', port), 0)).toEqual({ failure: 'port-taken' })
  })

  it('that are wished for out of the other range are not given a second time to the same engine', () => {
    const { input } = addEngine(initialFleet('default', POLICY), wish('a', 45000), 0) as { input: { httpPort: number; httpsPort: number } }
    expect(input).toMatchObject({ httpPort: 45000, httpsPort: 45001 })
  })

  it('run out with an answer, not with a port given twice', () => {
    let state = initialFleet('default', POLICY)
    for (const engineId of ['a', 'b', 'c', 'd', 'e']) state = add(state, engineId)
    expect(addEngine(state, wish('f'), 0)).toEqual({ failure: 'no-port' })
  })

  it('of an adopted container are its own', () => {
    const adopt = anEngineInput('old', { httpPort: 6878, httpsPort: 45000 })
    const added = addEngine(initialFleet('default', POLICY), { ...wish('old'), adopt }, 0)
    if ('failure' in added) throw new Error(added.failure)
    expect(add(added.state, 'b').engines.b?.input).toMatchObject({ httpPort: 6879, httpsPort: 45001 })
  })

  it('are never given twice, whatever comes and goes', () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), port: fc.option(fc.constantFrom(6878, 6880, 7000, 45000, 45002)) }),
      fc.record({ kind: fc.constant('gone' as const), which: fc.nat(4) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(4) }),
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        let state = initialFleet('default', POLICY)
        for (const [index, next] of changes.entries()) {
          const id = next.kind === 'add' ? null : Object.keys(state.engines)[next.which]
          if (next.kind === 'add') {
            const added = addEngine(frozen(state), wish(`e${index}`, next.port), 0)
            if (!('failure' in added)) state = added.state
          } else if (id !== undefined && id !== null) {
            state = next.kind === 'gone' ? engineGone(state, id, NOW) : set(state, id, { removing: true })
          }
          const ports = Object.values(state.engines).flatMap(({ input }) => [input.httpPort, input.httpsPort])
          expect(new Set(ports).size).toBe(ports.length)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the wanted number', () => {
  it('is MIN_REPLICAS until somebody says otherwise, and stays between the limits', () => {
    const state = initialFleet('default', POLICY)
    expect([null, 0, 1, 2, 4, 5, 9].map((scaled) => wantedReplicas({ ...state, scaled }))).toEqual([2, 2, 2, 2, 4, 5, 5])
  })

  it('is none while the fleet is parked', () => {
    expect(wantedReplicas({ ...initialFleet('default', POLICY), scaled: 4, parked: true })).toBe(0)
  })

  it('counts engines that are not going', () => {
    const state = fleetOf({ a: {}, b: {} })
    expect(missing(state, NOW)).toBe(0)
    expect(missing(set(state, 'a', { removing: true }), NOW)).toBe(1)
    expect(missing(engineGone(state, 'a', NOW), NOW)).toBe(1)
    expect(missing({ ...initialFleet('default', POLICY), listed: true }, NOW)).toBe(2)
  })

  it('is made up only once every container that runs has been told of', () => {
    expect(missing(initialFleet('default', POLICY), NOW)).toBe(0)
  })

  it('is filled up again only when a forwarded engine that is going is gone, so that the newcomer finds the port free', () => {
    const going = set(fleetOf({ a: { forwarded: true, epoch: 1 }, b: {} }), 'a', { removing: true, told: true })
    expect(missing(going, NOW)).toBe(0)
    expect(missing(engineGone(going, 'a', NOW), NOW)).toBe(1)
  })
})

describe('what is to be done', () => {
  it('is nothing while all is as it should be', () => {
    expect(decide(fleetOf({ a: { forwarded: true }, b: {} }), NOW)).toEqual([])
  })

  it('starts each added engine once', () => {
    const state = add(add(initialFleet('default', POLICY), 'a'), 'b')
    expect(decide(state, NOW).map((action) => action.kind === 'start' && action.input.engineId)).toEqual(['a', 'b'])
    expect(decide(set(set(state, 'a', { started: true }), 'b', { started: true }), NOW)).toEqual([])
  })

  it.each<[string, Record<string, Partial<EngineView>>, string]>([
    [
      'one without streams before one with',
      { a: { streams: [aStream('s')] }, b: { firstSeen: 9, forwarded: true }, c: { streams: [aStream('t')] } },
      'b',
    ],
    ['a follower before the forwarded one', { a: { forwarded: true }, b: { forwarded: true }, c: {} }, 'c'],
    ['a failing one before a healthy one', { a: { health: 'unhealthy' }, b: { firstSeen: 9 }, c: {} }, 'a'],
    ['the newest before an older one', { a: { firstSeen: 5 }, b: { firstSeen: 9 }, c: { firstSeen: 1 } }, 'b'],
    ['the one with the highest port when all else is equal', { a: {}, b: {}, c: {} }, 'c'],
  ])('removes a surplus: %s', (_, views, removed) => {
    expect(removals(decide(fleetOf(views), NOW))).toEqual([removed])
  })

  it('removes exactly the surplus, and those already going are none', () => {
    const state = fleetOf({ a: {}, b: {}, c: {}, d: {} })
    expect(removals(decide(state, NOW))).toEqual(['d', 'c'])
    expect(removals(decide(set(set(state, 'd', { removing: true }), 'c', { removing: true }), NOW))).toEqual([])
  })

  it('removes every engine of a parked fleet', () => {
    expect(removals(decide(fleetOf({ a: { forwarded: true }, b: {} }, { parked: true }), NOW))).toEqual(['b', 'a'])
  })

  it('never removes below what is wanted nor keeps more than allowed, whatever the engines are like', () => {
    const view = fc.record({ streams: fc.constantFrom<StreamView[]>([], [aStream('s')]), forwarded: fc.boolean(), firstSeen: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(view, { maxLength: 5 }), fc.option(fc.nat(7)), (views, scaled) => {
        const state = fleetOf(Object.fromEntries(views.map((change, index) => [`e${index}`, change])), { scaled })
        const left = liveEngines(state).length - removals(decide(state, NOW)).length
        expect(left + missing(state, NOW)).toBe(wantedReplicas(state))
      }),
    )
  })
})

describe('a vacant lease', () => {
  it('goes to a nominated engine when nobody is being provisioned', () => {
    const state = fleetOf({ a: {}, b: { lastStreamUsage: 5 } }, { vacancy: vacancy() })
    expect(decide(state, NOW)).toEqual([{ kind: 'nominate', engineId: 'a', epoch: 3 }])
  })

  it('waits while an engine is being provisioned or is missing, which asks by itself', () => {
    expect(nominations(decide(fleetOf({ a: {}, b: { phase: 'provisioning' } }, { vacancy: vacancy() }), NOW))).toEqual([])
    expect(nominations(decide(fleetOf({ a: {} }, { vacancy: vacancy() }), NOW))).toEqual([])
  })

  it('does not wait for an engine that backs off', () => {
    expect(nominations(decide(fleetOf({ a: {}, b: { phase: 'backing-off' } }, { vacancy: vacancy() }), NOW))).toEqual(['a'])
  })

  it('is offered once', () => {
    expect(nominations(decide(fleetOf({ a: {}, b: {} }, { vacancy: vacancy({ nominated: 'a' }) }), NOW))).toEqual([])
  })

  it('goes to the preferred engine, and not to the one just unseated', () => {
    expect(nominations(decide(fleetOf({ a: {}, b: {} }, { vacancy: vacancy({ preferred: 'b' }) }), NOW))).toEqual(['b'])
    expect(nominations(decide(fleetOf({ a: {}, b: {} }, { vacancy: vacancy({ excluded: 'a' }) }), NOW))).toEqual(['b'])
  })

  it('does not go to an engine that is going', () => {
    const state = set(fleetOf({ a: {}, b: {}, c: {} }, { vacancy: vacancy() }), 'a', { removing: true })
    expect(nominations(decide(state, NOW))).toEqual(['b'])
  })

  it('is settled by an engine that became forwarded after it, not by an older report', () => {
    const state = fleetOf({ a: {}, b: {} }, { vacancy: vacancy({ nominated: 'a' }) })
    const older = engineChanged(state, anEngine('a', { forwarded: true, epoch: 3, revision: 2 }))
    expect(older.vacancy).not.toBeNull()
    expect(engineChanged(state, anEngine('b', { forwarded: true, epoch: 4, revision: 2 })).vacancy).toBeNull()
  })

  it.each(['backing-off', 'removing'] as const)('goes to another engine when the nominated one is %s', (phase) => {
    const state = fleetOf({ a: {}, b: {}, c: {} }, { vacancy: vacancy({ nominated: 'a' }), scaled: 3 })
    const next = engineChanged(state, anEngine('a', { phase, revision: 2 }))
    expect(nominations(decide(next, NOW))).toEqual(['b'])
  })

  it('goes to another engine when the nominated one is gone', () => {
    const state = engineGone(fleetOf({ a: {}, b: {}, c: {} }, { vacancy: vacancy({ nominated: 'a' }) }), 'a', NOW)
    expect(nominations(decide(state, NOW))).toEqual(['b'])
  })
})

describe('a report', () => {
  it('older than the last one, or of an unknown engine, is ignored', () => {
    const state = fleetOf({ a: { revision: 5 } })
    for (const view of [anEngine('a', { revision: 5 }), anEngine('a', { revision: 4 }), anEngine('z', { revision: 9 })]) {
      expect(engineChanged(frozen(state), view)).toBe(state)
    }
    expect(engineChanged(state, anEngine('a', { revision: 6, health: 'unhealthy' })).engines.a?.view.health).toBe('unhealthy')
  })

  it('of a port in use on the host makes that port the last to be given out', () => {
    const problem = { code: 'port-taken', detail: '' }
    let state = fleetOf({ a: {} })
    state = engineChanged(state, anEngine('a', { phase: 'backing-off', problem, revision: 2 }))
    state = engineGone(state, 'a', NOW)
    for (const [engineId, port] of [
      ['b', 6879],
      ['c', 6880],
      ['d', 6881],
      ['e', 6882],
      ['f', 6878],
    ] as const) {
      state = add(state, engineId)
      expect(state.engines[engineId]?.input.httpPort).toBe(port)
    }
  })
})

it('the view lists engines by port, and one that was told to go as removing', () => {
  const state = set(fleetOf({ b: {}, a: {} }), 'b', { removing: true })
  expect(viewOf(state).engines.map(({ engineId, phase }) => [engineId, phase])).toEqual([
    ['b', 'removing'],
    ['a', 'running'],
  ])
  expect(JSON.parse(JSON.stringify(state))).toEqual(state)
})
