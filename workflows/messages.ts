/**
 * @module
 * Every message that a workflow of Berth takes. One object an argument; updates answer, signals tell, queries read.
 */
import { type RawValue, rawValueTypeInfo } from '@temporalio/common'
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { AdoptedContainer } from '../src/domain/engine.js'
import type { FleetPolicy } from '../src/domain/fleet.js'
import type { LeaseAnswer, PortGeneration } from '../src/domain/lease.js'
import type { EngineView, FleetView, LeaseView, VpnView } from '../src/domain/views.js'

// forwarded-lease/<pool>/<index>

/** May this engine have the port? Never waits. */
export const acquire = defineUpdate<LeaseAnswer, [{ engineId: string; nominated: boolean }]>('acquire')
/** The container of this epoch exists and asks to be cleared to start. */
export const confirm = defineUpdate<LeaseAnswer, [{ engineId: string; epoch: number; containerId: string }]>('confirm')
/** From the answer on, `confirm` of this epoch is refused. `by` names the engine that fences it itself. */
export const revoke = defineUpdate<LeaseAnswer, [{ epoch: number; reason: string; by: string | null }]>('revoke')
/** The caller saw, after `revoke`, no container with this or a lower epoch. */
export const ended = defineUpdate<LeaseAnswer, [{ epoch: number; request: { engineId: string; nominated: boolean } | null }]>('ended')
/** Re-election asked for by an operator. */
export const elect = defineUpdate<LeaseView, [{ reason: string; requestId: string | null }]>('elect')
/** An operator names the engine that is to be forwarded; `null` undoes it. */
export const designate = defineUpdate<LeaseView, [{ engineId: string | null; requestId: string | null }]>('designate')
/** What the VPN forwards now. */
export const portObserved = defineSignal<[{ port: number | null; generation: PortGeneration }]>('portObserved')
/**
 * Re-election, sent by hand: `temporal workflow signal --name forceElection`, with `{"reason":"…"}`, a text or nothing as input. The input is taken
 * undecoded: one that cannot be decoded would stop the workflow before its handler runs.
 */
export const forceElection = defineSignal<[RawValue?]>('forceElection', { typeInfo: { inputTypes: Array(8).fill(rawValueTypeInfo) } })
export const leaseQuery = defineQuery<LeaseView>('lease')

// engine/<pool>/<engineId>

/** Its container is not running any more. Ignored when it is not the present container. */
export const containerLost = defineSignal<[{ containerId: string; reason: string }]>('containerLost')
export interface HealthReport {
  containerId: string
  health: 'healthy' | 'unhealthy' | 'unknown'
  version: string | null
  platform: string | null
  detail: string | null
  /** Failed for so long that the container is to be replaced. */
  replace: boolean
}
export const healthChanged = defineSignal<[HealthReport]>('healthChanged')
/** The lease was taken from this engine: hand on. */
export const leaseRevoked = defineSignal<[{ epoch: number; reason: string }]>('leaseRevoked')
/** The fleet chose this engine to become forwarded. */
export const takeForwarded = defineSignal<[{ epoch: number }]>('takeForwarded')
/** Go for good. */
export const removeEngine = defineSignal<[{ reason: string }]>('removeEngine')
/** What stood in the way of provisioning may be gone: try now. */
export const retryNow = defineSignal('retryNow')
export const engineQuery = defineQuery<EngineView>('engine')

// fleet/<pool>

export type FleetAnswer =
  | { kind: 'engine'; engineId: string }
  | { kind: 'wanted'; wanted: number }
  | { kind: 'refused'; type: 'max-capacity' | 'conflict' | 'not-found'; message: string }
/** One more engine. */
export const provisionEngine = defineUpdate<
  FleetAnswer,
  [{ requestId: string; labels: Record<string, string>; environment: Record<string, string>; hostPort: number | null }]
>('provisionEngine')
/** One engine less; by engine id. */
export const deleteEngine = defineUpdate<FleetAnswer, [{ requestId: string; engineId: string }]>('deleteEngine')
/** The wanted number, clamped to the limits. */
export const scale = defineUpdate<FleetAnswer, [{ requestId: string; wanted: number }]>('scale')
/** Remove every engine and make none until a worker starts again. */
export const parkFleet = defineSignal('parkFleet')
export const configureFleet = defineSignal<[{ policy: FleetPolicy }]>('configureFleet')
export const engineChanged = defineSignal<[EngineView]>('engineChanged')
export const engineGone = defineSignal<[{ engineId: string }]>('engineGone')
export const leaseVacant =
  defineSignal<[{ index: number; epoch: number; excluded: string | null; preferred: string | null }]>('leaseVacant')
export const vpnChanged = defineSignal<[VpnView]>('vpnChanged')
export const dockerChanged = defineSignal<[{ reachable: boolean; detail: string | null }]>('dockerChanged')
/** A running container of ours that no engine knows. */
export interface FoundContainer {
  engineId: string
  httpPort: number
  httpsPort: number
  hostHttpPort: number
  labels: Record<string, string>
  container: AdoptedContainer
}
export const containerFound = defineSignal<[FoundContainer]>('containerFound')
export const fleetQuery = defineQuery<FleetView>('fleet')

// watch/<pool>

/** A worker has just started: an activity pending on a dead one is to be begun anew at once. */
export const workerStarted = defineSignal<[{ identity: string }]>('workerStarted')

// all

/** Continue as new, so that the run is on the newest code. */
export const refresh = defineSignal('refresh')
/** The worker's configuration, told to the lease. */
export const configureLease = defineSignal<[{ enabled: boolean }]>('configureLease')
