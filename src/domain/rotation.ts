/**
 * @module
 * Handing the port on although its holder lives: because it does not answer, or because it is another engine's turn. Pure.
 */
import { choose } from './election.js'
import type { EngineView, RotationView } from './views.js'

/** A rotation that is due. Times are Unix milliseconds. */
export interface DueRotation {
  since: number
  reason: string
  /** Streams of the holder do not keep it waiting. */
  force: boolean
  /** Until when they do, `null`: for as long as they play. */
  drainUntil: number | null
  /** Container of the holder that is to hand on; over as soon as another one holds. */
  containerId: string | null
}

/** What a hand-over is decided on. */
export interface RotationFacts {
  policy: { rotateEveryMs?: number | null; drainMs?: number | null }
  rotation: DueRotation | null
  engines: Readonly<Record<string, { view: EngineView; removing: boolean }>>
}

/** A hand-over that is to happen now. */
export interface HandOver {
  engineId: string
  containerId: string
  reason: string
  candidate: string
}

/** The engine whose container was made with the port and has not been given up, `null` while the port is handed over. */
export function holderOf(facts: Pick<RotationFacts, 'engines'>): { view: EngineView } | null {
  return live(facts).find(({ view }) => view.forwarded) ?? null
}

/**
 * Whether the holder is to hand on now.
 *
 * 1. A holder that does not answer hands on to the best engine that is healthy and plays nothing. When there is none it is left alone: its own workflow replaces its
 *    container when the probes are to be believed.
 * 2. A rotation waits until another healthy engine plays nothing, and until the holder plays nothing, its drain time is over or it is forced.
 */
export function turnOver(facts: RotationFacts, now: number): HandOver | null {
  const holder = holderOf(facts)?.view
  if (!holder || holder.containerId === null) return null
  const { engineId, containerId } = holder
  const candidate = successor(facts, holder)
  if (holder.health === 'unhealthy') return candidate === null ? null : { engineId, containerId, reason: 'unhealthy', candidate }
  if (facts.rotation === null || candidate === null || waitingFor(facts, now) !== null) return null
  return { engineId, containerId, reason: facts.rotation.reason, candidate }
}

/** The rotation that is due at `now`: one asked for, or by the period; `null` when none is, or when it has happened. */
export function dueRotation(facts: RotationFacts, now: number): DueRotation | null {
  const holder = holderOf(facts)?.view ?? null
  const { rotation } = facts
  if (rotation !== null && (holder === null || rotation.containerId === null || holder.containerId === rotation.containerId)) {
    return rotation.containerId === null && holder !== null ? { ...rotation, containerId: holder.containerId } : rotation
  }
  const due = periodEnd(facts)
  if (holder === null || due === null || due > now) return null
  const { drainMs = null } = facts.policy
  return {
    since: now,
    reason: 'rotation',
    force: false,
    drainUntil: drainMs === null ? null : now + drainMs,
    containerId: holder.containerId,
  }
}

/** When time alone may change what is due, `null`: never. */
export function rotationWakeAt(facts: RotationFacts, now: number): number | null {
  const { rotation } = facts
  if (rotation === null) return periodEnd(facts)
  const { drainUntil } = rotation
  return drainUntil !== null && drainUntil > now ? drainUntil : null
}

/** What `GET /lease` shows of it. */
export function rotationView(facts: RotationFacts): RotationView {
  const { rotation, policy } = facts
  const everyMs = policy.rotateEveryMs ?? null
  if (rotation === null) return { everyMs, due: null }
  const { since, reason, force, drainUntil } = rotation
  return { everyMs, due: { since, reason, force, drainUntil, waitingFor: waitingFor(facts, since) ?? 'lease' } }
}

function waitingFor(facts: RotationFacts, now: number): 'streams' | 'candidate' | 'lease' | null {
  const holder = holderOf(facts)?.view
  const { rotation } = facts
  if (!holder || rotation === null) return 'lease'
  if (successor(facts, holder) === null) return 'candidate'
  const drained = rotation.drainUntil !== null && now >= rotation.drainUntil
  return holder.streams.length === 0 || rotation.force || drained ? null : 'streams'
}

function successor(facts: RotationFacts, holder: EngineView): string | null {
  const able = live(facts)
    .map(({ view }) => view)
    .filter((view) => view.engineId !== holder.engineId && view.health === 'healthy')
  return choose(able, { preferred: null, excluded: null, force: false })
}

function periodEnd(facts: RotationFacts): number | null {
  const every = facts.policy.rotateEveryMs ?? null
  const started = holderOf(facts)?.view.startedAt ?? null
  return every === null || started === null ? null : started + every
}

function live(facts: Pick<RotationFacts, 'engines'>): { view: EngineView; removing: boolean }[] {
  return Object.values(facts.engines).filter(({ removing }) => !removing)
}
