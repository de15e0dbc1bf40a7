import { describe, expect, it } from 'vitest'
import type { SurveyedContainer } from '../../src/domain/lease-state.js'
import { freeLease, heldLease, LeaseRun, PORT, surveyed } from './samples.js'

const asked = { reason: 'asked', requestId: null, epoch: null }
const granted = (epoch: number) => ({ kind: 'granted', epoch })
const told = (reason: string) => ({ kind: 'tell-holder', engineId: 'a', epoch: 1, reason })

/** A lease that `a` was granted a moment ago and has not confirmed. */
function grantedLease(): LeaseRun {
  const run = freeLease()
  run.acquire('a')
  return run
}

function revokingLease(): LeaseRun {
  const run = heldLease()
  run.revoke(1)
  return run
}

describe('an election of a named engine', () => {
  it('keeps the port for it once, and for nobody’s own asking', () => {
    const run = heldLease()
    expect(run.elect(null, { candidate: 'b' }).effects).toEqual([told('forced')])
    expect(run.ended(1, 'a').effects).toMatchObject([{ kind: 'announce-vacancy', preferred: 'b', excluded: 'a' }])
    expect([run.acquire('a'), run.acquire('c')]).toMatchObject([{ reason: 'reserved' }, { reason: 'reserved' }])
    expect(run.acquire('b')).toMatchObject(granted(2))
    run.confirm('b', 2)
    expect(run.over(2).acquire('c')).toMatchObject(granted(3))
  })

  it('that holds the port already moves nothing', () => {
    for (const run of [heldLease(), grantedLease()]) {
      const { nominee, force, excluded, holder } = run.state
      expect(run.elect('r1', { candidate: 'a', force: true })).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
      expect(run.state).toMatchObject({ nominee, force, excluded, holder, recent: ['r1'] })
    }
  })

  it('that is just losing the port gives it back to it', () => {
    const run = revokingLease()
    expect(run.elect(null, { candidate: 'a' }).effects).toEqual([])
    expect(run.ended(1, 'b').answer).toMatchObject({ next: { reason: 'reserved' } })
    expect(run.acquire('a')).toMatchObject(granted(2))
  })

  it('while another one loses the port keeps it for the named one and excludes the one that leaves', () => {
    const run = revokingLease()
    expect(run.elect(null, { candidate: 'b' }).effects).toEqual([])
    expect(run.state).toMatchObject({ nominee: 'b', excluded: 'a', holder: { phase: 'revoking', reason: 'died' } })
  })

  it('on a vacant lease is announced at once', () => {
    const run = freeLease()
    expect(run.elect(null, { candidate: 'b' }).effects).toMatchObject([{ kind: 'announce-vacancy', preferred: 'b' }])
    expect(run.acquire('a')).toMatchObject({ reason: 'reserved' })
  })

  it('unseats a grant under way, however fresh', () => {
    const run = grantedLease()
    expect(run.elect(null, { candidate: 'b' }).effects).toEqual([told('forced')])
  })
})

describe('an election while a fresh grant is under way', () => {
  it('is the one that is happening: nothing is unseated', () => {
    const run = grantedLease()
    const { holder } = run.state
    run.now += 4_990
    expect(run.elect('r1')).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toMatchObject({ holder, excluded: null, recent: ['r1'] })
  })

  it('unseats it after five seconds', () => {
    const run = grantedLease()
    run.now += 5_000
    expect(run.elect().effects).toEqual([told('forced')])
    expect(run.state).toMatchObject({ excluded: 'a', holder: { phase: 'revoking' } })
  })

  it('unseats an active holder at once, however fresh', () => {
    expect(heldLease().elect().effects).toEqual([told('forced')])
  })
})

describe('an operator’s request', () => {
  const requests: Record<string, (run: LeaseRun, requestId: string | null, epoch: number | null) => unknown> = {
    elect: (run, requestId, epoch) => run.elect(requestId, { epoch, candidate: 'b', force: true }),
    designate: (run, requestId, epoch) => run.designate('b', requestId, epoch, true),
    rotate: (run, requestId, epoch) => run.rotate(requestId, { epoch, force: true }),
  }

  it.each(Object.entries(requests))('%s for another epoch than the present one is refused, and the request id stays unused', (_, ask) => {
    for (const epoch of [0, 2]) {
      const run = heldLease()
      const before = run.state
      expect(ask(run, 'r1', epoch)).toMatchObject({
        answer: {
          kind: 'refused',
          type: 'EpochMismatch',
          message: `The lease is at epoch 1, not ${epoch}: read it again and decide anew.`,
        },
        effects: [],
      })
      expect(run.state).toBe(before)
    }
  })

  it.each(Object.entries(requests))('%s for the present epoch is taken', (_, ask) => {
    const run = heldLease()
    expect(ask(run, 'r1', 1)).toMatchObject({ answer: { kind: 'accepted' }, effects: [{}] })
    expect(run.state.recent).toEqual(['r1'])
  })

  it.each(Object.entries(requests))('%s with a request id seen before changes nothing, also when its epoch is over', (_, ask) => {
    const run = heldLease()
    ask(run, 'r1', 1)
    run.revoke(1)
    run.ended(1, 'b', true)
    const before = run.state
    expect(ask(run, 'r1', 1)).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toBe(before)
  })

  it('that others asked for too at the same time is done once for all of them', () => {
    const run = heldLease()
    const ask = (requestId: string, alsoFor: string[]) =>
      run.take({ kind: 'elect', reason: 'forced', requestId, alsoFor, candidate: null, force: false, epoch: 1 })
    expect(ask('r1', ['r2', 'r3']).effects).toHaveLength(1)
    expect(run.state.recent).toEqual(['r1', 'r2', 'r3'])
    run.ended(1, 'b')
    run.confirm('b', 2)
    const before = run.state
    for (const [requestId, ...alsoFor] of [['r2'], ['r3', 'r1'], ['r1', 'r2', 'r3']] as [string, ...string[]][]) {
      expect(ask(requestId, alsoFor)).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    }
    expect(run.state).toBe(before)
    expect(ask('r3', ['r4']).answer).toMatchObject({ type: 'EpochMismatch' })
  })

  it.each(Object.entries(requests))('%s is refused while no VPN is configured', (_, ask) => {
    const run = new LeaseRun(false).recovered()
    const before = run.state
    expect(ask(run, 'r1', null)).toMatchObject({ answer: { kind: 'refused', type: 'LeaseDisabled' } })
    expect(run.state).toBe(before)
  })
})

describe('force', () => {
  it.each<[string, (run: LeaseRun) => unknown]>([
    ['an election', (run) => run.elect(null, { force: true })],
    ['a designation', (run) => run.designate('b', null, null, true)],
  ])('of %s goes with the vacancy and ends with the grant', (_, ask) => {
    const run = heldLease()
    ask(run)
    expect(run.ended(1).effects).toMatchObject([{ kind: 'announce-vacancy', force: true }])
    run.acquire('b', true)
    run.confirm('b', 2)
    run.revoke(2)
    expect(run.ended(2).effects).toMatchObject([{ kind: 'announce-vacancy', force: false }])
  })

  it('of a request that came before does not outlast a later one without it', () => {
    const run = heldLease()
    run.elect(null, { force: true })
    run.elect()
    expect(run.ended(1).effects).toMatchObject([{ kind: 'announce-vacancy', force: false }])
  })
})

describe('a designated engine', () => {
  it('is preferred for good and has the next grant kept for it once', () => {
    const run = heldLease()
    run.designate('b')
    expect(run.state).toMatchObject({ preferred: 'b', nominee: 'b' })
    run.ended(1, 'b')
    run.confirm('b', 2)
    expect(run.state).toMatchObject({ preferred: 'b', nominee: null })
    run.revoke(2)
    expect(run.ended(2, 'c')).toMatchObject({ answer: { next: { reason: 'reserved' } }, effects: [{ preferred: 'b' }] })
    expect(run.acquire('b')).toMatchObject(granted(3))
  })

  it('gives way to another one that an election names, and stays preferred after it', () => {
    const run = heldLease()
    run.designate('a')
    run.elect(null, { candidate: 'c' })
    expect(run.ended(1, 'a')).toMatchObject({ answer: { next: { reason: 'reserved' } }, effects: [{ preferred: 'c' }] })
    expect(run.acquire('c')).toMatchObject(granted(2))
    expect(run.state.preferred).toBe('a')
  })

  it('is undone without moving the port', () => {
    const run = heldLease()
    run.designate('a')
    expect(run.designate(null)).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toMatchObject({ preferred: null, nominee: null, holder: { engineId: 'a', phase: 'active' } })
    expect(run.over(1).acquire('b')).toMatchObject(granted(2))
  })

  it('of which the port is just being handed on gets it without a second revocation', () => {
    const run = revokingLease()
    expect(run.designate('b').effects).toEqual([])
    expect(run.ended(1, 'a')).toMatchObject({ answer: { next: { reason: 'reserved' } }, effects: [{ preferred: 'b', excluded: null }] })
  })

  it('that is gone for good keeps the port from nobody', () => {
    const run = heldLease()
    run.designate('b')
    expect(run.take({ kind: 'engine-removed', engineId: 'b' })).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toMatchObject({ preferred: null, nominee: null })
    expect(run.ended(1, 'c').answer).toMatchObject({ next: granted(2) })
  })

  it('stays when another one is gone, and so does an exclusion', () => {
    const run = heldLease()
    run.elect(null, { candidate: 'b' })
    const before = run.state
    run.take({ kind: 'engine-removed', engineId: 'z' })
    expect(run.state).toEqual(before)
    run.take({ kind: 'engine-removed', engineId: 'a' })
    expect(run.state).toMatchObject({ excluded: null, nominee: 'b', holder: { engineId: 'a', phase: 'revoking' } })
  })
})

describe('a rotation', () => {
  it('is handed to the fleet with its urgency, and the holder stays untouched', () => {
    const run = heldLease()
    const { holder } = run.state
    expect(run.rotate('r1', { force: true })).toMatchObject({
      answer: { kind: 'accepted' },
      effects: [{ kind: 'ask-rotation', epoch: 1, reason: 'asked', force: true }],
    })
    expect(run.state).toMatchObject({ holder, nominee: null, excluded: null, force: false, recent: ['r1'] })
  })
})

describe('a turn-over by the fleet', () => {
  it('unseats the holder, keeps the port for the engine that it chose, and excludes the holder', () => {
    const run = heldLease()
    expect(run.turnOver('a', 'b')).toMatchObject({ answer: { kind: 'accepted' }, effects: [told('unhealthy')] })
    expect(run.ended(1, 'a')).toMatchObject({ answer: { next: { reason: 'reserved' } }, effects: [{ preferred: 'b', excluded: 'a' }] })
    expect(run.acquire('b')).toMatchObject(granted(2))
    expect(run.state.log).toMatchObject([{ ended: 'unhealthy' }, { began: 'unhealthy', engineId: 'b' }])
  })

  it('to nobody lets the holder’s own next container take it', () => {
    const run = heldLease()
    run.turnOver('a')
    expect(run.ended(1, 'a').answer).toMatchObject({ next: granted(2) })
  })

  it('cuts no streams, whatever an election before it allowed', () => {
    const run = heldLease()
    run.state = { ...run.state, force: true }
    run.turnOver('a', 'b')
    expect(run.ended(1).effects).toMatchObject([{ force: false }])
  })

  it.each<[string, (run: LeaseRun) => unknown, () => LeaseRun]>([
    ['of another engine', (run) => run.turnOver('b', 'c'), heldLease],
    ['of a container that was the holder’s before', (run) => run.turnOver('a', 'b', 'former'), heldLease],
    ['of a holder without a container yet', (run) => run.turnOver('a', 'b', null), grantedLease],
    ['of a holder that is losing the port already', (run) => run.turnOver('a', 'b'), revokingLease],
    ['of nobody', (run) => run.turnOver('a', 'b'), freeLease],
  ])('%s is ignored', (_, turn, start) => {
    const run = start()
    const before = run.state
    expect(turn(run)).toMatchObject({ answer: { kind: 'ignored' }, effects: [] })
    expect(run.state).toBe(before)
  })
})

describe('another Berth that holds the port', () => {
  it('keeps every engine from it, nominated or not, until it does not any more', () => {
    const run = freeLease()
    expect(run.conflict('held elsewhere').effects).toEqual([])
    expect([run.acquire('a'), run.acquire('a', true)]).toMatchObject([{ reason: 'conflict' }, { reason: 'conflict' }])
    expect(run.conflict('held elsewhere').answer).toMatchObject({ kind: 'ignored' })
    expect(run.conflict(null).effects).toMatchObject([{ kind: 'announce-vacancy', epoch: 0 }])
    expect(run.acquire('a')).toMatchObject(granted(1))
  })

  it('leaves our own holder in its place, and grants nothing after it', () => {
    const run = heldLease()
    const { holder } = run.state
    expect(run.conflict('held elsewhere').effects).toEqual([])
    expect(run.state.holder).toBe(holder)
    expect(run.condition).toBe('lease-conflict')
    run.revoke(1)
    expect(run.ended(1, 'a')).toMatchObject({ answer: { next: { reason: 'conflict' } }, effects: [] })
  })

  it('that goes while we hold the port announces nothing', () => {
    const run = heldLease()
    run.conflict('held elsewhere')
    expect(run.conflict(null).effects).toEqual([])
    expect(run.condition).toBeNull()
  })
})

describe('a forwarded container that the lease did not clear to start', () => {
  const removal = (containerId: string) => [{ kind: 'remove-containers', containerIds: [containerId] }]
  const legacy = (change: Partial<SurveyedContainer> = {}) => surveyed('old', null, change)

  it('with a newer epoch than the lease knows makes it start from the labels again, the holder still in its place', () => {
    const run = heldLease()
    const { holder } = run.state
    expect(run.found(surveyed('x', 2))).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toMatchObject({ recovering: true, holder, trouble: null })
    expect(run.acquire('b')).toMatchObject({ reason: 'recovering' })
  })

  it.each([
    ['of the present epoch', 1],
    ['of an earlier epoch', 0],
    ['of an epoch that nobody can have reached', 1e15],
  ])('%s is removed and reported', (_, epoch) => {
    const run = heldLease()
    expect(run.found(surveyed('x', epoch)).effects).toEqual(removal('x'))
    expect(run.state).toMatchObject({ recovering: false, epoch: 1, trouble: { code: 'several-forwarded' } })
  })

  it('of an older orchestrator, on the forwarded port that nobody holds, holds the next epoch as it is', () => {
    const run = heldLease().over(1)
    expect(run.found(legacy())).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toMatchObject({
      epoch: 2,
      holder: { engineId: 'engine-of-old', containerId: 'old', epoch: 2, port: PORT, phase: 'active' },
      vacantSince: null,
      trouble: null,
    })
    expect(run.state.log.at(-1)).toMatchObject({ epoch: 2, began: 'adopted', containerId: 'old' })
  })

  it.each<[string, Partial<SurveyedContainer>, () => LeaseRun]>([
    ['while somebody holds the port', {}, heldLease],
    ['while somebody is granted it', {}, grantedLease],
    ['on another port', { p2pPort: PORT + 1 }, freeLease],
    ['without a port', { p2pPort: null }, freeLease],
    ['while no port is known, with none of its own', { p2pPort: null }, () => new LeaseRun().recovered()],
    ['while another Berth holds the port', {}, () => afterwards(freeLease(), (run) => run.conflict('held elsewhere'))],
    ['while no VPN is configured', {}, () => afterwards(freeLease(), (run) => run.take({ kind: 'configure', enabled: false }))],
  ])('of an older orchestrator %s is removed', (_, change, start) => {
    const run = start()
    const { holder, epoch } = run.state
    expect(run.found(legacy(change)).effects).toEqual(removal('old'))
    expect(run.state).toMatchObject({ holder, epoch })
    expect(run.state.trouble).not.toBeNull()
  })

  it.each<[string, (run: LeaseRun) => unknown, () => LeaseRun]>([
    ['that is the holder’s own', (run) => run.found(surveyed('container-of-a', 9)), heldLease],
    ['that does not run', (run) => run.found(surveyed('x', 9, { running: false })), heldLease],
    ['while the labels are being listed anyway', (run) => run.found(surveyed('x', 9)), () => new LeaseRun()],
  ])('%s is nothing new', (_, find, start) => {
    const run = start()
    const before = run.state
    expect(find(run)).toMatchObject({ answer: { kind: 'ignored' }, effects: [] })
    expect(run.state).toBe(before)
  })
})

describe('what is reported of it', () => {
  it('is several-forwarded beside a holder, names both, and is over when it is removed', () => {
    const run = heldLease()
    run.found(surveyed('x', 1, { name: 'by-hand', p2pPort: null }))
    expect(run.state.trouble).toEqual({
      code: 'several-forwarded',
      detail: 'by-hand runs as forwarded too, but a holds the port (epoch 1); it is removed.',
    })
    expect(run.condition).toBe('several-forwarded')
    run.take({ kind: 'removed', containerIds: ['x'] })
    expect(run.condition).toBeNull()
  })

  it('is forwarded-without-port for one with a wrong port or none while nobody holds it, and is over when an engine has the port', () => {
    const run = freeLease()
    run.found(surveyed('x'.repeat(64), 0, { p2pPort: null }))
    expect(run.state.trouble).toEqual({
      code: 'forwarded-without-port',
      detail: `xxxxxxxxxxxx was started as forwarded with no P2P port instead of ${PORT}; it is removed and an engine with the port takes its place.`,
    })
    run.take({ kind: 'removed', containerIds: ['x'] })
    run.acquire('a')
    expect(run.condition).toBe('forwarded-without-port')
    run.confirm('a', 1)
    expect(run.condition).toBeNull()
  })

  it('is several-forwarded for one on the right port that nobody cleared', () => {
    const run = freeLease()
    run.found(surveyed('x', 0))
    expect(run.state.trouble).toMatchObject({ code: 'several-forwarded', detail: expect.stringContaining('none of them was started') })
  })

  it('stays while an engine is cleared to start beside it', () => {
    const run = grantedLease()
    run.found(surveyed('x', 0))
    run.confirm('a', 1)
    expect(run.condition).toBe('several-forwarded')
  })
})

it('of several conditions the one that explains the most is shown', () => {
  const run = new LeaseRun(false)
  const shown: (string | null)[] = []
  const after = (change: () => unknown) => {
    change()
    shown.push(run.condition)
  }
  run.state = { ...run.state, conflict: 'held elsewhere', trouble: { code: 'several-forwarded', detail: '' } }
  after(() => undefined)
  after(() => run.take({ kind: 'configure', enabled: true }))
  after(() => run.recovered())
  after(() => run.conflict(null))
  after(() => run.take({ kind: 'removed', containerIds: [] }))
  after(() => run.port(PORT))
  after(() => run.acquire('a'))
  after(() => run.port(null))
  after(() => run.confirm('a', 1))
  after(() => run.port(PORT))
  after(() => run.revoke(1))
  expect(shown).toEqual([
    'disabled',
    'recovering',
    'lease-conflict',
    'several-forwarded',
    'no-forwarded',
    'no-forwarded',
    'handing-over',
    'handing-over',
    'forwarded-without-port',
    null,
    'handing-over',
  ])
})

function afterwards(run: LeaseRun, change: (run: LeaseRun) => unknown): LeaseRun {
  change(run)
  return run
}

describe('force', () => {
  it.each<[string, (run: LeaseRun) => unknown, () => LeaseRun]>([
    ['naming the holder', (run) => run.take({ kind: 'designate', engineId: 'a', force: true, ...asked }), heldLease],
    ['undoing what was named', (run) => run.take({ kind: 'designate', engineId: null, force: true, ...asked }), heldLease],
    ['an election that joins the one under way', (run) => run.elect(null, { force: true }), grantedLease],
  ])('said with %s does not outlive it', (_, ask, start) => {
    const run = start()
    ask(run)
    expect(run.state.force).toBe(false)
  })
})

describe('a trouble', () => {
  it('with several containers is over when the last of them is gone', () => {
    const run = heldLease()
    run.found(surveyed('x', 1))
    run.found(surveyed('y', 1))
    run.take({ kind: 'removed', containerIds: ['x'] })
    expect(run.state.trouble?.code).toBe('several-forwarded')
    run.take({ kind: 'removed', containerIds: ['y'] })
    expect(run.state.trouble).toBeNull()
  })

  it('of a forwarded container without a port is over when an older orchestrator’s with the port is adopted', () => {
    const run = freeLease()
    run.found(surveyed('x', null, { p2pPort: null }))
    expect(run.state.trouble?.code).toBe('forwarded-without-port')
    run.found(surveyed('y', null, { p2pPort: PORT }))
    expect(run.state).toMatchObject({ trouble: null, holder: { containerId: 'y' } })
  })
})
