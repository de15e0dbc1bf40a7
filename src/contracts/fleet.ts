/**
 * @module
 * The fleet: how many engines are wanted, and how many there are.
 */
import { z } from 'zod'
import { Trouble } from './trouble.js'

export const Fleet = z.object({
  pool: z.string(),
  wanted: z.int(),
  min_replicas: z.int(),
  max_replicas: z.int(),
  min_free_replicas: z.int(),
  engines: z.object({
    total: z.int(),
    /** With a container that runs. */
    running: z.int(),
    healthy: z.int(),
    unhealthy: z.int(),
    /** Running, and playing nothing. */
    free: z.int(),
  }),
  streams: z.int(),
  docker: z.object({ reachable: z.boolean(), problem: Trouble.nullable() }),
  /** Containers that would be removed if a dry run did not hold it. */
  dry_run: z.boolean(),
})
export type Fleet = z.infer<typeof Fleet>

const Replicas = z
  .int('must be a whole number from 0 to 1000')
  .min(0, 'must be a whole number from 0 to 1000')
  .max(1000, 'must be a whole number from 0 to 1000')

export const FleetChange = z.object({ wanted: Replicas }, 'must be an object')
export type FleetChange = z.output<typeof FleetChange>
