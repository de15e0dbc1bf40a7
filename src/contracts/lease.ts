/**
 * @module
 * The forwarded port and who holds it.
 */
import { z } from 'zod'
import { printable } from './text.js'
import { MaybeTime, Time } from './time.js'
import { Trouble } from './trouble.js'

/** One tenure of the port. */
export const LeaseTurnover = z.object({
  epoch: z.int(),
  engine_id: z.string(),
  port: z.int(),
  container_id: z.string().nullable(),
  granted_at: Time,
  active_at: MaybeTime,
  ended_at: MaybeTime,
  began: z.string(),
  ended: z.string().nullable(),
  gap_ms: z.number().nullable(),
})
export type LeaseTurnover = z.infer<typeof LeaseTurnover>

export const Lease = z.object({
  pool: z.string(),
  index: z.int(),
  enabled: z.boolean(),
  recovering: z.boolean(),
  epoch: z.int(),
  port: z.int().nullable(),
  /** The engine that a person named, `null` when nobody did. */
  preferred: z.string().nullable(),
  /** The engine that the next grant is kept for, once. */
  nominee: z.string().nullable(),
  holder: z
    .object({
      engine_id: z.string(),
      epoch: z.int(),
      port: z.int(),
      /** Only an `active` holder is forwarded: the others are on their way in or out. */
      phase: z.enum(['granted', 'active', 'revoking']),
      container_id: z.string().nullable(),
      since: Time,
    })
    .nullable(),
  /** Why there is no healthy forwarded engine right now. */
  condition: Trouble.nullable(),
  rotation: z.object({
    /** Seconds between two rotations, `null` when it is off. */
    every_s: z.number().nullable(),
    /** A rotation that is due and waits. */
    due: z
      .object({
        since: Time,
        reason: z.string(),
        /** Streams of the holder do not keep it waiting. */
        force: z.boolean(),
        /** Until when streams of the holder keep it waiting, `null`: for as long as they play. */
        drain_until: MaybeTime,
        waiting_for: z.enum(['streams', 'candidate', 'lease']),
      })
      .nullable(),
  }),
  /** What would be removed if a dry run did not hold it. */
  reconcile: z.object({
    dry_run: z.boolean(),
    would_remove: z.array(z.object({ container_id: z.string(), name: z.string(), reason: z.string() })),
  }),
  /** The last turnovers, the newest at the end. */
  log: z.array(LeaseTurnover),
})
export type Lease = z.infer<typeof Lease>

export const LeaseHistory = z.object({
  /** The newest first. */
  items: z.array(LeaseTurnover),
  /** Goes on where this page ends, `null` at the end. */
  next_cursor: z.string().nullable(),
})
export type LeaseHistory = z.infer<typeof LeaseHistory>

export const HistoryQuery = z.object({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .default(20),
  /** `next_cursor` of the page before. */
  cursor: z.string().nullable().default(null),
})

const reason = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .max(200, 'must be at most 200 characters long')
  .refine(printable, 'must not hold control characters')
  .default('asked for through the API')
/** Streams of the holder are cut, and a candidate that has some is taken. */
const force = z.boolean('must be true or false').default(false)
const engine = (rule: string) => z.string(rule).regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, rule)

/** All of it is optional, and so is the body. */
export const ElectBody = z.object(
  {
    reason,
    /** The engine that is to win; without one the election decides. */
    candidate: engine('must be an engine id, a container id or a container name, or null').nullable().default(null),
    force,
  },
  'must be an object',
)
export type ElectBody = z.output<typeof ElectBody>

/** `engine: null` undoes it; leaving it out does not. */
export const DesignateBody = z.object(
  { engine: engine('must be an engine id, a container id or a container name, or null to name nobody').nullable(), reason, force },
  'must be an object',
)
export type DesignateBody = z.output<typeof DesignateBody>

/** All of it is optional, and so is the body. */
export const RotateBody = z.object({ reason, force }, 'must be an object')
export type RotateBody = z.output<typeof RotateBody>
