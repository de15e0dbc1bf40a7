/**
 * @module
 * The effective configuration, for reading.
 */
import { z } from 'zod'

export const Settings = z.array(
  z.object({
    variable: z.string(),
    /** Secrets are masked. */
    value: z.string().nullable(),
    source: z.enum(['environment', 'default']),
    meaning: z.string(),
  }),
)
export type Settings = z.infer<typeof Settings>
