import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  backingOff,
  containerToReplace,
  type EngineFact,
  type EngineState,
  failed,
  handedBack,
  initialEngine,
  isUnreliable,
  observe,
  provisioned,
  provisioning,
  restoredEngine,
  waitMs,
} from '../../src/domain/engine.js'
import { FORWARDED, fresh, health, lostAt, made, MINUTE, PROBLEM, up } from './engine-samples.js'
import { anEngineInput, frozen } from './samples.js'

describe('a new engine', () => {
  it('is to be made at once', () => {
    expect(fresh()).toMatchObject({ due: { reason: 'new' }, view: { phase: 'provisioning', containerId: null } })
    expect(waitMs(fresh())).toBe(0)
  })

  it('starts when its container runs, and runs when it answers', () => {
    const starting = up()
    expect(starting).toMatchObject({ due: null, view: { phase: 'starting', containerId: 'c1', health: 'unknown', forwarded: false } })
    const running = observe(frozen(starting), health('c1'), 5)
    expect(running.view).toMatchObject({ phase: 'running', health: 'healthy', healthSince: 5, version: '3.2.11' })
  })

  it('that takes over a container is not made anew', () => {
    const adopt = {
      containerId: 'old',
      containerName: 'old',
      image: 'i',
      variant: null,
      host: 'h',
      vpnContainer: null,
      forwarded: { epoch: null, p2pPort: 51413 },
      startedAt: 7,
    }
    const state = initialEngine(anEngineInput('a', { adopt }), 100)
    expect(state).toMatchObject({ due: null, view: { phase: 'starting', containerId: 'old', forwarded: true, epoch: null, startedAt: 7 } })
    const revoked = observe(state, { kind: 'lease-revoked', epoch: 9, reason: 'port-changed' }, 200)
    expect(revoked.due).toMatchObject({ reason: 'port-changed' })
  })
})

describe('a fact about another container or epoch', () => {
  it('that is late changes nothing in the view', () => {
    const state = provisioned(lostAt(up(), MINUTE), made('c2', { forwarded: { epoch: 5, p2pPort: 1 } }), MINUTE)
    const late: EngineFact[] = [
      { kind: 'container-lost', containerId: 'c1', reason: 'died' },
      health('c1', { health: 'unhealthy', replace: true }),
      { kind: 'lease-revoked', epoch: 4, reason: 'forced' },
    ]
    for (const fact of late) {
      const next = observe(frozen(state), fact, 2 * MINUTE)
      expect(next.view).toBe(state.view)
      expect(next.due).toBeNull()
    }
  })

  it('lost before provisioning reported it makes the new container due at once', () => {
    const early = observe(fresh(), { kind: 'container-lost', containerId: 'c1', reason: 'died' }, 1)
    expect(provisioned(early, made('c1'), 2)).toMatchObject({ due: { reason: 'died' }, view: { losses: 1, phase: 'provisioning' } })
    expect(provisioned(early, made('c2'), 2).due).toBeNull()
  })

  it('revoked before provisioning reported it makes the new container due at once', () => {
    const early = observe(fresh(), { kind: 'lease-revoked', epoch: 4, reason: 'forced' }, 1)
    expect(provisioned(early, made('c1', FORWARDED), 2).due).toMatchObject({ reason: 'revoked', nominated: false })
    expect(provisioned(early, made('c1', { forwarded: { epoch: 5, p2pPort: 1 } }), 2).due).toBeNull()
    expect(provisioned(early, made('c1'), 2).due).toBeNull()
  })

  it('found healthy before provisioning reported it is kept', () => {
    const early = observe(fresh(), health('c1'), 1)
    expect(provisioned(early, made('c1'), 2).view).toMatchObject({ phase: 'running', health: 'healthy' })
    expect(provisioned(early, made('c2'), 2).view).toMatchObject({ phase: 'starting', health: 'unknown' })
  })

  it('is forgotten once provisioning has reported', () => {
    const early = observe(fresh(), { kind: 'container-lost', containerId: 'c9', reason: 'died' }, 1)
    expect(provisioned(early, made('c1'), 2).early).toEqual({ lostContainers: [], revokedEpochs: [], health: null, nominated: false })
  })

  it('is kept up to ten times, the newest', () => {
    let state = fresh()
    for (let count = 0; count < 15; count++) state = observe(state, { kind: 'container-lost', containerId: `c${count}`, reason: 'died' }, 1)
    expect(state.early.lostContainers).toHaveLength(10)
    expect(state.early.lostContainers.at(-1)).toBe('c14')
  })
})

describe('a container that is lost', () => {
  it('is made anew, and the loss is counted once however often it is told', () => {
    const lost = lostAt(up(), MINUTE)
    expect(lost).toMatchObject({ due: { reason: 'died', nominated: false }, view: { phase: 'provisioning', losses: 1, health: 'unknown' } })
    expect(lostAt(lost, MINUTE + 1).view.losses).toBe(1)
  })

  it('is answered at once after a stable minute, whatever happened before', () => {
    let state = up()
    for (const _ of [1, 2, 3]) state = provisioned(lostAt(state, 1_000), made('c1'), 0)
    expect(state.failures).toBe(3)
    const lost = lostAt(state, MINUTE)
    expect(lost.failures).toBe(1)
    expect(waitMs(lost)).toBe(0)
    expect(lostAt(state, MINUTE - 1).failures).toBe(4)
  })

  it('is the one to replace, also after the engine backed off from it, until another is there', () => {
    let state = lostAt(up(), 1_000, 'unhealthy')
    expect(containerToReplace(state)).toBe('c1')
    state = handedBack(backingOff(state, PROBLEM), 2_000)
    expect([state.view.containerId, containerToReplace(state)]).toEqual([null, 'c1'])
    state = failed(state, PROBLEM)
    expect(containerToReplace(state)).toBe('c1')
    state = handedBack(provisioned(provisioning(state), made('c2'), 3_000), 4_000)
    expect(containerToReplace(state)).toBeNull()
    const { lostContainerId: _, ...older } = state
    expect(restoredEngine(older as EngineState).lostContainerId).toBeNull()
  })

  it('again and again makes the wait grow to a minute', () => {
    let state = up()
    const waits: number[] = []
    for (let count = 0; count < 9; count++) {
      state = lostAt(state, 1_000)
      waits.push(waitMs(state))
      state = provisioned(state, made('c1'), 0)
    }
    expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  it.each(['killed', 'gone', 'orphaned', 'vpn-recreated'])('from outside (%s) is no crash, unless it comes at once', (reason) => {
    let state = up()
    for (const _ of [1, 2, 3, 4]) state = provisioned(lostAt(state, 5_000, reason), made('c1'), 0)
    expect(state.failures).toBe(0)
    for (const _ of [1, 2]) state = provisioned(lostAt(state, 500, reason), made('c1'), 0)
    expect(state.failures).toBe(2)
  })

  it('too often does not ask for the port by itself any more, but may be chosen', () => {
    let state = up()
    for (const _ of [1, 2, 3]) state = provisioned(lostAt(state, 1_000), made('c1'), 0)
    expect(isUnreliable(state)).toBe(false)
    state = lostAt(state, 1_000)
    expect(isUnreliable(state)).toBe(true)
    const chosen = observe(provisioned(state, made('c1'), 0), { kind: 'take-forwarded' }, 1_000)
    expect(isUnreliable(chosen)).toBe(false)
    expect(waitMs(chosen)).toBe(0)
  })
})

describe('health', () => {
  it('says since when, not when it was said again', () => {
    const once = observe(up(), health('c1'), 10)
    expect(observe(once, health('c1'), 20).view.healthSince).toBe(10)
    expect(observe(once, health('c1', { health: 'unhealthy', detail: 'hangs' }), 20).view).toMatchObject({
      healthSince: 20,
      phase: 'running',
      problem: { code: 'engine-unhealthy', detail: 'hangs' },
    })
  })

  it('clears the problem when it is well again and keeps what was learned', () => {
    const sick = observe(observe(up(), health('c1'), 1), health('c1', { health: 'unhealthy', version: null }), 2)
    expect(sick.view.version).toBe('3.2.11')
    expect(observe(sick, health('c1'), 3).view.problem).toBeNull()
  })

  it('makes the container due only when it is to be replaced', () => {
    expect(observe(up(), health('c1', { health: 'unhealthy' }), 1).due).toBeNull()
    expect(observe(up(), health('c1', { health: 'unhealthy', replace: true }), 1)).toMatchObject({
      due: { reason: 'unhealthy' },
      view: { losses: 1 },
    })
  })
})

describe('the lease', () => {
  it('taken from the engine makes its container due without a wait', () => {
    const revoked = observe(up(FORWARDED), { kind: 'lease-revoked', epoch: 4, reason: 'forced' }, 1)
    expect(revoked).toMatchObject({ due: { reason: 'forced', nominated: false }, view: { phase: 'provisioning', epoch: 4, losses: 0 } })
    expect(waitMs({ ...revoked, failures: 5 })).toBe(0)
  })

  it('offered makes a follower due as nominated, and leaves a forwarded one alone', () => {
    expect(observe(up(), { kind: 'take-forwarded' }, 1).due).toMatchObject({ nominated: true })
    const state = up(FORWARDED)
    expect(observe(state, { kind: 'take-forwarded' }, 1)).toBe(state)
    expect(observe(fresh(), { kind: 'take-forwarded' }, 1).due).toMatchObject({ reason: 'new', nominated: false })
  })

  it('refused to a nominated engine leaves it running as it was', () => {
    const running = observe(up(), health('c1'), 1)
    const nominated = provisioning(observe(running, { kind: 'take-forwarded' }, 2))
    const kept = provisioned(nominated, made('c1', { outcome: 'kept' }), 3)
    expect(kept).toMatchObject({ due: null, view: { phase: 'running', containerId: 'c1', startedAt: 0 } })
  })
})

describe('removal', () => {
  it('is final: nothing becomes due after it', () => {
    const removed = observe(up(FORWARDED), { kind: 'remove', reason: 'deleted' }, 1)
    expect(removed).toMatchObject({ removing: 'deleted', view: { phase: 'removing' } })
    const facts: EngineFact[] = [
      { kind: 'container-lost', containerId: 'c1', reason: 'died' },
      health('c1'),
      { kind: 'lease-revoked', epoch: 4, reason: 'forced' },
      { kind: 'take-forwarded' },
      { kind: 'remove', reason: 'again' },
    ]
    for (const fact of facts) expect(observe(frozen(removed), fact, 2)).toBe(removed)
  })

  it('stays so when provisioning ends after it, well or not', () => {
    const removed = observe(provisioning(fresh()), { kind: 'remove', reason: 'deleted' }, 1)
    expect(provisioned(removed, made('c1', FORWARDED), 2)).toMatchObject({
      due: null,
      view: { phase: 'removing', containerId: 'c1', forwarded: true },
    })
    expect(failed(removed, PROBLEM).view.phase).toBe('removing')
  })
})

describe('provisioning that fails', () => {
  it('is tried again after a growing wait, with the problem shown', () => {
    const once = failed(provisioning(fresh()), PROBLEM)
    expect(once).toMatchObject({ due: { reason: 'unreachable' }, view: { phase: 'backing-off', problem: PROBLEM } })
    expect([once, failed(once, PROBLEM), failed(failed(once, PROBLEM), PROBLEM)].map(waitMs)).toEqual([1_000, 2_000, 4_000])
  })

  it('shows the problem while it waits', () => {
    expect(backingOff(failed(fresh(), PROBLEM), { code: 'crash-loop', detail: '' }).view).toMatchObject({
      phase: 'backing-off',
      problem: PROBLEM,
    })
    expect(backingOff(fresh(), { code: 'crash-loop', detail: 'x' }).view.problem).toEqual({ code: 'crash-loop', detail: 'x' })
  })

  it('is forgotten by success', () => {
    expect(provisioned(failed(fresh(), PROBLEM), made('c1'), 1).view).toMatchObject({ phase: 'starting', problem: null })
  })
})

it('whatever the facts and their order: no change without a higher revision, no mutation, JSON keeps it', () => {
  const containerId = fc.constantFrom('c1', 'c2')
  const fact: fc.Arbitrary<(state: EngineState, now: number) => EngineState> = fc.oneof(
    fc
      .record({ containerId, reason: fc.constantFrom('died', 'killed') })
      .map((given) => (state: EngineState, now: number) => observe(state, { kind: 'container-lost', ...given }, now)),
    fc
      .record({ containerId, health: fc.constantFrom('healthy' as const, 'unhealthy' as const), replace: fc.boolean() })
      .map((given) => (state: EngineState, now: number) => observe(state, health(given.containerId, given), now)),
    fc.nat(3).map((epoch) => (state: EngineState, now: number) => observe(state, { kind: 'lease-revoked', epoch, reason: 'forced' }, now)),
    fc.constant((state: EngineState, now: number) => observe(state, { kind: 'take-forwarded' }, now)),
    fc
      .record({ containerId, epoch: fc.option(fc.nat(3)) })
      .map(
        (given) => (state: EngineState, now: number) =>
          provisioned(state, made(given.containerId, { forwarded: given.epoch === null ? null : { epoch: given.epoch, p2pPort: 1 } }), now),
      ),
    fc.constant((state: EngineState) => failed(state, PROBLEM)),
  )
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 20 }), (facts) => {
      let state = fresh()
      for (const [index, apply] of facts.entries()) {
        const next = apply(frozen(state), index * 10_000)
        if (next.view !== state.view) expect(next.view.revision).toBeGreaterThan(state.view.revision)
        expect(next.due === null).toBe(next.view.phase === 'starting' || next.view.phase === 'running')
        state = next
      }
      expect(JSON.parse(JSON.stringify(state))).toEqual(state)
    }),
    { numRuns: 1_000 },
  )
})

describe('an engine that the host or the VPN keeps waiting', () => {
  it('waits longer each time and still asks for the port by itself', () => {
    let state = initialEngine(
      { engineId: 'a', pool: 'p', httpPort: 1, httpsPort: 2, hostHttpPort: 1, labels: {}, environment: {}, adopt: null },
      0,
    )
    for (let attempt = 0; attempt < 6; attempt++) state = failed(state, { code: 'vpn-missing', detail: 'there is no Gluetun' })
    expect(waitMs(state)).toBeGreaterThan(1_000)
    expect(isUnreliable(state)).toBe(false)
  })
})
