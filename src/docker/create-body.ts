/**
 * @module
 * The body of `POST /containers/create`, built from an `EngineSpec` and nothing else.
 *
 * Whoever may create containers is root on the host: privileged mode, host namespaces and bind mounts are fields of this body. So what may ever be sent is a
 * closed schema; a body that has anything else is never sent.
 */
import { z } from 'zod'
import { ourLabels } from '../domain/labels.js'
import { isVariant, variantOf } from '../engines/index.js'
import { reservedEnvironment, reservedLabel } from '../engines/reserved.js'
import type { Ownership } from './labels.js'
import { RuntimeError, type EngineNetwork, type EngineSpec } from './runtime.js'

/** Limits of each engine container; 0 is no limit. */
export interface ContainerLimits {
  memoryMb: number
  cpus: number
  pidsLimit: number
}

export interface CreateBodyOptions extends Ownership {
  limits: ContainerLimits
}

const port = z.string().regex(/^([1-9]\d{0,4})$/)
const portKey = z.string().regex(/^[1-9]\d{0,4}\/tcp$/)
const noControlCharacters = z.string().regex(/^[^\0]*$/, 'must not contain NUL')

const HostConfig = z.strictObject({
  // The network of one container by full id, or a named network; never the host's.
  NetworkMode: z.string().regex(/^(container:[0-9a-f]{64}|(?!(host|none|container)$)[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127})$/),
  PortBindings: z
    .record(portKey, z.tuple([z.strictObject({ HostIp: z.string().regex(/^[0-9a-fA-F.:]{2,45}$/), HostPort: port })]))
    .optional(),
  // A daemon that revives engines by itself would revive a former lease holder.
  RestartPolicy: z.strictObject({ Name: z.literal('no') }),
  CapDrop: z.tuple([z.literal('ALL')]),
  SecurityOpt: z.tuple([z.literal('no-new-privileges')]),
  Memory: z.int().positive().optional(),
  NanoCpus: z.int().positive().optional(),
  PidsLimit: z.int().positive().optional(),
  LogConfig: z.strictObject({
    Type: z.literal('json-file'),
    Config: z.strictObject({ 'max-size': z.literal('10m'), 'max-file': z.literal('3') }),
  }),
  // The daemon supplies the binary: the image need not have one. It reaps what the images' launchers leave behind.
  Init: z.literal(true),
})

const CreateBody = z.strictObject({
  Image: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.:/@-]{0,254}$/),
  Cmd: z.array(noControlCharacters).min(1).optional(),
  Env: z.array(noControlCharacters.regex(/^[a-zA-Z_][a-zA-Z0-9_]*=/)).max(200),
  Labels: z.record(z.string().min(1), z.string()),
  ExposedPorts: z.record(portKey, z.strictObject({})).optional(),
  // Some images probe their default port, which is not the one that the engine is given: they would show as unhealthy for ever.
  Healthcheck: z.strictObject({ Test: z.tuple([z.literal('NONE')]) }),
  HostConfig,
})

/**
 * Neither `User` nor `ReadonlyRootfs` is among the fields: the published images choose their own user (krinkuto11's runs as uid 1000), and their launchers
 * write configuration and cache into their own file system (/app/acestream.conf, /home/appuser/.ACEStream).
 */
export type CreateBody = z.infer<typeof CreateBody>

/**
 * 1. Ours are merged last: a caller's label or variable never takes the place of one of ours.
 * 2. A reserved name from the caller is left out even where we set nothing: no `P2P_PORT` on an engine without the forwarded port.
 * 3. The forwarded labels and the P2P port are there exactly when `spec.forwarded` is.
 *
 * Throws `RuntimeError` `refused`, naming the field, when the result is not within the closed schema.
 */
export function createBody(spec: EngineSpec, options: CreateBodyOptions): CreateBody {
  if (!isVariant(spec.variant))
    throw new RuntimeError('refused', `building the container ${spec.name}: there is no engine variant "${spec.variant}"`)
  const { environment, command } = variantOf(spec.variant).containerConfig({
    httpPort: spec.httpPort,
    httpsPort: spec.httpsPort,
    p2pPort: spec.forwarded?.p2pPort ?? null,
  })
  const { memoryMb, cpus, pidsLimit } = options.limits
  const theirs = without(spec.environment, reservedEnvironment)
  const result = CreateBody.safeParse({
    Image: spec.image,
    ...(command === null ? {} : { Cmd: command }),
    Env: Object.entries({ ...theirs, ...environment }).map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(spec, options),
    Healthcheck: { Test: ['NONE'] },
    ...exposure(spec.network, spec.httpPort),
    HostConfig: {
      ...networkOf(spec.network, spec.httpPort),
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ...(memoryMb === 0 ? {} : { Memory: Math.round(memoryMb * 1_048_576) }),
      ...(cpus === 0 ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
      ...(pidsLimit === 0 ? {} : { PidsLimit: pidsLimit }),
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      Init: true,
    },
  })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new RuntimeError('refused', `building the container ${spec.name}: ${problems.join('; ')}`)
}

function labelsOf(spec: EngineSpec, { managedLabel, instance }: Ownership): Record<string, string> {
  const { network } = spec
  const facts = {
    ...spec,
    hostHttpPort: network.kind === 'bridge' ? network.hostHttpPort : spec.httpPort,
    vpnContainer: network.kind === 'container' ? network.containerName : null,
  }
  return { ...without(spec.labels, (name) => reservedLabel(name, managedLabel.key)), ...ourLabels(facts, managedLabel, instance) }
}

function exposure(network: EngineNetwork, httpPort: number): { ExposedPorts?: Record<string, object> } {
  return network.kind === 'bridge' ? { ExposedPorts: { [`${httpPort}/tcp`]: {} } } : {}
}

function networkOf(network: EngineNetwork, httpPort: number) {
  if (network.kind === 'container') return { NetworkMode: `container:${network.containerId}` }
  const binding = { HostIp: network.hostAddress, HostPort: String(network.hostHttpPort) }
  return { NetworkMode: network.name ?? 'bridge', PortBindings: { [`${httpPort}/tcp`]: [binding] } }
}

function without(record: Record<string, string>, reserved: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !reserved(name)))
}
