/**
 * @module
 * The VPN as clients of older orchestrators read it.
 */
import { z } from 'zod'
import { MaybeTime } from './time.js'
import { Trouble } from './trouble.js'

export const Vpn = z.object({
  enabled: z.boolean(),
  status: z.enum(['starting', 'running', 'stopping', 'stopped', 'crashed', 'unknown', 'disabled']),
  container_name: z.string().nullable(),
  container: z.string().nullable(),
  health: z.enum(['healthy', 'unhealthy', 'starting', 'unknown']),
  connected: z.boolean(),
  forwarded_port: z.int().nullable(),
  public_ip: z.string().nullable(),
  provider: z.string().nullable(),
  country: z.string().nullable(),
  city: z.string().nullable(),
  region: z.string().nullable(),
  last_check: MaybeTime,
  last_check_at: MaybeTime,
  /** All ports that the VPN forwards. `forwarded_port` is the lease's while it is one of them, else the lowest. */
  forwarded_ports: z.array(z.int()),
  problem: Trouble.nullable(),
})
export type Vpn = z.infer<typeof Vpn>

export const VpnStatus = Vpn.extend({
  mode: z.enum(['single', 'disabled']),
  vpn1: Vpn.nullable(),
  /** A pool has one VPN; the field stays for clients that look for it. */
  vpn2: z.null(),
  emergency_mode: z.object({
    active: z.literal(false),
    failed_vpn: z.null(),
    healthy_vpn: z.null(),
    duration_seconds: z.literal(0),
  }),
})
export type VpnStatus = z.infer<typeof VpnStatus>
