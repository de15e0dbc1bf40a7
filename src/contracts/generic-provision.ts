/**
 * @module
 * `POST /provision` of an older orchestrator.
 */
import { z } from 'zod'
import { ProvisionBody } from './provision.js'

const rule = 'must be an object as {"8621/tcp": 19001}'
const HostPort = z.int(rule).min(1, rule).max(65_535, rule)

/** Its `ports` wishes for the host port of the engine's HTTP port; `name_prefix` is not used, names are ours. */
export const GenericProvisionBody = ProvisionBody.omit({ host_port: true }).extend({
  image: z.string('must be a string').max(512, 'must be at most 512 characters long').nullish(),
  ports: z.record(z.string().regex(/^\d{1,5}\/(tcp|udp)$/, rule), HostPort, rule).default({}),
})
export type GenericProvisionBody = z.output<typeof GenericProvisionBody>

export const GenericProvisioned = z.object({ container_id: z.string(), container_name: z.string() })
export type GenericProvisioned = z.infer<typeof GenericProvisioned>
