/**
 * @module
 * All that HTTP and CLI may ask of the workflows. `gateway.ts` is the adapter for a Temporal connection.
 */
import type { EngineView, FleetView, LeaseView } from '../domain/views.js'

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

/** One named part of the system, for `/readyz`. */
export interface PartStatus {
  part: 'temporal' | 'worker' | 'docker' | 'gluetun' | 'lease'
  ok: boolean
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
  /** Begins a re-election; resolves with the lease after the request was taken. */
  elect(reason: string, requestId: string): Promise<LeaseView>
  /** Removes every engine and makes none until a worker starts again; resolves when none is left. */
  park(): Promise<void>
  readiness(): Promise<PartStatus[]>
}
