/**
 * @module
 * What has changed between two snapshots, as the event stream tells it. Pure.
 */
import type { LiveEvent } from '../contracts/live.js'
import type { Snapshot } from '../temporal/control-plane.js'
import { presentEngine, type Ownership, presentVpn } from './present.js'
import { presentFleet } from './present-fleet.js'
import { presentLease } from './present-lease.js'
import { presentStream, streamsOf } from './present-stream.js'

/** A change that has no id yet. */
export type Change = LiveEvent extends infer Event ? (Event extends LiveEvent ? Pick<Event, 'type' | 'data'> : never) : never

export type State = Extract<LiveEvent, { type: 'state' }>['data']

/** All that the event stream tells of, by the words of the lease. What moves all the time (`last_seen`, `last_health_check`) is left out. */
export function stateOf(snapshot: Snapshot, ours: Ownership): State {
  return {
    engines: snapshot.fleet.engines.map((engine) => ({
      ...presentEngine(engine, snapshot, ours),
      last_seen: null,
      last_health_check: null,
    })),
    lease: presentLease(snapshot.lease, snapshot.fleet),
    streams: streamsOf(snapshot).map((stream) => presentStream(stream, snapshot)),
    vpn: presentVpn({ ...snapshot, observedAt: null }),
    fleet: presentFleet(snapshot),
  }
}

/**
 * What makes `after` of `before`, in this order: engines, lease, streams, VPN, fleet.
 * An engine that lost the port comes before the one that has it now, so that nobody who goes by the events ever shows two.
 */
export function changesBetween(before: State, after: State): Change[] {
  const engines = changedOf(before.engines, after.engines, ({ engine_id }) => engine_id).toSorted(
    (a, b) => Number(a.forwarded) - Number(b.forwarded),
  )
  const gone = before.engines.filter(({ engine_id }) => !after.engines.some((engine) => engine.engine_id === engine_id))
  const known = new Map(before.streams.map((stream) => [stream.id, stream]))
  const streams = changedOf(before.streams, after.streams, ({ id }) => id)
  return [
    ...gone.map(({ engine_id }): Change => ({ type: 'engine.removed', data: { engine_id } })),
    ...engines.map((data): Change => ({ type: 'engine.changed', data })),
    ...(same(before.lease, after.lease) ? [] : [{ type: 'lease.changed', data: after.lease } as const]),
    ...streams.map((data): Change => {
      const was = known.get(data.id)
      if (data.status === 'ended' && was?.status !== 'ended') return { type: 'stream.ended', data }
      return { type: was === undefined ? 'stream.started' : 'stream.changed', data }
    }),
    ...(same(before.vpn, after.vpn) ? [] : [{ type: 'vpn.changed', data: after.vpn } as const]),
    ...(same(before.fleet, after.fleet) ? [] : [{ type: 'fleet.changed', data: after.fleet } as const]),
  ]
}

function changedOf<Item>(before: readonly Item[], after: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const known = new Map(before.map((item) => [keyOf(item), item]))
  return after.filter((item) => !same(known.get(keyOf(item)), item))
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
