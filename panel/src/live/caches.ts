/**
 * @module
 * Where the live state is kept: one cache entry for each kind, filled by events (or by polling) and never by the pages.
 */
import type { QueryClient } from '@tanstack/react-query'
import type { EngineState, Fleet, Lease, LiveEvent, StreamState, Vpn } from '../api/contracts.js'

export const caches = {
  engines: ['live', 'engines'],
  lease: ['live', 'lease'],
  streams: ['live', 'streams'],
  vpn: ['live', 'vpn'],
  fleet: ['live', 'fleet'],
  events: ['live', 'events'],
} as const

/** All of it, as the event `state` brings it. */
export interface LiveState {
  engines: EngineState[]
  lease: Lease
  streams: StreamState[]
  vpn: Vpn
  fleet: Fleet
}

/** What is told one by one; `state` and `freshness` say nothing of what happened. */
export type Happening = Exclude<LiveEvent, { type: 'state' } | { type: 'freshness' }>

/** How many happenings the page of events keeps. */
const KEPT_HAPPENINGS = 500

/** Puts the whole state in, of streams those that play. What has not changed stays the same object, so that nothing of it is drawn again. */
export function putState(client: QueryClient, { engines, lease, streams, vpn, fleet }: LiveState): void {
  client.setQueryData(caches.engines, byPort(engines))
  client.setQueryData(caches.lease, lease)
  client.setQueryData(
    caches.streams,
    streams.filter(({ status }) => status === 'started'),
  )
  client.setQueryData(caches.vpn, vpn)
  client.setQueryData(caches.fleet, fleet)
}

/** Puts one change in: of the lists only the entry that it is about becomes another object. */
export function putHappening(client: QueryClient, happening: Happening): void {
  switch (happening.type) {
    case 'engine.changed':
      client.setQueryData<EngineState[]>(caches.engines, (engines = []) => withEngine(engines, happening.data))
      break
    case 'engine.removed':
      client.setQueryData<EngineState[]>(caches.engines, (engines = []) =>
        engines.filter(({ engine_id }) => engine_id !== happening.data.engine_id),
      )
      break
    case 'stream.started':
    case 'stream.changed':
    case 'stream.ended':
      client.setQueryData<StreamState[]>(caches.streams, (streams = []) => withStream(streams, happening.data))
      break
    case 'lease.changed':
      client.setQueryData<Lease>(caches.lease, happening.data)
      break
    case 'vpn.changed':
      client.setQueryData<Vpn>(caches.vpn, happening.data)
      break
    case 'fleet.changed':
      client.setQueryData<Fleet>(caches.fleet, happening.data)
  }
  // New statistics, of which nothing is told.
  if (happening.type === 'stream.changed') return
  client.setQueryData<Happening[]>(caches.events, (happenings) => happenings && [happening, ...happenings].slice(0, KEPT_HAPPENINGS))
}

function withEngine(engines: EngineState[], changed: EngineState): EngineState[] {
  const index = engines.findIndex(({ engine_id }) => engine_id === changed.engine_id)
  if (index === -1) return byPort([...engines, changed])
  return engines[index]?.port === changed.port ? engines.with(index, changed) : byPort(engines.with(index, changed))
}

function withStream(streams: StreamState[], changed: StreamState): StreamState[] {
  const index = streams.findIndex(({ id }) => id === changed.id)
  if (changed.status === 'ended') return index === -1 ? streams : streams.toSpliced(index, 1)
  return index === -1 ? [...streams, changed] : streams.with(index, changed)
}

function byPort(engines: EngineState[]): EngineState[] {
  return engines.toSorted((a, b) => a.port - b.port || (a.engine_id < b.engine_id ? -1 : 1))
}
