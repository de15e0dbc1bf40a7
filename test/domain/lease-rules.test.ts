import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/domain/lease-view.js'
import { freeLease, heldLease, LeaseRun, PORT } from './samples.js'

const granted = (epoch: number, change = {}) => ({ kind: 'granted', epoch, port: PORT, phase: 'granted', containerId: null, ...change })

describe('acquire', () => {
  it('grants the free port with the next epoch', () => {
    expect(freeLease().acquire('a')).toEqual(granted(1))
    expect(heldLease().over(1).acquire('b')).toEqual(granted(2))
  })

  it('gives the holder its grant again, with its container id once it is active', () => {
    const run = freeLease()
    expect([run.acquire('a'), run.acquire('a')]).toEqual([granted(1), granted(1)])
    run.confirm('a', 1, 'c1')
    expect(run.acquire('a')).toEqual(granted(1, { phase: 'active', containerId: 'c1' }))
    expect(run.state.log).toHaveLength(1)
  })

  it.each([
    ['held', () => heldLease()],
    ['revoking', () => afterwards(heldLease(), (run) => run.revoke(1))],
    ['no-port', () => new LeaseRun().recovered()],
    ['recovering', () => new LeaseRun()],
    ['disabled', () => new LeaseRun(false).recovered()],
    ['reserved', () => afterwards(freeLease(), (run) => run.designate('a'))],
  ])('is denied with reason %s and changes nothing', (reason, start) => {
    const run = start()
    const before = run.state
    const { holder } = viewOf(before)
    expect(run.acquire('b')).toEqual({
      kind: 'denied',
      reason,
      holder: holder && { engineId: holder.engineId, epoch: holder.epoch, phase: holder.phase },
    })
    expect(run.state).toBe(before)
  })

  it('tells the former holder that it is still being revoked', () => {
    const run = heldLease()
    run.revoke(1)
    expect(run.acquire('a')).toMatchObject({ kind: 'denied', reason: 'revoking', holder: { engineId: 'a', epoch: 1 } })
  })

  it('does not grant to a nominated engine what is held, portless, recovering or disabled', () => {
    expect(heldLease().acquire('b', true)).toMatchObject({ reason: 'held' })
    expect(new LeaseRun().recovered().acquire('b', true)).toMatchObject({ reason: 'no-port' })
    expect(new LeaseRun().acquire('b', true)).toMatchObject({ reason: 'recovering' })
    expect(new LeaseRun(false).recovered().acquire('b', true)).toMatchObject({ reason: 'disabled' })
  })
})

describe('confirm', () => {
  it('is accepted once, and again for the same container only', () => {
    const run = freeLease()
    run.acquire('a')
    expect(run.confirm('a', 1, 'c1')).toEqual({ kind: 'confirmed', epoch: 1 })
    const active = run.state
    expect(run.confirm('a', 1, 'c1')).toEqual({ kind: 'confirmed', epoch: 1 })
    expect(run.confirm('a', 1, 'c2')).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(run.state).toBe(active)
    expect(run.state.holder).toMatchObject({ phase: 'active', containerId: 'c1' })
  })

  it.each([
    ['of a lower epoch', 'b', 1],
    ['of a higher epoch', 'b', 3],
    ['by another engine', 'a', 2],
  ])('%s is refused', (_, engineId, epoch) => {
    const run = heldLease().over(1)
    run.acquire('b')
    expect(run.confirm(engineId, epoch)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(run.state.holder?.phase).toBe('granted')
  })

  it.each(['before it was accepted', 'after it was accepted'])('is refused from the revocation on, which came %s', (when) => {
    const run = freeLease()
    run.acquire('a')
    if (when === 'after it was accepted') run.confirm('a', 1, 'c1')
    run.revoke(1)
    expect(run.confirm('a', 1, 'c1')).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    run.ended(1)
    expect(run.confirm('a', 1, 'c1')).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
  })

  it('is refused when the port moved between grant and confirm', () => {
    const run = freeLease()
    run.acquire('a')
    run.port(PORT + 1)
    expect(run.confirm('a', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
  })

  it('records how long nobody was active', () => {
    const run = heldLease()
    run.revoke(1)
    const since = run.now
    run.ended(1, 'b')
    run.confirm('b', 2)
    expect(run.state.log.at(-1)).toMatchObject({ epoch: 2, began: 'died', gapMs: run.now - since, ended: null })
    expect(run.state.vacantSince).toBeNull()
  })
})

describe('revoke', () => {
  it('tells the holder, except when the holder itself says it', () => {
    expect(heldLease().revoke(1, 'elected', 'operator').effects).toEqual([
      { kind: 'tell-holder', engineId: 'a', epoch: 1, reason: 'elected' },
    ])
    expect(heldLease().revoke(1, 'died', 'a').effects).toEqual([])
  })

  it('of another epoch is ignored', () => {
    const run = heldLease()
    expect(run.revoke(2).answer).toMatchObject({ kind: 'ignored' })
    expect(run.state.holder?.phase).toBe('active')
  })

  it('twice keeps the first reason and tells once', () => {
    const run = heldLease()
    run.revoke(1, 'died')
    expect(run.revoke(1, 'elected')).toMatchObject({ answer: { kind: 'revoking', epoch: 1 }, effects: [] })
    run.ended(1)
    expect(run.state.log.at(-1)?.ended).toBe('died')
  })
})

describe('ended', () => {
  it('is refused before the revocation', () => {
    const run = heldLease()
    expect(run.ended(1, 'b').answer).toMatchObject({ kind: 'refused', type: 'NotRevoked' })
    expect(run.state.holder).toMatchObject({ engineId: 'a', epoch: 1 })
  })

  it('frees the port and grants the next epoch in the same answer', () => {
    const run = heldLease()
    run.revoke(1)
    expect(run.ended(1, 'b')).toMatchObject({ answer: { kind: 'ended', next: granted(2) }, effects: [] })
  })

  it('announces the vacancy when nobody asked', () => {
    const run = heldLease()
    run.revoke(1)
    const { answer, effects } = run.ended(1)
    expect(answer).toEqual({ kind: 'ended', next: null })
    expect(effects).toEqual([{ kind: 'announce-vacancy', epoch: 1, excluded: null, preferred: null, force: false }])
  })

  it('of an epoch that is over answers the request and ends nothing', () => {
    const run = heldLease().over(1)
    run.acquire('b')
    expect(run.ended(1, 'a').answer).toMatchObject({ kind: 'ended', next: { kind: 'denied', reason: 'held', holder: { engineId: 'b' } } })
    expect(run.ended(1).effects).toEqual([])
    expect(run.state.holder).toMatchObject({ engineId: 'b', epoch: 2, phase: 'granted' })
  })

  it('of an epoch never granted does not free the holder', () => {
    const run = heldLease()
    run.revoke(1)
    run.ended(7)
    expect(run.state.holder).toMatchObject({ epoch: 1, phase: 'revoking' })
  })
})

describe('elect', () => {
  it('unseats the holder, which does not get the port again by asking', () => {
    const run = heldLease()
    expect(run.elect().effects).toEqual([{ kind: 'tell-holder', engineId: 'a', epoch: 1, reason: 'forced' }])
    const { answer, effects } = run.ended(1, 'a')
    expect(answer).toMatchObject({ next: { kind: 'denied', reason: 'reserved' } })
    expect(effects).toEqual([{ kind: 'announce-vacancy', epoch: 1, excluded: 'a', preferred: null, force: false }])
    expect(run.acquire('a')).toMatchObject({ reason: 'reserved' })
  })

  it('gives it back to the unseated engine when the fleet nominates it', () => {
    const run = heldLease()
    run.elect()
    run.ended(1, 'a')
    expect(run.acquire('a', true)).toEqual(granted(2))
  })

  it('excludes until somebody else had the port', () => {
    const run = heldLease()
    run.elect()
    run.ended(1, 'b')
    run.confirm('b', 2)
    expect(run.over(2).acquire('a')).toEqual(granted(3))
  })

  it('during a revocation only excludes the engine that is leaving', () => {
    const run = heldLease()
    run.revoke(1)
    expect(run.elect().effects).toEqual([])
    expect(run.state).toMatchObject({ excluded: 'a', holder: { phase: 'revoking', reason: 'died' } })
  })

  it('announces the vacancy again when nobody holds the port', () => {
    expect(freeLease().elect().effects).toMatchObject([{ kind: 'announce-vacancy', epoch: 0 }])
  })

  it('with a request id taken before has no second effect', () => {
    const run = heldLease()
    run.elect('r1')
    run.ended(1, 'b')
    run.confirm('b', 2)
    const before = run.state
    expect(run.elect('r1')).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state).toBe(before)
    run.elect('r2')
    expect(run.state.holder?.phase).toBe('revoking')
  })

  it('is refused while no VPN is configured, and the request id stays unused', () => {
    const run = new LeaseRun(false).recovered()
    expect(run.elect('r1').answer).toMatchObject({ kind: 'refused', type: 'LeaseDisabled' })
    expect(run.state.recent).toEqual([])
  })
})

describe('designate', () => {
  it('unseats another holder and reserves the port for the named engine', () => {
    const run = heldLease()
    expect(run.designate('b').effects).toEqual([{ kind: 'tell-holder', engineId: 'a', epoch: 1, reason: 'designated' }])
    expect(run.ended(1, 'a')).toMatchObject({
      answer: { next: { reason: 'reserved' } },
      effects: [{ kind: 'announce-vacancy', preferred: 'b' }],
    })
    expect(run.acquire('c')).toMatchObject({ reason: 'reserved' })
    expect(run.acquire('b')).toEqual(granted(2))
  })

  it('of the holder leaves it where it is', () => {
    const run = heldLease()
    expect(run.designate('a')).toMatchObject({ answer: { kind: 'accepted' }, effects: [] })
    expect(run.state.holder?.phase).toBe('active')
  })

  it('lets a nominated engine have the port when the named one cannot', () => {
    const run = freeLease()
    run.designate('gone')
    expect(run.acquire('c', true)).toEqual(granted(1))
  })

  it('of nobody undoes it', () => {
    const run = freeLease()
    run.designate('b')
    run.designate(null)
    expect(run.acquire('c')).toEqual(granted(1))
  })

  it('of the engine that an election has just unseated lets it come back', () => {
    const run = heldLease()
    run.elect()
    run.designate('a')
    expect(run.ended(1, 'a').answer).toMatchObject({ next: granted(2) })
  })

  it('with a request id taken before has no second effect', () => {
    const run = heldLease()
    run.designate('b', 'r1')
    run.designate(null, 'r2')
    run.designate('b', 'r1')
    expect(run.state.preferred).toBeNull()
  })
})

describe('an observation of the port', () => {
  it('that is older than the newest one is ignored', () => {
    const run = heldLease()
    run.take({ kind: 'portObserved', port: PORT, generation: { session: 2, sequence: 5 } })
    const before = run.state
    for (const generation of [
      { session: 2, sequence: 5 },
      { session: 2, sequence: 4 },
      { session: 1, sequence: 99 },
    ]) {
      expect(run.take({ kind: 'portObserved', port: 1, generation }).answer).toMatchObject({ kind: 'ignored' })
    }
    expect(run.state).toBe(before)
    run.take({ kind: 'portObserved', port: PORT + 1, generation: { session: 3, sequence: 1 } })
    expect(run.state.port.value).toBe(PORT + 1)
  })

  it('with none keeps the holder in its place and grants nothing new', () => {
    const run = heldLease()
    expect(run.port(null).effects).toEqual([])
    expect(run.state.holder).toMatchObject({ engineId: 'a', epoch: 1, phase: 'active' })
    expect(viewOf(run.state).condition?.code).toBe('forwarded-without-port')
    run.over(1)
    expect(run.acquire('b')).toMatchObject({ reason: 'no-port' })
  })

  it('with the same port again after none changes nothing for the holder', () => {
    const run = heldLease()
    run.port(null)
    expect(run.port(PORT).effects).toEqual([])
    expect(viewOf(run.state).condition).toBeNull()
  })

  it.each(['at once', 'after none'])('with another port, %s, revokes the holder, which gets the new one', (how) => {
    const run = heldLease()
    if (how === 'after none') run.port(null)
    expect(run.port(PORT + 1).effects).toEqual([{ kind: 'tell-holder', engineId: 'a', epoch: 1, reason: 'port-changed' }])
    expect(run.ended(1, 'a').answer).toMatchObject({ next: granted(2, { port: PORT + 1 }) })
  })

  it('announces the vacancy when a port appears, once', () => {
    const run = new LeaseRun().recovered()
    expect(run.port(PORT).effects).toMatchObject([{ kind: 'announce-vacancy' }])
    expect(run.port(PORT).effects).toEqual([])
    expect(run.port(null).effects).toEqual([])
    expect(run.port(PORT + 1).effects).toMatchObject([{ kind: 'announce-vacancy' }])
  })
})

describe('configuring', () => {
  it('off revokes the holder and grants nothing; on announces the vacancy', () => {
    const run = heldLease()
    expect(run.take({ kind: 'configure', enabled: false }).effects).toMatchObject([{ kind: 'tell-holder', reason: 'disabled' }])
    expect(run.ended(1, 'a')).toMatchObject({ answer: { next: { reason: 'disabled' } }, effects: [] })
    expect(run.take({ kind: 'configure', enabled: true }).effects).toMatchObject([{ kind: 'announce-vacancy' }])
  })

  it('to what it is already is ignored', () => {
    expect(heldLease().take({ kind: 'configure', enabled: true })).toMatchObject({ answer: { kind: 'ignored' }, effects: [] })
  })
})

it('the view says in one word why there is no healthy forwarded engine', () => {
  const codes = [
    new LeaseRun(false),
    new LeaseRun(),
    new LeaseRun().recovered(),
    freeLease(),
    afterwards(freeLease(), (run) => run.acquire('a')),
    heldLease(),
    afterwards(heldLease(), (run) => run.revoke(1)),
  ].map((run) => viewOf(run.state).condition?.code ?? null)
  expect(codes).toEqual(['disabled', 'recovering', 'no-forwarded', 'no-forwarded', 'handing-over', null, 'handing-over'])
})

function afterwards(run: LeaseRun, change: (run: LeaseRun) => unknown): LeaseRun {
  change(run)
  return run
}
