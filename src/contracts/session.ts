/**
 * @module
 * What whoever asks may do.
 */
import { z } from 'zod'

export const Role = z.enum(['viewer', 'operator', 'admin'])
export type Role = z.infer<typeof Role>

export const Session = z.object({
  /** `null`: reads only, by somebody without a key. */
  role: Role.nullable(),
  /** Changes need a key. */
  key_required: z.boolean(),
  /** Reads need a key too. */
  read_key_required: z.boolean(),
  version: z.string(),
})
export type Session = z.infer<typeof Session>
