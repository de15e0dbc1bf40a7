/**
 * @module
 * The parts of one simulated daemon, as its routes see them.
 */
import type { DaemonClock } from './docker-clock.js'
import type { EventLog } from './docker-events.js'
import type { FaultPlan } from './docker-faults.js'
import type { ImageStore } from './docker-images.js'
import type { Lifecycle } from './docker-lifecycle.js'
import type { ContainerRegistry } from './docker-registry.js'

export interface Daemon {
  readonly clock: DaemonClock
  readonly registry: ContainerRegistry
  readonly images: ImageStore
  readonly events: EventLog
  readonly lifecycle: Lifecycle
  readonly faults: FaultPlan
  readonly networks: readonly string[]
  readonly version: { engine: string; api: string; minimumApi: string }
}
