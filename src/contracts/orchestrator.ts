/**
 * @module
 * The state of the whole as proxies ask for it before they provision.
 */
import { z } from 'zod'
import { ProvisioningDetail } from './problem.js'
import { MaybeTime, Time } from './time.js'

export const OrchestratorStatus = z.object({
  status: z.enum(['healthy', 'degraded', 'unavailable']),
  engines: z.object({ total: z.int(), running: z.int(), healthy: z.int(), unhealthy: z.int() }),
  streams: z.object({ active: z.int(), total: z.int() }),
  capacity: z.object({ total: z.int(), used: z.int(), available: z.int(), max_replicas: z.int(), min_replicas: z.int() }),
  vpn: z.object({
    enabled: z.boolean(),
    connected: z.boolean(),
    health: z.string(),
    container: z.string().nullable(),
    forwarded_port: z.int().nullable(),
  }),
  provisioning: z.object({
    can_provision: z.boolean(),
    circuit_breaker_state: z.enum(['closed', 'open', 'half_open']),
    last_failure: MaybeTime,
    blocked_reason: z.string().nullable(),
    blocked_reason_details: ProvisioningDetail.omit({ error: true })
      .extend({ code: z.enum(['vpn_disconnected', 'circuit_breaker', 'max_capacity', 'general_error']) })
      .nullable(),
  }),
  config: z.object({ auto_delete: z.boolean(), grace_period_s: z.number(), engine_variant: z.string(), debug_mode: z.boolean() }),
  timestamp: Time,
})
export type OrchestratorStatus = z.infer<typeof OrchestratorStatus>

const Breaker = z.object({
  state: z.enum(['closed', 'open', 'half_open']),
  failure_count: z.int(),
  last_failure_time: MaybeTime,
})

export const HealthStatus = z.object({
  total_engines: z.int(),
  healthy_engines: z.int(),
  unhealthy_engines: z.int(),
  marked_for_replacement: z.int(),
  minimum_required: z.int(),
  health_check_interval: z.number(),
  circuit_breakers: z.object({ general: Breaker, replacement: Breaker }),
})
export type HealthStatus = z.infer<typeof HealthStatus>

export const BreakerQuery = z.object({
  operation_type: z.enum(['general', 'replacement'], 'must be general or replacement').optional(),
})

export const Message = z.object({ message: z.string() })
export type Message = z.infer<typeof Message>

export const Swept = z.object({ status: z.literal('ok') })
export type Swept = z.infer<typeof Swept>

export const PublicIp = z.object({ public_ip: z.string() })
export type PublicIp = z.infer<typeof PublicIp>
