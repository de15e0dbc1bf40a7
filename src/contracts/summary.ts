/**
 * @module
 * All that matters at a glance, flat, for dashboards.
 */
import { z } from 'zod'
import { MaybeTime } from './time.js'

export const Summary = z.object({
  /** `attention`: the lease has a condition, a part is missing, or there are fewer engines than wanted. */
  status: z.enum(['ok', 'attention']),
  version: z.string(),
  pool: z.string(),
  engines_wanted: z.int(),
  engines_total: z.int(),
  engines_running: z.int(),
  engines_healthy: z.int(),
  streams_active: z.int(),
  /** Id of the engine that holds the port, by the word of the lease. */
  forwarded_engine: z.string().nullable(),
  forwarded_container: z.string().nullable(),
  forwarded_port: z.int().nullable(),
  lease_epoch: z.int(),
  lease_condition: z.string().nullable(),
  vpn_enabled: z.boolean(),
  vpn_connected: z.boolean(),
  vpn_public_ip: z.string().nullable(),
  vpn_country: z.string().nullable(),
  /** The last turnover of the port. */
  last_change: MaybeTime,
  /** This is the last known state, and nobody can say what is now. */
  stale: z.boolean(),
  /** Seconds since the state was read. */
  age_s: z.number(),
})
export type Summary = z.infer<typeof Summary>
