/**
 * @module
 * The forwarded port and who holds it.
 */
import { z } from 'zod'
import { MaybeTime, Time } from './time.js'
import { Trouble } from './trouble.js'

export const Lease = z.object({
  pool: z.string(),
  index: z.int(),
  enabled: z.boolean(),
  recovering: z.boolean(),
  epoch: z.int(),
  port: z.int().nullable(),
  /** The engine that a person named, `null` when nobody did. */
  preferred: z.string().nullable(),
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
  /** The last turnovers. */
  log: z.array(
    z.object({
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
    }),
  ),
})
export type Lease = z.infer<typeof Lease>

/** Both the reason and the body are optional. */
export const ElectBody = z.object(
  {
    reason: z
      .string('must be a string')
      .trim()
      .min(1, 'must not be empty')
      .max(200, 'must be at most 200 characters long')
      .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters')
      .default('asked for through the API'),
  },
  'must be an object',
)
export type ElectBody = z.output<typeof ElectBody>
