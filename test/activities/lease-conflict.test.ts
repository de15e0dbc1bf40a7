import { describe, expect, it } from 'vitest'
import { foreignHolder } from '../../activities/lease-conflict.js'
import type { VpnLocator } from '../../activities/vpn-locator.js'
import { type ContainerState, type InspectedContainer, RuntimeError } from '../../src/docker/runtime.js'
import { containerOf } from './memory-docker.js'
import { OF_GLUETUN, RIVAL } from './provision-bench.js'

/** A forwarded container behind Gluetun, of the Berth called `theirs`. */
function foreign(id: string, state: ContainerState, change: Partial<InspectedContainer> = {}): InspectedContainer {
  const made = containerOf({ ...RIVAL, network: OF_GLUETUN, forwarded: { index: 0, epoch: 1, p2pPort: 3 } }, id, { state })
  return { ...made, engine: { ...made.engine, instance: 'theirs' }, ...change }
}

function vpnAt(name: string | null, id = 'g1'): VpnLocator {
  const found = { id, name: name ?? '', running: true, health: 'none', startedAt: 0, address: null, provider: null } as const
  return { name, find: async () => found, last: () => found }
}
const VPN = vpnAt('gluetun')

const holderAmong = (containers: InspectedContainer[], vpn = VPN) => foreignHolder({ others: async () => containers }, vpn)
const RUNS: ContainerState[] = ['running', 'paused', 'restarting', 'created']
const DOES_NOT_RUN: ContainerState[] = ['exited', 'dead', 'removing']

describe('another Berth that holds the port', () => {
  it.each(RUNS)('is one of which a forwarded container behind the same VPN is %s', async (state) => {
    expect(await holderAmong([foreign('f'.repeat(64), state)])).toBe(
      'Container other-forwarded (ffffffffffff) of another Berth (instance theirs) holds the forwarded port of gluetun: nobody is forwarded here and nothing of it is touched. If that Berth is gone for good, set BERTH_INSTANCE=theirs here to take its containers over, or remove them.',
    )
  })

  it.each(DOES_NOT_RUN)('is none whose container is %s', async (state) => {
    expect(await holderAmong([foreign('f', state)])).toBeNull()
  })

  it('is told by the VPN’s container id, by its name, or by the label that names it', async () => {
    const elsewhere = { networkMode: 'container:g0', labels: {} }
    expect(await holderAmong([foreign('f', 'running', { networkMode: 'container:g1' })])).not.toBeNull()
    expect(await holderAmong([foreign('f', 'running', { networkMode: 'container:gluetun' })])).not.toBeNull()
    const labelled = { ...elsewhere, labels: { 'acestream.vpn_container': 'gluetun' } }
    expect(await holderAmong([foreign('f', 'running', labelled)])).not.toBeNull()
    expect(await holderAmong([foreign('f', 'running', elsewhere)])).toBeNull()
    const other = { ...elsewhere, labels: { 'acestream.vpn_container': 'other' } }
    expect(await holderAmong([foreign('f', 'running', other)])).toBeNull()
  })

  it('is none with followers only', async () => {
    const follower = foreign('f', 'running')
    expect(await holderAmong([{ ...follower, engine: { ...follower.engine, forwarded: false } }])).toBeNull()
  })

  it('is found among many', async () => {
    expect(await holderAmong([foreign('a', 'exited'), foreign('b', 'dead'), foreign('c', 'running')])).toContain('(c)')
  })

  it('with an instance label that cannot be read is named so', async () => {
    const unreadable = foreign('f', 'running')
    expect(await holderAmong([{ ...unreadable, engine: { ...unreadable.engine, instance: null } }])).toContain('instance unreadable')
  })

  it('cannot be without a VPN, and Docker is not asked', async () => {
    const others = () => Promise.reject(new Error('asked'))
    expect(await foreignHolder({ others }, vpnAt(null))).toBeNull()
  })

  it('is not concluded not to be when Docker cannot be asked', async () => {
    const others = () => Promise.reject(new RuntimeError('unreachable', 'gone'))
    await expect(foreignHolder({ others }, VPN)).rejects.toMatchObject({ code: 'unreachable' })
  })
})

/** What one Berth does with its container: creates it, looks for a rival, and starts it or takes it away. */
type Step = 'create' | 'look' | 'act'
const STEPS: readonly Step[] = ['create', 'look', 'act']

/** Every order in which two do three steps each. */
function orders(a = 0, b = 0): string[] {
  if (a === STEPS.length && b === STEPS.length) return ['']
  return [
    ...(a < STEPS.length ? orders(a + 1, b).map((rest) => `a${rest}`) : []),
    ...(b < STEPS.length ? orders(a, b + 1).map((rest) => `b${rest}`) : []),
  ]
}

/** Who has started its container after this order. */
async function startedIn(order: string): Promise<string[]> {
  const containers = new Map<string, InspectedContainer>()
  const rivals = new Map<string, string | null>()
  const done = new Map<string, number>()
  for (const berth of order) {
    const at = done.get(berth) ?? 0
    done.set(berth, at + 1)
    const own = containers.get(berth)
    if (STEPS[at] === 'create') containers.set(berth, foreign(berth, 'created'))
    else if (STEPS[at] === 'look') {
      const others = async () => [...containers.values()].filter(({ id }) => id !== berth)
      rivals.set(berth, await foreignHolder({ others }, VPN))
    } else if (own && rivals.get(berth) === null) containers.set(berth, { ...own, state: 'running' })
    else containers.delete(berth)
  }
  return [...containers.values()].map(({ id }) => id)
}

describe('of two Berths that create a container at once', () => {
  it('at most one starts it, whatever the order of their steps', async () => {
    expect(orders()).toHaveLength(20)
    for (const order of orders()) expect((await startedIn(order)).length, order).toBeLessThanOrEqual(1)
  })

  it('one does when it has looked before the other creates', async () => {
    for (const order of orders().filter((text) => /^(aa|bb)/.test(text))) expect(await startedIn(order), order).toEqual([order[0]])
  })
})
