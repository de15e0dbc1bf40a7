import { describe, expect, it } from 'vitest'
import { changesBetween, type State, stateOf } from '../../src/http/changes.js'
import { engineView, hex, leaseView, NOW, snapshotOf, streamView, vpnView } from './fake-control-plane.js'
import { heldBy } from './set-up.js'

const ours = { docker: { host: null, managedLabel: { key: 'a', value: 'b' }, network: null, reconcileDryRun: false }, instance: 'here' }
const state = (parts: Parameters<typeof snapshotOf>[0]): State => stateOf(snapshotOf(parts), ours)
const typesOf = (before: State, after: State): string[] => changesBetween(before, after).map(({ type }) => type)

const checkedAt = (at: number, listening = true) => new Map([[hex('a'), { at, connected: true, listening }]])

describe('between two snapshots', () => {
  it('that are the same there is no change, though they were taken, and engines probed, at other times', () => {
    const parts = { engines: [engineView({ streams: [streamView()] })], lease: leaseView(), checks: checkedAt(NOW - 3_000) }
    expect(
      changesBetween(state(parts), state({ ...parts, takenAt: NOW + 5_000, observedAt: NOW + 4_000, checks: checkedAt(NOW + 2_000) })),
    ).toEqual([])
  })

  it('an engine whose P2P port takes no connections any more has changed', () => {
    const [before, after] = [true, false].map((listening) => state({ engines: [engineView()], checks: checkedAt(NOW, listening) }))
    expect(typesOf(before as State, after as State)).toEqual(['engine.changed'])
  })

  it('an engine that came, one that changed and one that went are told each once', () => {
    const before = state({ engines: [engineView({ engineId: 'a' }), engineView({ engineId: 'b' })] })
    const after = state({ engines: [engineView({ engineId: 'a', health: 'unhealthy' }), engineView({ engineId: 'c' })] })
    expect(changesBetween(before, after).map(({ type, data }) => [type, 'engine_id' in data ? data.engine_id : null])).toEqual([
      ['engine.removed', 'b'],
      ['engine.changed', 'a'],
      ['engine.changed', 'c'],
      ['fleet.changed', null],
    ])
  })

  it('the engine that lost the port is told before the one that has it now', () => {
    const [a, b] = [engineView({ engineId: 'a', containerId: hex('a') }), engineView({ engineId: 'b', containerId: hex('b') })]
    for (const engines of [
      [a, b],
      [b, a],
    ]) {
      const before = state({ engines, lease: heldBy(a) })
      const after = state({ engines, lease: heldBy(b) })
      const told = changesBetween(before, after).flatMap((change) =>
        change.type === 'engine.changed' ? [[change.data.engine_id, change.data.forwarded]] : [],
      )
      expect(told).toEqual([
        ['a', false],
        ['b', true],
      ])
    }
  })

  it('a stream is told when it starts, with new statistics, and when it ends', () => {
    const idle = state({ engines: [engineView()] })
    const playing = snapshotOf({ engines: [engineView({ streams: [streamView()] })] })
    const sampled = {
      ...playing,
      samples: new Map([['ch-42', { ts: NOW, peers: 3, speedDown: 1, speedUp: 2, downloaded: 5, uploaded: 6, status: 'dl' }]]),
    }
    const over = snapshotOf({ engines: [engineView()] })
    const ended = { ...over, fleet: { ...over.fleet, ended: [streamView({ endedAt: NOW, endReason: 'stopped' })] } }
    const streamsTold = (before: State, after: State) => typesOf(before, after).filter((type) => type.startsWith('stream.'))
    expect(streamsTold(idle, stateOf(playing, ours))).toEqual(['stream.started'])
    expect(streamsTold(stateOf(playing, ours), stateOf(sampled, ours))).toEqual(['stream.changed'])
    expect(streamsTold(stateOf(sampled, ours), stateOf(ended, ours))).toEqual(['stream.ended'])
    expect(streamsTold(idle, stateOf(ended, ours))).toEqual(['stream.ended'])
  })

  it('a change of the lease, the VPN and the fleet is told', () => {
    expect(typesOf(state({}), state({ lease: leaseView({ epoch: 18 }) }))).toEqual(['lease.changed'])
    expect(typesOf(state({}), state({ vpn: vpnView({ publicIp: '203.0.113.9' }) }))).toEqual(['vpn.changed'])
    const more = snapshotOf({})
    expect(typesOf(state({}), stateOf({ ...more, fleet: { ...more.fleet, wanted: 3 } }, ours))).toEqual(['fleet.changed'])
  })
})
