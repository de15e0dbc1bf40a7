/**
 * @module
 * Whether everything is well: Docker, the engines and the lease say the same, and it is what it should be.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Api, type EngineAnswer, Engines } from './api.js'
import { LeaseAnswer } from './lease-record.js'
import { MAX_REPLICAS, MIN_REPLICAS } from './setting.js'

/** A container of ours as Docker lists it. */
export interface ListedContainer {
  Id: string
  Names: string[]
  State: string
}

export interface Seen {
  engines: readonly EngineAnswer[]
  lease: LeaseAnswer
  containers: readonly ListedContainer[]
  /** What Gluetun forwards. */
  port: number | null
  /** Exactly so many engines; `null`: between the least and the most. */
  wanted: number | null
}

/** What is not well yet; empty when all is. Pure. */
export function unmet({ engines, lease, containers, port, wanted }: Seen): string[] {
  const found: string[] = []
  const count = engines.length
  if (wanted === null ? count < MIN_REPLICAS || count > MAX_REPLICAS : count !== wanted) found.push(`${count} engines`)
  const sick = engines.filter((engine) => engine.health_status !== 'healthy' || engine.phase !== 'running')
  if (sick.length > 0) found.push(`not healthy: ${sick.map((e) => `${e.engine_id} (${e.phase}, ${e.health_status})`).join(', ')}`)
  const forwarded = engines.filter((engine) => engine.forwarded)
  if (forwarded.length !== 1) found.push(`${forwarded.length} forwarded`)
  const { holder } = lease
  if (holder?.phase !== 'active') found.push(`the lease is ${holder === null ? 'vacant' : holder.phase} (${lease.condition?.code})`)
  else if (holder.container_id !== forwarded[0]?.container_id) found.push('lease and engines name different containers')
  if (holder !== null && (holder.port !== port || lease.port !== port)) {
    found.push(`the holder has port ${holder.port}, the lease ${lease.port}, Gluetun ${port}`)
  }
  const known = new Set(engines.map((engine) => engine.container_id))
  const strange = containers.filter(({ Id, State }) => !known.has(Id) || State !== 'running')
  if (strange.length > 0) found.push(`containers: ${strange.map(({ Names, State }) => `${Names[0] ?? '?'} ${State}`).join(', ')}`)
  if (containers.length < count) found.push(`${containers.length} containers for ${count} engines`)
  return found
}

/** Containers of ours that no engine has, or that are neither running nor on their way. Pure. */
export function orphans(engines: readonly EngineAnswer[], containers: readonly ListedContainer[]): string[] {
  const known = new Set(engines.map((engine) => engine.container_id))
  const listed = new Set(containers.map(({ Id }) => Id))
  return [
    ...containers
      .filter(({ Id }) => !known.has(Id))
      .map(({ Names, State, Id }) => `${Names[0] ?? '?'} (${Id.slice(0, 12)}, ${State}) belongs to no engine`),
    ...containers
      .filter(({ Id, State }) => known.has(Id) && State !== 'running')
      .map(({ Names, State }) => `${Names[0] ?? '?'} is ${State}`),
    ...engines
      .filter(({ container_id: id }) => id === null || !listed.has(id))
      .map(({ engine_id: id }) => `engine ${id} has no container in Docker`),
  ]
}

/** Looks until all is well; resolves with `null`, or with what is not after `limitMs`. */
export async function converged(
  look: () => Promise<Seen>,
  ready: () => Promise<string | null>,
  limitMs: number,
  stopped: AbortSignal,
): Promise<string[] | null> {
  const deadline = performance.now() + limitMs
  let last: string[] = ['nothing could be asked']
  while (!stopped.aborted) {
    try {
      const notReady = await ready()
      last = notReady === null ? unmet(await look()) : [notReady]
      if (last.length === 0) return null
    } catch (error) {
      last = [error instanceof Error ? error.message : String(error)]
    }
    if (performance.now() > deadline) return last
    await delay(50)
  }
  return ['the campaign was stopped']
}

/** One look through the API and at the daemon itself. */
export async function lookAt(
  api: Api,
  list: () => Promise<readonly ListedContainer[]>,
  port: () => number | null,
  wanted: number | null,
): Promise<Seen> {
  const [engines, lease, containers] = await Promise.all([api.get('/engines?all=true', Engines), api.get('/lease', LeaseAnswer), list()])
  return { engines, lease, containers, port: port(), wanted }
}
