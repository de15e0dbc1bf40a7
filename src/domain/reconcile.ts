/**
 * @module
 * What differs between the view and Docker, and what follows. Pure.
 */
import type { EngineView, LeaseView } from './views.js'

/** What reconciling looks at in a container. */
export interface SeenContainer {
  id: string
  state: string
  createdAt: number
  networkMode: string
  /** When it was last started, `null` if that is not known. */
  startedAt: number | null
  engine: { engineId: string | null; pool: string | null; forwarded: boolean; httpPort: number | null; httpsPort: number | null }
}

export interface Observation {
  pool: string
  /** Read *before* the containers were listed: an engine that is missing here had no container when they were. */
  engines: readonly EngineView[]
  lease: LeaseView
  containers: readonly SeenContainer[]
  /** The Gluetun container, `null` without a VPN. */
  vpn: { id: string; running: boolean; startedAt: number | null } | null
  now: number
}

export type Discrepancy =
  /** The engine's container is not running, or cannot be reached for good. */
  | { kind: 'lost'; engineId: string; containerId: string; reason: 'gone' | 'exited' | 'orphaned' | 'vpn-recreated' }
  /** A running container that no engine knows: to be adopted. */
  | { kind: 'found'; engineId: string; container: SeenContainer }
  /** A forwarded container runs that the lease did not clear to start: the lease decides what becomes of it. */
  | { kind: 'forwarded-stray'; containerId: string }
  /** A container that its engine does not use, or that never ran: to be removed once its engine has been asked. */
  | { kind: 'leftover'; engineId: string; containerId: string }
  /** The lease's holder is an engine that does not exist any more, and its container does not run. */
  | { kind: 'holder-missing'; epoch: number }
  /** Nobody holds the port although there is one. */
  | { kind: 'vacant'; epoch: number; preferred: string | null }

/** A container that is not running may belong to a provisioning that nobody knows of yet. Milliseconds. */
const LEFTOVER_AFTER_MS = 60_000

/** The engine id of a container: its label, else one made from the container's id (older orchestrators wrote none). */
export function engineIdOf(container: { id: string; engine: { engineId: string | null } }): string {
  return container.engine.engineId ?? `c${container.id.slice(0, 12)}`
}

/**
 * Level-triggered: says the same again as long as it differs. Decides on what is known only: while Gluetun's container is not running, an
 * engine that shares its network is not called orphaned.
 */
export function compare(observation: Observation): Discrepancy[] {
  const { engines, pool } = observation
  const containers = observation.containers.filter((container) => container.engine.pool === null || container.engine.pool === pool)
  const byId = new Map(containers.map((container) => [container.id, container]))
  const known = new Map(engines.map((engine) => [engine.engineId, engine]))
  return [
    ...engines.flatMap((engine) => lostOf(engine, byId, observation)),
    ...containers.flatMap((container) => strayOf(container, known, observation)),
    ...leaseOf(observation, known, byId),
  ]
}

function isSteady(engine: EngineView): boolean {
  return engine.phase === 'starting' || engine.phase === 'running'
}

function lostOf(engine: EngineView, byId: ReadonlyMap<string, SeenContainer>, { vpn }: Observation): Discrepancy[] {
  const containerId = engine.containerId
  if (!isSteady(engine) || containerId === null) return []
  const lost = (reason: 'gone' | 'exited' | 'orphaned' | 'vpn-recreated'): Discrepancy[] => [
    { kind: 'lost', engineId: engine.engineId, containerId, reason },
  ]
  const container = byId.get(containerId)
  if (!container) return lost('gone')
  if (container.state === 'exited' || container.state === 'dead' || container.state === 'created') return lost('exited')
  if (!vpn?.running || container.state !== 'running' || !container.networkMode.startsWith('container:')) return []
  if (container.networkMode !== `container:${vpn.id}`) return lost('vpn-recreated')
  const older = container.startedAt !== null && vpn.startedAt !== null && container.startedAt < vpn.startedAt
  return older ? lost('orphaned') : []
}

function strayOf(container: SeenContainer, known: ReadonlyMap<string, EngineView>, { lease, now }: Observation): Discrepancy[] {
  const engineId = engineIdOf(container)
  const engine = known.get(engineId)
  const runs = container.state === 'running' || container.state === 'paused'
  if (container.engine.forwarded && runs && lease.holder?.containerId !== container.id)
    return lease.recovering ? [] : [{ kind: 'forwarded-stray', containerId: container.id }]
  if (!engine) {
    if (container.state === 'running' && container.engine.httpPort !== null) return [{ kind: 'found', engineId, container }]
    const dead = container.state === 'created' || container.state === 'exited' || container.state === 'dead'
    const ours = container.engine.engineId !== null
    return dead && ours && now - container.createdAt > LEFTOVER_AFTER_MS ? [{ kind: 'leftover', engineId, containerId: container.id }] : []
  }
  if (!isSteady(engine) || engine.containerId === container.id || lease.holder?.containerId === container.id) return []
  return container.state === 'removing' ? [] : [{ kind: 'leftover', engineId, containerId: container.id }]
}

function leaseOf({ lease }: Observation, known: ReadonlyMap<string, EngineView>, byId: ReadonlyMap<string, SeenContainer>): Discrepancy[] {
  const { holder } = lease
  if (holder) {
    const lives = known.has(holder.engineId) || (holder.containerId !== null && byId.get(holder.containerId)?.state === 'running')
    return holder.phase === 'active' && !lives ? [{ kind: 'holder-missing', epoch: holder.epoch }] : []
  }
  const vacant = lease.enabled && !lease.recovering && lease.port !== null
  return vacant ? [{ kind: 'vacant', epoch: lease.epoch, preferred: lease.preferred }] : []
}
