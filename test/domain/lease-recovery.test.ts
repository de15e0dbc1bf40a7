import { describe, expect, it } from 'vitest'
import { type LeaseState, restoredLease, type SurveyedContainer } from '../../src/domain/lease-state.js'
import { viewOf } from '../../src/domain/lease-view.js'
import { freeLease, heldLease, LeaseRun, PORT, surveyed as found } from './samples.js'

function recover(survey: SurveyedContainer[], run = new LeaseRun()) {
  const { effects, answer } = run.take({ kind: 'recovered', survey })
  return { run, effects, answer }
}

describe('a lease that starts from the labels', () => {
  it('finds nothing: the first epoch is 1', () => {
    const { run, effects } = recover([])
    expect(effects).toEqual([])
    run.port(PORT)
    expect(run.acquire('a')).toMatchObject({ kind: 'granted', epoch: 1 })
  })

  it('finds the holder, active in its container, and goes on with its epoch', () => {
    const { run, effects } = recover([found('c7', 7)])
    expect(effects).toEqual([])
    expect(run.state).toMatchObject({
      epoch: 7,
      holder: { engineId: 'engine-of-c7', epoch: 7, phase: 'active', containerId: 'c7', port: PORT },
    })
    expect(run.acquire('engine-of-c7')).toMatchObject({ kind: 'granted', epoch: 7, phase: 'active', containerId: 'c7' })
    run.port(PORT)
    expect(run.over(7).acquire('b')).toMatchObject({ kind: 'granted', epoch: 8 })
  })

  it('was told of an epoch that no container has: it shows that one at once, and grants none up to it', () => {
    const run = new LeaseRun()
    run.state = { ...run.state, seenEpoch: 5 }
    expect([viewOf(run.state).epoch, run.state.recovering]).toEqual([5, true])
    recover([found('c4', 4)], run)
    expect(viewOf(run.state)).toMatchObject({ epoch: 5, recovering: false, holder: { epoch: 4, containerId: 'c4' } })
    run.port(PORT)
    expect(run.over(4).acquire('b')).toMatchObject({ kind: 'granted', epoch: 6 })
  })

  it('finds several running: the highest epoch stays and the others are removed', () => {
    const { run, effects } = recover([found('c3', 3), found('c9', 9), found('c5', 5)])
    expect(run.state.holder).toMatchObject({ containerId: 'c9', epoch: 9 })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['c3', 'c5'] }])
  })

  it('chooses the same one whatever the order of the list', () => {
    const survey = [found('b', 2), found('a', 2), found('c', 1)]
    const orders = [survey, survey.toReversed(), [survey[1], survey[2], survey[0]] as SurveyedContainer[]]
    expect(orders.map((order) => recover(order).run.state.holder?.containerId)).toEqual(['a', 'a', 'a'])
  })

  it('adopts one without an epoch as the next, recorded in the lease only', () => {
    const { run } = recover([found('old', null)])
    expect(run.state).toMatchObject({ epoch: 1, holder: { epoch: 1, containerId: 'old' } })
    run.port(PORT)
    expect(run.over(1).acquire('b')).toMatchObject({ epoch: 2 })
  })

  it('prefers one with an epoch to one without', () => {
    const { run, effects } = recover([found('old', null), found('new', 4)])
    expect(run.state).toMatchObject({ epoch: 4, holder: { containerId: 'new', epoch: 4 } })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['old'] }])
  })

  it('never uses an epoch again that a container bears, running or not', () => {
    const { run, effects } = recover([found('c6', 6, { running: false }), found('c5', 5)])
    expect(run.state).toMatchObject({ epoch: 6, holder: { epoch: 5 } })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['c6'] }])
    run.port(PORT)
    expect(run.over(5).acquire('b')).toMatchObject({ epoch: 7 })
  })

  it('gives one without an epoch a higher one than any dead container bears', () => {
    const { run } = recover([found('old', null), found('dead', 6, { running: false })])
    expect(run.state).toMatchObject({ epoch: 7, holder: { containerId: 'old', epoch: 7 } })
  })

  it.each([
    ['does not run', { running: false }],
    ['bears no port', { p2pPort: null }],
  ])('does not take for the holder what %s, and removes it', (_, change) => {
    const { run, effects } = recover([found('c2', 2, change)])
    expect(run.state).toMatchObject({ holder: null, epoch: 2 })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['c2'] }])
  })

  it('replaces a holder that is on another port than the one forwarded', () => {
    const run = new LeaseRun()
    run.port(PORT + 1)
    const { effects } = recover([found('c2', 2)], run)
    expect(run.state.holder).toMatchObject({ phase: 'revoking', reason: 'port-changed' })
    expect(effects).toEqual([{ kind: 'tell-holder', engineId: 'engine-of-c2', epoch: 2, reason: 'port-changed' }])
  })

  it('replaces it as well when the port becomes known only later', () => {
    const { run } = recover([found('c2', 2)])
    expect(run.state.holder?.phase).toBe('active')
    run.port(PORT + 1)
    expect(run.state.holder).toMatchObject({ phase: 'revoking', reason: 'port-changed' })
  })

  it('announces the vacancy when the port is known and nobody is found', () => {
    const run = new LeaseRun()
    run.port(PORT)
    expect(recover([], run).effects).toMatchObject([{ kind: 'announce-vacancy', epoch: 0 }])
  })

  it('unseats what it finds while no VPN is configured', () => {
    const { run, effects } = recover([found('c2', 2)], new LeaseRun(false))
    expect(run.state.holder).toMatchObject({ phase: 'revoking', reason: 'disabled' })
    expect(effects).toMatchObject([{ kind: 'tell-holder', reason: 'disabled' }])
  })

  it('keeps in mind what was designated and switched meanwhile', () => {
    const run = new LeaseRun()
    run.designate('b')
    recover([], run)
    run.port(PORT)
    expect(run.acquire('a')).toMatchObject({ reason: 'reserved' })
    expect(run.acquire('b')).toMatchObject({ kind: 'granted' })
  })

  it('recovers once: a second survey is ignored', () => {
    const { run } = recover([found('c2', 2)])
    const before = run.state
    expect(recover([found('c9', 9)], run).answer).toMatchObject({ kind: 'ignored' })
    expect(run.state).toBe(before)
  })

  it('names the holder’s engine in `designate` before recovery without unseating it', () => {
    const run = new LeaseRun()
    run.designate('engine-of-c2')
    recover([found('c2', 2)], run)
    expect(run.state.holder?.phase).toBe('active')
  })
})

/** The lease's state is an old copy: a container runs that bears a later epoch than it knows. */
function outdated(run: LeaseRun): LeaseRun {
  run.found(found('newer', 9))
  return run
}

describe('of several that run', () => {
  it('one that answers is taken before one with a higher epoch that does not', () => {
    const { run } = recover([found('sick', 9, { healthy: false }), found('well', 4, { healthy: true })])
    expect(run.state).toMatchObject({ epoch: 9, holder: { containerId: 'well', epoch: 4 } })
  })

  it('one that nobody asked counts as one that answers', () => {
    const { run } = recover([found('asked', 4, { healthy: true }), found('not-asked', 5, { healthy: null })])
    expect(run.state.holder).toMatchObject({ containerId: 'not-asked' })
  })

  it('the highest epoch is taken when none answers', () => {
    const { run } = recover([found('c3', 3, { healthy: false }), found('c4', 4, { healthy: false })])
    expect(run.state.holder).toMatchObject({ containerId: 'c4' })
  })

  it('of older orchestrators the one on the forwarded port is taken, though another one is newer', () => {
    const survey = [found('newest', null, { p2pPort: PORT + 1, createdAt: 9 }), found('on-port', null, { createdAt: 1 })]
    const { run, effects } = recover(survey, afterPort())
    expect(run.state.holder).toMatchObject({ containerId: 'on-port', port: PORT, phase: 'active' })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['newest'] }])
  })

  it('the port that the survey learned decides while the lease has heard of none', () => {
    const run = new LeaseRun()
    const survey = [found('newest', null, { p2pPort: PORT + 1, createdAt: 9 }), found('on-port', null, { createdAt: 1 })]
    run.take({ kind: 'recovered', survey, port: PORT })
    expect(run.state.holder).toMatchObject({ containerId: 'on-port' })
    expect(run.state.port.value).toBeNull()
  })

  it('of older orchestrators the newest is taken when the port does not decide', () => {
    const survey = [found('a', null, { createdAt: 1 }), found('b', null, { createdAt: 5 }), found('c', null, { createdAt: 3 })]
    expect(recover(survey).run.state.holder).toMatchObject({ containerId: 'b', epoch: 1 })
  })

  it('those that are removed are reported; dead ones are not', () => {
    const { run } = recover([found('c9', 9), found('c5', 5, { name: 'the-other' }), found('dead', 3, { running: false, name: 'dead' })])
    expect(run.state.trouble).toEqual({
      code: 'several-forwarded',
      detail: 'the-other runs as forwarded too, but engine-of-c9 holds the port (epoch 9); it is removed.',
    })
    expect(recover([found('c9', 9), found('dead', 3, { running: false })]).run.state.trouble).toBeNull()
  })

  it('one without a port that is removed is reported when no other is left', () => {
    const { run, effects } = recover([found('c2', 2, { p2pPort: null, name: 'portless' })], afterPort())
    expect(run.state).toMatchObject({ holder: null, trouble: { code: 'forwarded-without-port' } })
    expect(effects.map(({ kind }) => kind)).toEqual(['remove-containers', 'announce-vacancy'])
  })
})

describe('an epoch that nobody can have reached', () => {
  it('is not believed: its container is removed and the epochs go on as before', () => {
    const { run, effects } = recover([found('forged', 1e15), found('c4', 4)])
    expect(run.state).toMatchObject({ epoch: 4, holder: { containerId: 'c4' } })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['forged'] }])
  })

  it('makes no holder, though it runs alone', () => {
    const { run, effects } = recover([found('forged', 1e15)])
    expect(run.state).toMatchObject({ epoch: 0, holder: null, trouble: { code: expect.any(String) } })
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['forged'] }])
  })
})

describe('a lease that turns out to be an old copy', () => {
  it('clears nothing to start until it has listed the labels', () => {
    const run = freeLease()
    run.acquire('a')
    outdated(run)
    expect(run.confirm('a', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(run.state.holder).toMatchObject({ phase: 'granted', containerId: null })
  })

  it('confirms again what it had cleared before', () => {
    const run = outdated(heldLease())
    expect(run.confirm('a', 1)).toEqual({ kind: 'confirmed', epoch: 1 })
    expect(run.confirm('a', 1, 'another')).toMatchObject({ kind: 'refused' })
  })

  it.each(['granted', 'active'])('has its %s holder fenced first, and takes the container with the newer epoch then', (phase) => {
    const run = freeLease()
    run.acquire('a')
    if (phase === 'active') run.confirm('a', 1)
    outdated(run)
    const survey = [found('newer', 9)]
    expect(recover(survey, run)).toMatchObject({ answer: { kind: 'ignored' }, effects: [] })
    expect(run.state).toMatchObject({ recovering: true, epoch: 1, holder: { epoch: 1, phase: 'revoking', reason: 'superseded' } })
    expect(run.take({ kind: 'recovered', survey, fenced: 0 }).answer).toMatchObject({ kind: 'ignored' })
    expect(run.take({ kind: 'recovered', survey, fenced: 1 }).answer).toMatchObject({ kind: 'accepted' })
    expect(run.state).toMatchObject({ recovering: false, epoch: 9, holder: { containerId: 'newer', epoch: 9, phase: 'active' } })
    expect(run.state.log).toMatchObject([
      { epoch: 1, ended: 'superseded', endedAt: expect.any(Number) },
      { epoch: 9, began: 'recovered', ended: null },
    ])
  })

  it('keeps the reason of a holder that was being revoked before', () => {
    const run = heldLease()
    run.revoke(1, 'died')
    outdated(run)
    expect(recover([found('newer', 9)], run).answer).toMatchObject({ kind: 'ignored' })
    expect(run.state.holder).toMatchObject({ phase: 'revoking', reason: 'died' })
  })

  it('does not fence a holder that has handed the port back meanwhile', () => {
    const run = outdated(heldLease())
    run.revoke(1)
    expect(run.ended(1, 'a').answer).toMatchObject({ next: { reason: 'recovering' } })
    recover([found('newer', 9)], run)
    expect(run.state).toMatchObject({ recovering: false, holder: { containerId: 'newer' } })
  })

  it('keeps its holder when that runs, has the newer one removed and reports it', () => {
    const run = outdated(heldLease())
    const { holder } = run.state
    const { effects } = recover([found('newer', 9), found('container-of-a', 1, { engineId: 'a' })], run)
    expect(effects).toEqual([{ kind: 'remove-containers', containerIds: ['newer'] }])
    expect(run.state).toMatchObject({ recovering: false, epoch: 9, holder, trouble: { code: 'several-forwarded' } })
    expect(run.over(1).acquire('b')).toMatchObject({ kind: 'granted', epoch: 10 })
  })

  it('does not keep a holder that runs although it is being revoked, without the proof that it is gone', () => {
    const run = outdated(heldLease())
    run.revoke(1)
    expect(recover([found('container-of-a', 1)], run).answer).toMatchObject({ kind: 'ignored' })
    expect(run.state.holder).toMatchObject({ phase: 'revoking' })
  })

  it('never takes a container with an epoch that it had given out before', () => {
    const run = outdated(heldLease().over(1))
    const { effects } = recover([found('c1', 1), found('c0', 0)], run)
    expect(run.state).toMatchObject({ holder: null, epoch: 9, trouble: { code: 'several-forwarded' } })
    expect(effects).toMatchObject([{ kind: 'remove-containers', containerIds: ['c1', 'c0'] }, { kind: 'announce-vacancy' }])
  })
})

describe('another Berth that the survey has found', () => {
  it('keeps the port from everybody from the first moment', () => {
    const run = afterPort()
    const { effects } = run.take({ kind: 'recovered', survey: [], conflict: 'held elsewhere' })
    expect(effects).toEqual([])
    expect(run.state).toMatchObject({ recovering: false, conflict: 'held elsewhere' })
    expect(run.acquire('a', true)).toMatchObject({ reason: 'conflict' })
  })

  it('that was known before is not forgotten by a survey that found none', () => {
    const run = new LeaseRun()
    run.conflict('held elsewhere')
    run.take({ kind: 'recovered', survey: [], conflict: null })
    expect(run.state.conflict).toBe('held elsewhere')
  })
})

it('a state of an older version is completed with all that has come since', () => {
  const { nominee, force, trouble, conflict, ...older } = heldLease().state
  expect(restoredLease(older as LeaseState)).toEqual({ ...older, nominee, force, trouble, conflict })
  const nominated = freeLease()
  nominated.elect(null, { candidate: 'b', force: true })
  expect(restoredLease(nominated.state)).toEqual(nominated.state)
})

function afterPort(): LeaseRun {
  const run = new LeaseRun()
  run.port(PORT)
  return run
}
