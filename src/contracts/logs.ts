/**
 * @module
 * The last lines that an engine wrote.
 */
import { z } from 'zod'
import { MaybeTime } from './time.js'

export const EngineLogs = z.object({
  container_id: z.string(),
  /** Oldest first. */
  lines: z.array(z.object({ at: MaybeTime, stream: z.enum(['stdout', 'stderr']), text: z.string() })),
})
export type EngineLogs = z.infer<typeof EngineLogs>
