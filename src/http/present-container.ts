/**
 * @module
 * An engine's container as clients of older orchestrators read it. Pure.
 */
import type { Container } from '../contracts/container.js'
import { toTime } from '../contracts/time.js'
import type { EngineView } from '../domain/views.js'
import type { Snapshot } from '../temporal/control-plane.js'
import { type Ownership, presentEngine } from './present.js'

const STATUS = { provisioning: 'exited', starting: 'running', running: 'running', 'backing-off': 'exited', removing: 'removing' } as const

/** `null` for an engine that has no container. */
export function presentContainer(engine: EngineView, snapshot: Snapshot, ours: Ownership): Container | null {
  const { container_id: id, container_name: name, labels } = presentEngine(engine, snapshot, ours)
  if (id === null || name === null) return null
  const shared = engine.vpnContainer !== null
  return {
    id,
    name,
    image: engine.image,
    created: toTime(engine.startedAt),
    status: STATUS[engine.phase],
    labels,
    ports: shared ? {} : { [`${engine.httpPort}/tcp`]: [{ HostIp: '', HostPort: String(engine.hostHttpPort) }] },
  }
}
