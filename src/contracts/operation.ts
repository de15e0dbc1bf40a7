/**
 * @module
 * Work that goes on after it was accepted.
 */
import { z } from 'zod'
import { Trouble } from './trouble.js'

export const Operation = z.object({
  /** `provision-<engine id>`, `restart-<engine id>` or `remove-<engine id>`. */
  id: z.string(),
  kind: z.enum(['provision', 'restart', 'remove']),
  status: z.enum(['running', 'succeeded', 'failed']),
  engine_id: z.string(),
  container_id: z.string().nullable(),
  /** What stands in the way while it runs, or why it failed. */
  problem: Trouble.nullable(),
})
export type Operation = z.infer<typeof Operation>
