/**
 * @module
 * Engines' containers as clients of older orchestrators read them.
 */
import { z } from 'zod'
import { MaybeTime } from './time.js'

export const Container = z.object({
  id: z.string(),
  name: z.string(),
  image: z.string().nullable(),
  created: MaybeTime,
  status: z.enum(['created', 'running', 'restarting', 'removing', 'exited']),
  labels: z.record(z.string(), z.string()),
  /** By container port as `8621/tcp`; empty where engines share the network of the VPN. */
  ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() }))),
})
export type Container = z.infer<typeof Container>

export const LabelQuery = z.object({
  key: z.string('must be given').min(1, 'must not be empty'),
  value: z.string('must be given'),
})
