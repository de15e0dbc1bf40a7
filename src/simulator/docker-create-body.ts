/**
 * @module
 * The body of `POST /containers/create`: the fields that matter here are checked, the others are kept for `inspect`.
 */
import { z } from 'zod'
import { DaemonError } from './docker-errors.js'

const PortBinding = z.object({ HostIp: z.string().nullish(), HostPort: z.string().nullish() })

const HostConfig = z.looseObject({
  NetworkMode: z.string().nullish(),
  PortBindings: z.record(z.string(), z.array(PortBinding).nullable()).nullish(),
  RestartPolicy: z.looseObject({ Name: z.string().nullish() }).nullish(),
})

const CreateBody = z.looseObject({
  Image: z.string().nullish(),
  Cmd: z.union([z.array(z.string()), z.string().transform((text) => [text])]).nullish(),
  Entrypoint: z.union([z.array(z.string()), z.string().transform((text) => [text])]).nullish(),
  Env: z.array(z.string()).nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Hostname: z.string().nullish(),
  HostConfig: HostConfig.nullish(),
  NetworkingConfig: z.looseObject({ EndpointsConfig: z.record(z.string(), z.unknown()).nullish() }).nullish(),
})

export type CreateBody = z.infer<typeof CreateBody>

const RESTART_POLICIES = ['', 'no', 'always', 'unless-stopped', 'on-failure']

/** The body, or the daemon's refusal of it. */
export function parseCreateBody(contentType: string | undefined, text: string): CreateBody {
  const type = contentType?.split(';')[0]?.trim()
  if (type !== 'application/json') {
    throw new DaemonError(400, `Content-Type specified (${type ?? ''}) must be 'application/json'`)
  }
  if (text.trim() === '') throw new DaemonError(500, 'EOF')
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    throw new DaemonError(500, 'unexpected EOF')
  }
  if (typeof raw === 'object' && raw !== null && Object.keys(raw).length === 0) {
    throw new DaemonError(400, 'Config cannot be empty in order to create a container')
  }
  const parsed = CreateBody.safeParse(raw)
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new DaemonError(500, `json: cannot unmarshal value into Go struct field ContainerConfigWrapper.${path}`)
  }
  return parsed.data
}

/** Refuses options that do not go together. */
export function checkCreateBody(body: CreateBody): void {
  const restart = body.HostConfig?.RestartPolicy?.Name ?? ''
  if (!RESTART_POLICIES.includes(restart)) throw new DaemonError(400, `invalid restart policy '${restart}'`)
  if (!body.HostConfig?.NetworkMode?.startsWith('container:')) return
  if ((body.Hostname ?? '') !== '') throw new DaemonError(400, 'conflicting options: hostname and the network mode')
  if (Object.keys(body.HostConfig.PortBindings ?? {}).length > 0) {
    throw new DaemonError(400, 'conflicting options: port publishing and the container type network mode')
  }
}
