/**
 * @module
 * What the forwarded lease remembers, what it is told, and what it answers; with the steps that all its decisions are made of.
 */
import type { HolderPhase, Problem, Turnover } from './views.js'

/** How many turnovers are kept. */
const KEPT = 50

/**
 * Orders observations of the port over restarts of the observer without a clock: a new observer takes the session after the newest that the
 * lease knows, and counts its own observations.
 */
export interface PortGeneration {
  session: number
  sequence: number
}

export interface Holder {
  engineId: string
  epoch: number
  port: number
  phase: HolderPhase
  /** Set by `confirm`; the container cleared to start. */
  containerId: string | null
  /** Unix milliseconds of the grant. */
  since: number
  /** Why it is being revoked. */
  reason: string | null
}

export interface LeaseState {
  schemaVersion: 1
  pool: string
  index: number
  enabled: boolean
  /** Until the labelled containers have been listed nothing is granted. */
  recovering: boolean
  /** Only grows, never reused: the fencing token. */
  epoch: number
  port: { value: number | null; generation: PortGeneration }
  holder: Holder | null
  /** Engine named by a person. */
  preferred: string | null
  /** Engine that the next grant is kept for, once. */
  nominee: string | null
  /** Streams do not save the engine that is chosen next from being made anew. */
  force: boolean
  /** Engine that an election has just unseated; it comes back only when nominated. */
  excluded: string | null
  /** Highest epoch that a container was seen with while the lease was at a lower one: none up to it is granted. */
  seenEpoch: number
  /** Containers that are to be removed because they run as forwarded and are not the holder's. */
  strays: string[]
  /** What stands in the way of a healthy state and is being mended. */
  trouble: Problem | null
  /** Another Berth on this Docker daemon holds the port: nothing is granted. */
  conflict: string | null
  /** Operator requests already taken, so that a repeated one has one effect. */
  recent: string[]
  log: Turnover[]
  /** When the port was last without an active holder, `null` while there is one. */
  vacantSince: number | null
}

export type DeniedReason = 'held' | 'revoking' | 'no-port' | 'reserved' | 'recovering' | 'disabled' | 'conflict'

export type LeaseCommand =
  /** An engine asks for the port; `nominated` when the fleet chose it. */
  | { kind: 'acquire'; engineId: string; nominated: boolean }
  /** The engine's container exists, not started, and asks to be cleared to start. */
  | { kind: 'confirm'; engineId: string; epoch: number; containerId: string }
  /** From here on `confirm(epoch)` is refused. `by` names the engine that will fence it itself. */
  | { kind: 'revoke'; epoch: number; reason: string; by: string | null }
  /** The caller has seen, after `revoke`, that no container with this or a lower epoch exists. May grant the next epoch in the same answer. */
  | { kind: 'ended'; epoch: number; request: { engineId: string; nominated: boolean } | null }
  /** An operator asks for a re-election, of `candidate` if named. */
  | ({ kind: 'elect'; candidate: string | null; force: boolean } & OperatorRequest)
  /** An operator names the engine that is to be forwarded from now on; `null` undoes it. */
  | ({ kind: 'designate'; engineId: string | null; force: boolean } & OperatorRequest)
  /** An operator asks that the port be handed on when that cuts no stream. */
  | ({ kind: 'rotate'; force: boolean } & OperatorRequest)
  /** The fleet hands on from this holder, to `candidate` if it chose one. */
  | { kind: 'turn-over'; engineId: string; containerId: string | null; reason: string; candidate: string | null }
  /** The engine is gone for good. */
  | { kind: 'engine-removed'; engineId: string }
  /** A forwarded container runs that the lease did not clear to start. */
  | { kind: 'forwarded-found'; container: SurveyedContainer }
  /** The containers that were to be removed are gone. */
  | { kind: 'removed'; containerIds: string[] }
  /** Another Berth holds the port on this Docker daemon, or does not any more (`null`). */
  | { kind: 'conflict'; conflict: string | null }
  | { kind: 'portObserved'; port: number | null; generation: PortGeneration }
  | { kind: 'configure'; enabled: boolean }
  /**
   * What the labels say. `fenced`: the epoch of which, after it was revoked and before this list, no container was seen any more; `null` when there was no
   * holder to fence.
   */
  | { kind: 'recovered'; survey: SurveyedContainer[]; fenced?: number | null; port?: number | null; conflict?: string | null }

export interface OperatorRequest {
  reason: string
  requestId: string | null
  /** Others who ask for the same at the same time. */
  alsoFor?: string[]
  /** Refused when the lease is at another epoch; `null`: any. */
  epoch: number | null
}

/** A container with the forwarded label, as found by listing. */
export interface SurveyedContainer {
  containerId: string
  engineId: string
  /** `null` on one made by an older orchestrator. */
  epoch: number | null
  /** What it was started with, by its label or its environment. */
  p2pPort: number | null
  running: boolean
  /** `null` when nobody asked it. */
  healthy?: boolean | null
  /** Unix milliseconds. */
  createdAt?: number
  name?: string
}

export interface Grant {
  kind: 'granted'
  epoch: number
  port: number
  phase: 'granted' | 'active'
  /** The container already cleared to start, in phase `active`. */
  containerId: string | null
}

export interface Denial {
  kind: 'denied'
  reason: DeniedReason
  holder: { engineId: string; epoch: number; phase: HolderPhase } | null
}

export type LeaseAnswer =
  | Grant
  | Denial
  | { kind: 'confirmed'; epoch: number }
  | { kind: 'refused'; type: 'StaleEpoch' | 'NotRevoked' | 'LeaseDisabled' | 'EpochMismatch'; message: string }
  | { kind: 'revoking'; epoch: number }
  /** The epoch was over already, or is now; `next` answers the request that came with it. */
  | { kind: 'ended'; next: Grant | Denial | null }
  | { kind: 'accepted' }
  | { kind: 'ignored'; why: string }

export type LeaseEffect =
  /** Tell the holder's workflow that it lost the lease, so that it hands on. */
  | { kind: 'tell-holder'; engineId: string; epoch: number; reason: string }
  /** Tell the fleet that the port is free and nobody asked. */
  | { kind: 'announce-vacancy'; epoch: number; excluded: string | null; preferred: string | null; force?: boolean }
  /** Have the fleet hand on when the holder plays nothing. */
  | { kind: 'ask-rotation'; epoch: number; reason: string; force: boolean }
  /** Remove containers that run as forwarded ones and are not the holder's. */
  | { kind: 'remove-containers'; containerIds: string[] }

export interface LeaseStep {
  state: LeaseState
  answer: LeaseAnswer
  effects: LeaseEffect[]
}

/** A lease that knows nothing yet. */
export function initialLease(pool: string, index: number, enabled: boolean, now: number): LeaseState {
  return {
    schemaVersion: 1,
    pool,
    index,
    enabled,
    recovering: true,
    epoch: 0,
    port: { value: null, generation: { session: 0, sequence: 0 } },
    holder: null,
    preferred: null,
    nominee: null,
    force: false,
    excluded: null,
    seenEpoch: 0,
    strays: [],
    trouble: null,
    conflict: null,
    recent: [],
    log: [],
    vacantSince: now,
  }
}

/** A state as an older version of Berth may have left it, with all that has come since. */
export function restoredLease(state: LeaseState): LeaseState {
  return { ...initialLease(state.pool, state.index, state.enabled, state.vacantSince ?? 0), ...state }
}

/** The lease with this tenure as its holder, at the end of its log. */
export function heldBy(state: LeaseState, holder: Holder, began: string): LeaseState {
  const isActive = holder.phase === 'active'
  const { engineId, epoch, port, containerId, since } = holder
  const turnover: Turnover = {
    epoch,
    engineId,
    port,
    containerId,
    grantedAt: since,
    activeAt: isActive ? since : null,
    endedAt: null,
    began,
    ended: null,
    gapMs: null,
  }
  return {
    ...state,
    epoch: Math.max(state.epoch, epoch),
    holder,
    nominee: null,
    force: false,
    excluded: null,
    log: [...state.log, turnover].slice(-KEPT),
  }
}

/** The lease while its holder is losing the port. */
export function revoking(state: LeaseState, holder: Holder, reason: string, now: number): LeaseState {
  return { ...state, holder: { ...holder, phase: 'revoking', reason }, vacantSince: state.vacantSince ?? now }
}

/** What the holder is told when it loses the port. */
export function tellHolder(holder: Holder, reason: string): LeaseEffect {
  return { kind: 'tell-holder', engineId: holder.engineId, epoch: holder.epoch, reason }
}

/** The announcement due when the port is free to be granted and nobody holds it. */
export function vacancy(state: LeaseState): LeaseEffect[] {
  if (!isVacant(state)) return []
  const preferred = state.nominee ?? state.preferred
  return [{ kind: 'announce-vacancy', epoch: state.epoch, excluded: state.excluded, preferred, force: state.force }]
}

/** Somebody should hold the port and nobody does. */
export function isVacant(state: LeaseState): boolean {
  return state.enabled && !state.recovering && state.conflict === null && state.holder === null && state.port.value !== null
}

/** The log with this epoch's turnover changed. */
export function amend(log: Turnover[], epoch: number, change: Partial<Turnover>): Turnover[] {
  return log.map((turnover) => (turnover.epoch === epoch ? { ...turnover, ...change } : turnover))
}

/** A step that has no effect outside. */
export function only(state: LeaseState, answer: LeaseAnswer): LeaseStep {
  return { state, answer, effects: [] }
}
