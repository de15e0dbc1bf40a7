/**
 * @module
 * All that HTTP and CLI may ask of the workflows. `gateway.ts` is the adapter for a Temporal connection.
 */
import type { EngineView, FleetView, LeaseView, StreamView } from '../domain/views.js'

/** One consistent-enough read of everything, taken at `takenAt` (Unix milliseconds). */
export interface Snapshot {
  fleet: FleetView
  lease: LeaseView
  takenAt: number
  /** When the worker last compared its view with Docker, `null` if unknown. */
  observedAt: number | null
  /** The last read failed; this is the last known state. */
  stale: boolean
}

export interface ProvisionRequest {
  requestId: string
  labels: Record<string, string>
  environment: Record<string, string>
  hostPort: number | null
}

/** What every hand-over of the port that an operator asks for says. */
export interface HandOverRequest {
  requestId: string
  /** Kept in the lease's log. */
  reason: string
  /** Cut the holder's streams, and take a candidate that has some. */
  force: boolean
  /** Epoch that the caller has seen (`If-Match`), `null` when any will do. */
  epoch: number | null
}

/** A player has begun to play. The engine is found by `containerId`, else by `host` and `port`, else by a port that only one engine has. */
export interface StreamStart {
  containerId: string | null
  host: string
  port: number
  id: string
  keyType: StreamView['keyType']
  key: string
  playbackSessionId: string
  statUrl: string
  commandUrl: string
  isLive: boolean
}

/** One named part of the system, for `/readyz`. */
export interface PartStatus {
  part: 'temporal' | 'worker' | 'docker' | 'gluetun' | 'lease'
  ok: boolean
  /** Stable code of what is wrong, where there is one. */
  code?: string | null
  detail: string | null
}

/**
 * 1. Every method ends within 5 s (`provision` and `remove` within 30 s) and rejects with `BerthError` only.
 * 2. Mutations carry a request id; repeating one with the same id has one effect.
 */
export interface ControlPlane {
  /** The newest snapshot not older than `maxAgeMs`; one read serves all who ask at once. Rejects with `unavailable` only if there never was one. */
  snapshot(maxAgeMs?: number): Promise<Snapshot>
  /** Resolves when the engine's container is started. */
  provision(request: ProvisionRequest): Promise<EngineView>
  /** Resolves when the engine's container is gone. `not-found` when no engine has this engine id, container id or name. */
  remove(id: string, requestId: string): Promise<void>
  /** Resolves with the wanted number after clamping. */
  scale(wanted: number, requestId: string): Promise<number>
  /**
   * Begins a re-election; resolves with the lease after the request was taken. `candidate` is an engine id, container id or name: the engine that is to
   * win, `null` to let the election decide. `not-found` when there is none such, `conflict` when streams would be cut and `force` is false,
   * `precondition-failed` when the lease is at another epoch, `lease-disabled` without a VPN.
   */
  elect(request: HandOverRequest & { candidate: string | null }): Promise<LeaseView>
  /** Names the engine that is to be forwarded from now on, and hands over to it; `null` undoes it and moves nothing. Errors as `elect`. */
  designate(request: HandOverRequest & { engine: string | null }): Promise<LeaseView>
  /** Hands on to another engine as soon as the holder plays nothing (at once with `force`). Errors as `elect`, but busy engines are waited for. */
  rotate(request: HandOverRequest): Promise<LeaseView>
  /** `not-found` when no engine has this container id or address. Telling of the same stream again changes nothing. */
  streamStarted(stream: StreamStart): Promise<StreamView>
  /** Ends one stream: by `streamId`, else the only one of the engine with `containerId`. `updated` is false when there is none such that plays. */
  streamEnded(end: {
    streamId: string | null
    containerId: string | null
    reason: string | null
  }): Promise<{ updated: boolean; stream: StreamView | null }>
  /** Every workflow of the pool continues as new, so that it runs on the newest code; resolves with how many were told. */
  refresh(): Promise<number>
  /** Removes every engine and makes none until a worker starts again; resolves when none is left. */
  park(): Promise<void>
  readiness(): Promise<PartStatus[]>
}
