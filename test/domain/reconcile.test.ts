import { describe, expect, it } from 'vitest'
import { compare, engineIdOf, type Observation, type SeenContainer } from '../../src/domain/reconcile.js'
import { aLease, anEngine, frozen } from './samples.js'

const NOW = 1_000_000
const VPN = { id: 'vpn1', running: true, startedAt: 100 }

const seen = (engineId: string | null, change: Partial<SeenContainer> = {}): SeenContainer => ({
  id: `container-of-${engineId}`,
  state: 'running',
  createdAt: 0,
  networkMode: 'container:vpn1',
  startedAt: 200,
  engine: { engineId, pool: 'default', forwarded: false, httpPort: 6878, httpsPort: 45000 },
  ...change,
})

const holder = { engineId: 'a', epoch: 3, port: 51413, phase: 'active' as const, containerId: 'container-of-a', since: 0 }

/** A pool in which all is well: engine `a` holds the port, `b` follows. */
const well = (change: Partial<Observation> = {}): Observation => ({
  pool: 'default',
  engines: [anEngine('a', { forwarded: true, epoch: 3 }), anEngine('b')],
  lease: aLease({ holder }),
  containers: [seen('a'), seen('b')],
  vpn: VPN,
  now: NOW,
  ...change,
})

const found = (change: Partial<Observation>) => compare(frozen(well(change)))
const withB = (change: Partial<SeenContainer>) => ({ containers: [seen('a'), seen('b', change)] })

it('says nothing when the view and Docker agree', () => {
  expect(compare(frozen(well()))).toEqual([])
})

it('says the same again as long as it differs', () => {
  const observation = well({ containers: [seen('a')] })
  expect(compare(observation)).toEqual(compare(observation))
  expect(compare(observation)).toHaveLength(1)
})

describe('lost', () => {
  it.each<[string, Partial<Observation>, string]>([
    ['is gone', { containers: [seen('a')] }, 'gone'],
    ['has ended', withB({ state: 'exited' }), 'exited'],
    ['is dead', withB({ state: 'dead' }), 'exited'],
    ['was never started', withB({ state: 'created' }), 'exited'],
    ['shares the network of a Gluetun that was made anew', withB({ networkMode: 'container:vpn0' }), 'vpn-recreated'],
    ['was started before Gluetun was started again', withB({ startedAt: 99 }), 'orphaned'],
  ])('is an engine whose container %s', (_, change, reason) => {
    expect(found(change)).toEqual([{ kind: 'lost', engineId: 'b', containerId: 'container-of-b', reason }])
  })

  it.each<[string, Partial<Observation>]>([
    ['Gluetun is not running', { vpn: { ...VPN, running: false } }],
    ['Gluetun is not there', { vpn: { id: '', running: false, startedAt: null } }],
    ['there is no VPN', { vpn: null }],
  ])('says nothing about orphans while %s', (_, change) => {
    for (const orphan of [{ networkMode: 'container:vpn0' }, { startedAt: 99 }]) expect(found({ ...withB(orphan), ...change })).toEqual([])
  })

  it('does not take for an orphan what has its own network, is paused, or whose start is not known', () => {
    for (const change of [{ networkMode: 'bridge', startedAt: 1 }, { state: 'paused', startedAt: 1 }, { startedAt: null }]) {
      expect(found(withB(change))).toEqual([])
    }
    expect(found({ ...withB({ startedAt: 1 }), vpn: { ...VPN, startedAt: null } })).toEqual([])
  })

  it.each(['provisioning', 'backing-off', 'removing'] as const)('is no engine that is %s: its container is being seen to', (phase) => {
    expect(found({ engines: [anEngine('a', { forwarded: true }), anEngine('b', { phase })], containers: [seen('a')] })).toEqual([])
  })

  it('still sees what has ended while Gluetun is not running', () => {
    expect(found({ ...withB({ state: 'exited' }), vpn: { ...VPN, running: false } })).toMatchObject([{ kind: 'lost', reason: 'exited' }])
  })
})

describe('a container that no engine knows', () => {
  const others = (container: SeenContainer) => ({ containers: [seen('a'), seen('b'), container] })

  it('is to be adopted when it runs', () => {
    const stranger = seen('x')
    expect(found(others(stranger))).toEqual([{ kind: 'found', engineId: 'x', container: stranger }])
  })

  it('gets an id made from its own when an older orchestrator wrote none', () => {
    const stranger = seen(null, { id: '0123456789abcdef' })
    expect(found(others(stranger))).toMatchObject([{ kind: 'found', engineId: 'c0123456789ab' }])
    expect(engineIdOf(stranger)).toBe('c0123456789ab')
  })

  it('is left alone when its HTTP port is not known', () => {
    const { engine } = seen('x')
    expect(found(others(seen('x', { engine: { ...engine, httpPort: null } })))).toEqual([])
  })

  it.each(['created', 'exited', 'dead'])('and is %s is a left-over after a minute, not before', (state) => {
    expect(found(others(seen('x', { state, createdAt: NOW - 60_001 })))).toEqual([
      { kind: 'leftover', engineId: 'x', containerId: 'container-of-x' },
    ])
    expect(found(others(seen('x', { state, createdAt: NOW - 59_999 })))).toEqual([])
  })

  it('and does not run is left alone when it bears no engine id: it may be somebody’s', () => {
    expect(found(others(seen(null, { id: 'f'.repeat(64), state: 'exited' })))).toEqual([])
  })

  it('of another pool is none of ours', () => {
    expect(found(others(seen('x', { engine: { ...seen('x').engine, pool: 'other' } })))).toEqual([])
  })
})

describe('a second container of an engine', () => {
  const second = (change: Partial<SeenContainer> = {}) => ({ containers: [seen('a'), seen('b'), seen('b', { id: 'second', ...change })] })

  it('is a left-over, whether it runs or not', () => {
    for (const state of ['running', 'created', 'exited']) {
      expect(found(second({ state }))).toEqual([{ kind: 'leftover', engineId: 'b', containerId: 'second' }])
    }
  })

  it('is left alone while its engine is being provisioned: it may be the new one', () => {
    const engines = [anEngine('a', { forwarded: true }), anEngine('b', { phase: 'provisioning' })]
    expect(found({ ...second(), engines })).toEqual([])
  })

  it('is left alone when the lease names it, or when it is being removed already', () => {
    const named = aLease({ holder: { ...holder, engineId: 'b', containerId: 'second' } })
    expect(found({ ...second(), lease: named })).toEqual([])
    expect(found(second({ state: 'removing' }))).toEqual([])
  })
})

describe('the lease', () => {
  const alone = { engines: [anEngine('b')], containers: [seen('b')] }

  it('misses its holder when neither engine nor running container is there', () => {
    expect(found(alone)).toEqual([{ kind: 'holder-missing', epoch: 3 }])
    expect(found({ ...alone, containers: [seen('b'), seen('a', { state: 'exited', createdAt: NOW })] })).toContainEqual({
      kind: 'holder-missing',
      epoch: 3,
    })
  })

  it('does not miss one whose container runs: it is to be adopted', () => {
    expect(found({ ...alone, containers: [seen('a'), seen('b')] }).map(({ kind }) => kind)).toEqual(['found'])
  })

  it.each(['granted', 'revoking'] as const)('does not miss a holder in phase %s: the lease sees to it', (phase) => {
    expect(found({ ...alone, lease: aLease({ holder: { ...holder, phase } }) })).toEqual([])
  })

  it('is vacant when nobody holds a port that is there', () => {
    expect(found({ lease: aLease({ preferred: 'b' }) })).toEqual([{ kind: 'vacant', epoch: 3, preferred: 'b' }])
  })

  it.each([
    ['there is no port', { port: null }],
    ['it is recovering', { recovering: true }],
    ['it is disabled', { enabled: false }],
  ])('is not vacant when %s', (_, change) => {
    expect(found({ lease: aLease(change) })).toEqual([])
  })
})
