/**
 * @module
 * Engines as clients of older orchestrators read them, with a few fields more.
 */
import { z } from 'zod'
import { StreamState } from './streams.js'
import { MaybeTime, Time } from './time.js'
import { Trouble } from './trouble.js'

export const EngineState = z.object({
  /** `null` only where engines without a container are asked for. */
  container_id: z.string().nullable(),
  container_name: z.string().nullable(),
  /** Where clients dial, with `port`. */
  host: z.string(),
  port: z.int(),
  labels: z.record(z.string(), z.string()),
  /** Holds the forwarded port now, by the word of the lease. */
  forwarded: z.boolean(),
  first_seen: Time,
  last_seen: MaybeTime,
  /** Ids of the streams that it plays. */
  streams: z.array(z.string()),
  health_status: z.enum(['healthy', 'unhealthy', 'unknown']),
  last_health_check: MaybeTime,
  last_stream_usage: MaybeTime,
  last_cache_cleanup: MaybeTime,
  cache_size_bytes: z.int().nullable(),
  vpn_container: z.string().nullable(),
  engine_variant: z.string().nullable(),
  platform: z.string().nullable(),
  version: z.string().nullable(),
  /** The port that its container was made with; `null` on engines that were made with none. */
  forwarded_port: z.int().nullable(),
  /** The engine's own word: it is connected to the Internet. `null`: not known. */
  p2p_connected: z.boolean().nullable(),
  /** `forwarded_port` takes connections, tried from where Berth is. `null`: not known, or it has none. */
  p2p_listening: z.boolean().nullable(),
  /** The engine's own id: it outlives its containers. */
  engine_id: z.string(),
  /** It goes when its last stream ends. */
  draining: z.boolean(),
  phase: z.enum(['provisioning', 'starting', 'running', 'backing-off', 'removing']),
  lease_epoch: z.int().nullable(),
  health_since: MaybeTime,
  started_at: MaybeTime,
  /** How many containers it lost so far. */
  losses: z.int(),
  problem: Trouble.nullable(),
})
export type EngineState = z.infer<typeof EngineState>

export const EngineList = z.array(EngineState)

export const EngineDetail = z.object({
  engine: EngineState,
  /** What it plays, whole; `engine.streams` has their ids. */
  streams: z.array(StreamState),
})
export type EngineDetail = z.infer<typeof EngineDetail>

export const Deleted = z.object({ deleted: z.string() })
export type Deleted = z.infer<typeof Deleted>

export const Scaled = z.object({
  /** The wanted number after it was held between MIN_REPLICAS and MAX_REPLICAS. */
  scaled_to: z.int(),
})
export type Scaled = z.infer<typeof Scaled>

/** Which engines a list is asked for. */
export const EngineQuery = z.object({
  forwarded: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .optional(),
  health: z.enum(['healthy', 'unhealthy', 'unknown'], 'must be healthy, unhealthy or unknown').optional(),
})

/** Streams are cut only with `force`. */
export const RestartBody = z.object({ force: z.boolean('must be true or false').default(false) }, 'must be an object')

/** How many engines may be asked for; more is a slip of the finger. */
export const Demand = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a whole number from 0 to 1000')
  .transform(Number)
  .refine((demand) => demand <= 1000, 'must be a whole number from 0 to 1000')
