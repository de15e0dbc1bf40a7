/**
 * @module
 * The live state for components. `undefined` until it is known for the first time.
 */
import { skipToken, useQuery } from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { EngineState, Fleet, Lease, StreamState, Vpn } from '../api/contracts.js'
import { readEvents } from '../api/requests.js'
import { caches, type Happening } from './caches.js'
import type { Link, LiveConnection } from './connection.js'

export const ConnectionContext = createContext<LiveConnection | null>(null)

export function useLink(): Link {
  const connection = useContext(ConnectionContext)
  if (connection === null) throw new Error('there is no connection around this component')
  return useSyncExternalStore(connection.subscribe, connection.link)
}

const told = { queryFn: skipToken, staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY } as const

export const useEngines = (): EngineState[] | undefined => useQuery<EngineState[]>({ queryKey: caches.engines, ...told }).data
export const useLease = (): Lease | undefined => useQuery<Lease>({ queryKey: caches.lease, ...told }).data
export const useStreams = (): StreamState[] | undefined => useQuery<StreamState[]>({ queryKey: caches.streams, ...told }).data
export const useVpn = (): Vpn | undefined => useQuery<Vpn>({ queryKey: caches.vpn, ...told }).data
export const useFleet = (): Fleet | undefined => useQuery<Fleet>({ queryKey: caches.fleet, ...told }).data

/** One engine out of all: drawn again only when that one changes. */
export function useEngine(id: string | null): EngineState | undefined {
  const select = (engines: EngineState[]): EngineState | undefined => engines.find(({ engine_id }) => engine_id === id)
  return useQuery({ queryKey: caches.engines, ...told, select }).data
}

/** The latest happenings, the newest first: asked for once, then told. */
export function useHappenings() {
  return useQuery<Happening[]>({
    queryKey: caches.events,
    queryFn: async ({ signal }) => {
      const { items } = await readEvents({ signal })
      return items.filter((event): event is Happening => event.type !== 'state' && event.type !== 'freshness')
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
}
