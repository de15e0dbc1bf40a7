/**
 * Docker as plain data: what a call answers and what it changes, without a daemon. Names are unique, a removal is seen gone, ids are never reused.
 */
import {
  type ContainerRuntime,
  type ContainerState,
  type EngineSpec,
  type InspectedContainer,
  RuntimeError,
  type RuntimeErrorCode,
} from '../../src/docker/runtime.js'

export interface DockerState {
  containers: readonly InspectedContainer[]
  /** How many were ever created: ids are made from it. */
  created: number
}

export type DockerCall =
  | { op: 'list'; filter: { forwardedOnly?: boolean; engineId?: string } }
  | { op: 'inspect'; idOrName: string }
  | { op: 'create'; spec: EngineSpec }
  | { op: 'start'; containerId: string }
  | { op: 'remove'; containerId: string }

export type DockerReply = { value: unknown } | { error: RuntimeErrorCode }

export interface DockerRules {
  /** The barrier that a test of the test takes away. */
  uniqueNames: boolean
}

const REAL: DockerRules = { uniqueNames: true }

/** One call, executed. Pure. */
export function execute(docker: DockerState, call: DockerCall, rules = REAL): { docker: DockerState; reply: DockerReply } {
  const only = (reply: DockerReply) => ({ docker, reply })
  const find = (containerId: string) => docker.containers.find((container) => container.id === containerId)
  switch (call.op) {
    case 'list': {
      const { forwardedOnly, engineId } = call.filter
      const matches = ({ managed, engine }: InspectedContainer) =>
        managed && (!forwardedOnly || engine.forwarded) && (engineId === undefined || engine.engineId === engineId)
      return only({ value: docker.containers.filter(matches) })
    }
    case 'inspect':
      return only({ value: docker.containers.find(({ id, name }) => id === call.idOrName || name === call.idOrName) ?? null })
    case 'create': {
      const taken = docker.containers.some((container) => container.name === call.spec.name)
      if (taken && rules.uniqueNames) return only({ error: 'name-taken' })
      const made = containerOf(call.spec, `c${docker.created + 1}`)
      return { docker: { containers: [...docker.containers, made], created: docker.created + 1 }, reply: { value: made.id } }
    }
    case 'start':
      if (!find(call.containerId)) return only({ error: 'no-such-container' })
      return { docker: withState(docker, call.containerId, 'running'), reply: { value: undefined } }
    case 'remove': {
      const container = find(call.containerId)
      if (container && !container.managed) return only({ error: 'refused' })
      return { docker: { ...docker, containers: docker.containers.filter((other) => other !== container) }, reply: { value: undefined } }
    }
  }
}

/** The same containers, one of them in another state. */
export function withState(docker: DockerState, containerId: string, state: ContainerState): DockerState {
  return {
    ...docker,
    containers: docker.containers.map((container) => (container.id === containerId ? { ...container, state } : container)),
  }
}

/** A container as `create` makes it. */
export function containerOf(spec: EngineSpec, id: string, change: Partial<InspectedContainer> = {}): InspectedContainer {
  const { network, forwarded } = spec
  return {
    id,
    name: spec.name,
    image: spec.image,
    state: 'created',
    createdAt: 0,
    labels: spec.labels,
    engine: {
      engineId: spec.engineId,
      pool: spec.pool,
      instance: null,
      httpPort: spec.httpPort,
      httpsPort: spec.httpsPort,
      hostHttpPort: network.kind === 'bridge' ? network.hostHttpPort : spec.httpPort,
      variant: spec.variant,
      forwarded: forwarded !== null,
      epoch: forwarded?.epoch ?? null,
      index: forwarded?.index ?? 0,
      p2pPort: forwarded?.p2pPort ?? null,
    },
    networkMode: network.kind === 'container' ? `container:${network.containerId}` : (network.name ?? 'bridge'),
    address: null,
    managed: true,
    configuredP2pPort: forwarded?.p2pPort ?? null,
    startedAt: null,
    exitCode: null,
    oomKilled: false,
    ...change,
  }
}

/** Forwarded containers that run: never more than one. */
export function forwardedRunning(docker: DockerState): InspectedContainer[] {
  return docker.containers.filter(({ engine, state }) => engine.forwarded && state === 'running')
}

/** A runtime whose every container call goes through `call`; Gluetun is `vpn`, when there is one. */
export function runtimeOver(
  call: (call: DockerCall) => Promise<unknown>,
  vpn: { id: string; running: boolean } | null = null,
): ContainerRuntime {
  return {
    ping: async () => ({ version: 'memory', apiVersion: 'memory' }),
    list: (filter = {}) => call({ op: 'list', filter }) as Promise<InspectedContainer[]>,
    others: async () => [],
    inspect: (idOrName) => call({ op: 'inspect', idOrName }) as Promise<InspectedContainer | null>,
    logs: async () => [],
    environment: async () => ({}),
    inspectVpn: async (name) =>
      vpn && { id: vpn.id, name, running: vpn.running, health: 'healthy', startedAt: 0, address: '172.17.0.2', provider: null },
    ensureImage: async () => undefined,
    create: (spec) => call({ op: 'create', spec }) as Promise<string>,
    start: async (containerId) => void (await call({ op: 'start', containerId })),
    remove: async (containerId) => void (await call({ op: 'remove', containerId })),
    async *events() {
      yield { kind: 'connected' as const }
    },
  }
}

/** What a call's promise does with its reply. */
export function settle(reply: DockerReply): unknown {
  if ('error' in reply) throw new RuntimeError(reply.error, `the daemon says ${reply.error}`)
  return reply.value
}
