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
export const LogsQuery = z.object({
  tail: z
    .string()
    .regex(/^([1-9]\d{0,2}|1000)$/, 'must be a whole number from 1 to 1000')
    .transform(Number)
    .default(200),
})

export type EngineLogs = z.infer<typeof EngineLogs>
