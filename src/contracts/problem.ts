/**
 * @module
 * Errors as RFC 9457 problems.
 */
import { z } from 'zod'

/** The object that clients of older orchestrators look for under `detail` when provisioning fails. */
export const ProvisioningDetail = z.object({
  error: z.enum(['provisioning_blocked', 'provisioning_failed']),
  code: z.enum(['vpn_disconnected', 'max_capacity', 'general_error']),
  message: z.string(),
  /** Whole seconds, `null` when nobody can say. */
  recovery_eta_seconds: z.int().nullable(),
  can_retry: z.boolean(),
  should_wait: z.boolean(),
})
export type ProvisioningDetail = z.infer<typeof ProvisioningDetail>

export const ProblemBody = z.object({
  /** `/problems/<type>`, the same for the same kind of error for ever. */
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.union([z.string(), ProvisioningDetail]),
  /** The path that was asked. */
  instance: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  /** Also in the header `X-Request-Id` and in the log. */
  requestId: z.string(),
})
export type ProblemBody = z.infer<typeof ProblemBody>
