/**
 * @module
 * Every message that a workflow of Berth takes. One object an argument; updates answer, signals tell, queries read.
 */
import { type RawValue, rawValueTypeInfo } from '@temporalio/common'
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { AdoptedContainer } from '../src/domain/engine.js'
import type { EngineReport, FleetPolicy } from '../src/domain/fleet.js'
import type { LeaseAnswer, OperatorRequest, PortGeneration, SurveyedContainer } from '../src/domain/lease-state.js'
import type { EngineView, FleetView, LeaseView, ReconcileView, StartedStream, StreamView, VpnView } from '../src/domain/views.js'

// forwarded-lease/<pool>/<index>

/**
 * What is asked of the lease with `unlessUnchanged` and changes nothing is answered by a rejection, of which Temporal keeps no event: of type `UNCHANGED`,
 * with the answer as its detail.
 */
export const UNCHANGED = 'Unchanged'
export interface Asking {
  unlessUnchanged?: boolean
}
/** May this engine have the port? Never waits. */
export const acquire = defineUpdate<LeaseAnswer, [Asking & { engineId: string; nominated: boolean }]>('acquire')
/** The container of this epoch exists and asks to be cleared to start. */
export const confirm = defineUpdate<LeaseAnswer, [Asking & { engineId: string; epoch: number; containerId: string }]>('confirm')
/** From the answer on, `confirm` of this epoch is refused. `by` names the engine that fences it itself. */
export const revoke = defineUpdate<LeaseAnswer, [Asking & { epoch: number; reason: string; by: string | null }]>('revoke')
/** The caller saw, after `revoke`, no container with this or a lower epoch. */
export const ended = defineUpdate<LeaseAnswer, [Asking & { epoch: number; request: { engineId: string; nominated: boolean } | null }]>(
  'ended',
)
export type OperatorAnswer =
  | { kind: 'lease'; lease: LeaseView }
  | { kind: 'refused'; type: 'LeaseDisabled' | 'EpochMismatch'; message: string }
/** Re-election asked for by an operator, of `candidate` if named. */
export const elect = defineUpdate<OperatorAnswer, [OperatorRequest & { candidate: string | null; force: boolean }]>('elect')
/** An operator names the engine that is to be forwarded; `null` undoes it. */
export const designate = defineUpdate<OperatorAnswer, [OperatorRequest & { engineId: string | null; force: boolean }]>('designate')
/** An operator asks that the port be handed on when that cuts no stream. */
export const rotate = defineUpdate<OperatorAnswer, [OperatorRequest & { force: boolean }]>('rotate')
/** The fleet hands on from a holder that does not answer, or because it is another engine's turn. */
export const turnOver = defineSignal<[{ engineId: string; containerId: string; reason: string; candidate: string | null }]>('turnOver')
/** The engine is gone for good. */
export const engineRemoved = defineSignal<[{ engineId: string }]>('engineRemoved')
/** A forwarded container runs that the lease did not clear to start. */
export const forwardedFound = defineSignal<[SurveyedContainer]>('forwardedFound')
/** No forwarded container runs that the lease did not clear. */
export const noStrays = defineSignal('noStrays')
/** Another Berth holds the port on this Docker daemon, or does not any more (`null`). */
export const conflictObserved = defineSignal<[{ conflict: string | null }]>('conflictObserved')
/** What the VPN forwards now. */
export const portObserved = defineSignal<[{ port: number | null; generation: PortGeneration }]>('portObserved')
/**
 * Re-election, sent by hand: `temporal workflow signal --name forceElection`, with `{"reason":"…","candidate":"…"}`, a text or nothing as input. The input is taken
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
/** What a player told of a stream of this engine's container. */
export type StreamTold = { kind: 'started'; stream: StartedStream } | { kind: 'ended'; streamId: string; reason: string }
export type StreamAnswer =
  | { kind: 'stream'; stream: StreamView }
  | { kind: 'refused'; type: 'not-found' | 'conflict'; message: string }
  /** No such stream plays. */
  | { kind: 'none' }
/** Players have begun or ended, in order; an answer to each, and the engine as it is after them. */
export const streamsTold = defineUpdate<{ answers: StreamAnswer[]; report: EngineReport }, [{ told: StreamTold[] }]>('streamsTold')
/** One player has begun, for those who tell it by hand, and for engines whose history has it. */
export const streamStarted = defineUpdate<Exclude<StreamAnswer, { kind: 'none' }>, [StartedStream]>('streamStarted')
/** One player has ended, likewise. `null`: no such stream plays. */
export const streamEnded = defineUpdate<StreamView | null, [{ streamId: string; reason: string }]>('streamEnded')
/** The engine no longer knows this session: the stream has ended. Only that stream of that container. */
export const sessionUnknown = defineSignal<[{ containerId: string; streamId: string; playbackSessionId: string }]>('sessionUnknown')
/** Replace the container, once. Ignored while streams play that may not be cut, and while it is being replaced anyway. */
export const restart = defineSignal<[{ force: boolean }]>('restart')
export const engineQuery = defineQuery<EngineView>('engine')

// fleet/<pool>

export type FleetAnswer =
  | { kind: 'engine'; engineId: string }
  | { kind: 'wanted'; wanted: number }
  | { kind: 'refused'; type: 'max-capacity' | 'conflict' | 'not-found'; message: string }
export interface ProvisionRequest {
  requestId: string
  labels: Record<string, string>
  environment: Record<string, string>
  hostPort: number | null
}
/** One more engine for each request; an answer to each. */
export const provisionEngines = defineUpdate<FleetAnswer[], [{ requests: ProvisionRequest[] }]>('provisionEngines')
/** One more engine, for those who ask by hand, and for fleets whose history has it. */
export const provisionEngine = defineUpdate<FleetAnswer, [ProvisionRequest]>('provisionEngine')
/** One engine less; by engine id. */
export const deleteEngine = defineUpdate<FleetAnswer, [{ requestId: string; engineId: string }]>('deleteEngine')
/** The engine goes when its last stream ends. */
export const drainEngine = defineUpdate<FleetAnswer, [{ requestId: string; engineId: string }]>('drainEngine')
/** The engine gets a new container; refused while it plays, unless `force` is said. */
export const restartEngine = defineUpdate<FleetAnswer, [{ requestId: string; engineId: string; force: boolean }]>('restartEngine')
/** The wanted number, clamped to the limits. */
export const scale = defineUpdate<FleetAnswer, [{ requestId: string; wanted: number }]>('scale')
/** Remove every engine and make none until a worker starts again. */
export const parkFleet = defineSignal('parkFleet')
export const configureFleet = defineSignal<[{ policy: FleetPolicy }]>('configureFleet')
export const engineChanged = defineSignal<[EngineReport]>('engineChanged')
/** `ended`: the last streams that it told of. */
export const engineGone = defineSignal<[{ engineId: string; ended?: StreamView[] }]>('engineGone')
export const leaseVacant =
  defineSignal<[{ index: number; epoch: number; excluded: string | null; preferred: string | null; force?: boolean }]>('leaseVacant')
/** An operator asked the lease to rotate. */
export const rotationAsked = defineSignal<[{ reason: string; force: boolean }]>('rotationAsked')
/** Every container that ran has been told of. */
export const containersListed = defineSignal('containersListed')
/** What the reconciler would remove if it were not held. */
export const reconcileObserved = defineSignal<[ReconcileView]>('reconcileObserved')
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
  /** Made by an older orchestrator. */
  legacy?: boolean
}
export const containerFound = defineSignal<[FoundContainer]>('containerFound')
export const fleetQuery = defineQuery<FleetView>('fleet')

// watch/<pool>

/** What workers of older versions say when they start; see `workerLost`. */
export const workerStarted = defineSignal<[{ identity: string }]>('workerStarted')

// all

/** The worker with this identity is dead: what it was doing is to be begun anew at once instead of after a heartbeat time-out. */
export const workerLost = defineSignal<[{ identity: string }]>('workerLost')
/** Continue as new, so that the run is on the newest code. */
export const refresh = defineSignal('refresh')
/** The worker's configuration, told to the lease. */
export const configureLease = defineSignal<[{ enabled: boolean }]>('configureLease')
