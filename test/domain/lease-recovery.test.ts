import { describe, expect, it } from 'vitest'
import type { SurveyedContainer } from '../../src/domain/lease.js'
import { LeaseRun, PORT } from './samples.js'

const found = (containerId: string, epoch: number | null, change: Partial<SurveyedContainer> = {}): SurveyedContainer => ({
  containerId,
  engineId: `engine-of-${containerId}`,
  epoch,
  p2pPort: PORT,
  running: true,
  ...change,
})

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
