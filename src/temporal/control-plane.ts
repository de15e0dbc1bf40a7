/**
 * @module
 * All that HTTP and CLI may ask of the workflows. `gateway.ts` is the adapter for a Temporal connection.
 */
import type { EngineCheck, EngineView, FleetView, LeaseView, LogLine, StartedStream, StreamSample, StreamView } from '../domain/views.js'
import type { ProvisionRequest } from '../../workflows/messages.js'

export type { ProvisionRequest }

/** One consistent-enough read of everything, taken at `takenAt` (Unix milliseconds). */
export interface Snapshot {
  fleet: FleetView
  lease: LeaseView
  takenAt: number
  /** When the worker last compared its view with Docker, `null` if unknown. */
  observedAt: number | null
  /** What the worker last found out at each running container, by its id. */
  checks: ReadonlyMap<string, EngineCheck>
  /**
   * What engines last said of the streams that play, by stream id; at most 2 s older than the worker's last heartbeat. Each says when it was taken; a stream that
   * could not be asked for has none.
   */
  samples: ReadonlyMap<string, StreamSample>
  /** The last read failed; this is the last known state. */
  stale: boolean
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
export interface StreamStart extends StartedStream {
  containerId: string | null
  host: string
  port: number
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
 * 3. What cannot be done for want of a part (worker, Temporal; Docker for what waits for a container) is refused within 2 s with `unavailable`, which names it.
 */
export interface ControlPlane {
  /** The newest snapshot not older than `maxAgeMs`; one read serves all who ask at once. Rejects with `unavailable` only if there never was one. */
  snapshot(maxAgeMs?: number): Promise<Snapshot>
  /** What `snapshot` would resolve with at once, `null` when it would wait for a read. */
  snapshotAtHand(maxAgeMs?: number): Snapshot | null
  /** Resolves when the engine's container is started. */
  provision(request: ProvisionRequest): Promise<EngineView>
  /** The same, and resolves when the request was taken: `snapshot` shows how far it came. */
  provisionLater(request: ProvisionRequest): Promise<{ engineId: string }>
  /** Resolves when the engine's container is gone. `not-found` when no engine has this engine id, container id or name. */
  remove(id: string, requestId: string): Promise<void>
  /** The same, and resolves when the request was taken. */
  removeLater(id: string, requestId: string): Promise<{ engineId: string }>
  /**
   * The engine goes when its last stream ends, at once when it plays nothing; resolves with it when the request was taken. From then on it is never a candidate
   * and does not count as free. `not-found` as `remove`.
   */
  drain(id: string, requestId: string): Promise<EngineView>
  /**
   * Replaces the engine's container, once; resolves with the engine as it was when the request was taken. `conflict` when it plays and `force` is false, or
   * is being removed; `not-found` as `remove`.
   */
  restart(id: string, request: { requestId: string; force: boolean }): Promise<EngineView>
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
  /**
   * Samples of one stream taken after `sinceMs` (all with `null`; Unix milliseconds), oldest first. They are gathered while this process runs and kept for some
   * minutes after the stream's end; none for a stream that is not known.
   */
  samplesOf(streamId: string, sinceMs: number | null): StreamSample[]
  /** The last `tail` lines that the engine's container wrote, oldest first. `not-found` as `remove`, and when the engine has no container now. */
  logs(id: string, tail: number): Promise<{ containerId: string; lines: LogLine[] }>
  /** What the engine's container was made with, by name, secrets masked. Errors as `logs`. */
  environment(id: string): Promise<{ containerId: string; environment: Record<string, string> }>
  /** Engines that wait before they are tried again are tried at once; resolves with how many were told. */
  retryNow(): Promise<number>
  /** Whether there is, or was within the retention of histories, an engine of this id. */
  hasExisted(engineId: string): Promise<boolean>
  /** Every workflow of the pool continues as new, so that it runs on the newest code; resolves with how many were told. */
  refresh(): Promise<number>
  /** Removes every engine and makes none until a worker starts again; resolves when none is left. */
  park(): Promise<void>
  readiness(): Promise<PartStatus[]>
}
