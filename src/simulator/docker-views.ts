/**
 * @module
 * A container as `inspect` and as `list` show it.
 */
import { toTimestamp } from './docker-clock.js'
import type { SimulatedContainer } from './docker-container.js'

const NETWORK_ID = '5b1d6a2f0c3e4d7a9b8c1e2f3a4b5c6d7e8f90123456789abcdef0123456789a'
const GATEWAY = '127.0.0.1'

/** `GET /containers/{id}/json` */
export function viewContainer(container: SimulatedContainer): unknown {
  const { state, body, run } = container
  const { HostConfig, NetworkingConfig: _networking, ...config } = body
  const own = run !== null && run.ownsNamespace ? run.namespace.address : ''
  const [path = '', ...args] = container.command
  return {
    Id: container.id,
    Created: toTimestamp(container.createdAt),
    Path: path,
    Args: args,
    State: viewState(container),
    Image: container.imageId,
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: {
      Binds: null,
      LogConfig: { Type: 'json-file', Config: {} },
      PortBindings: null,
      RestartPolicy: { Name: '', MaximumRetryCount: 0 },
      AutoRemove: false,
      CapAdd: null,
      CapDrop: null,
      Privileged: false,
      PublishAllPorts: false,
      ReadonlyRootfs: false,
      SecurityOpt: null,
      Memory: 0,
      NanoCpus: 0,
      PidsLimit: null,
      ...HostConfig,
      NetworkMode: container.networkMode,
    },
    Mounts: [],
    Config: {
      Hostname: container.id.slice(0, 12),
      Domainname: '',
      User: '',
      Tty: false,
      OpenStdin: false,
      Volumes: null,
      WorkingDir: '',
      Entrypoint: null,
      OnBuild: null,
      ...config,
      Env: body.Env ?? null,
      Cmd: body.Cmd ?? null,
      Labels: container.labels,
      Image: container.image,
    },
    NetworkSettings: {
      Bridge: '',
      SandboxID: state.startedAt === null ? '' : container.id,
      Ports: viewPortMap(container),
      Gateway: own === '' ? '' : GATEWAY,
      IPAddress: own,
      IPPrefixLen: own === '' ? 0 : 16,
      MacAddress: '',
      Networks: viewNetworks(container, state.startedAt === null ? '' : NETWORK_ID),
    },
  }
}

function viewState({ state }: SimulatedContainer): unknown {
  const running = state.status === 'running' || state.status === 'paused'
  return {
    Status: state.status,
    Running: running,
    Paused: state.status === 'paused',
    Restarting: false,
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: running ? process.pid : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: toTimestamp(state.startedAt),
    FinishedAt: toTimestamp(state.finishedAt),
    ...(state.health === null ? {} : { Health: { Status: state.health, FailingStreak: state.health === 'unhealthy' ? 3 : 0, Log: [] } }),
  }
}

/** One element of `GET /containers/json`. */
export function summarizeContainer(container: SimulatedContainer): unknown {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.image,
    ImageID: container.imageId,
    Command: container.command.join(' '),
    Created: Number(container.createdAt / 1_000_000_000n),
    Ports: (container.run?.published?.ports ?? []).map(({ containerPort, hostIp, hostPort }) => ({
      IP: hostIp,
      PrivatePort: Number.parseInt(containerPort, 10),
      PublicPort: hostPort,
      Type: containerPort.split('/')[1] ?? 'tcp',
    })),
    Labels: container.labels,
    State: container.state.status,
    Status: viewStatus(container),
    HostConfig: { NetworkMode: container.networkMode },
    NetworkSettings: { Networks: viewNetworks(container, NETWORK_ID) },
    Mounts: [],
  }
}

function viewStatus({ state }: SimulatedContainer): string {
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
    case 'exited':
      return `Exited (${state.exitCode}) ${secondsSince(state.finishedAt)} ago`
    default: {
      const suffix = state.status === 'paused' ? ' (Paused)' : state.health === null ? '' : ` (${healthWords(state.health)})`
      return `Up ${secondsSince(state.startedAt)}${suffix}`
    }
  }
}

const healthWords = (health: string): string => (health === 'starting' ? 'health: starting' : health)

function secondsSince(nanoseconds: bigint | null): string {
  const seconds = nanoseconds === null ? 0 : Math.max(0, Math.floor(Date.now() / 1000 - Number(nanoseconds / 1_000_000_000n)))
  return seconds < 1 ? 'Less than a second' : seconds === 1 ? '1 second' : `${seconds} seconds`
}

function viewNetworks(container: SimulatedContainer, networkId: string): Record<string, unknown> {
  if (container.networkMode.startsWith('container:')) return {}
  const { run } = container
  const address = run !== null && run.ownsNamespace ? run.namespace.address : ''
  const name = container.networkMode === 'default' ? 'bridge' : container.networkMode
  return {
    [name]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      NetworkID: networkId,
      EndpointID: address === '' ? '' : container.id,
      Gateway: address === '' ? '' : GATEWAY,
      IPAddress: address,
      IPPrefixLen: address === '' ? 0 : 16,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      MacAddress: '',
      DriverOpts: null,
    },
  }
}

function viewPortMap(container: SimulatedContainer): Record<string, { HostIp: string; HostPort: string }[]> {
  const ports: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { containerPort, hostIp, hostPort } of container.run?.published?.ports ?? []) {
    ;(ports[containerPort] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) })
  }
  return ports
}

/** `GET /networks` */
export function viewNetworkList(names: readonly string[]): unknown[] {
  return names.map((name) => ({
    Name: name,
    Id: NETWORK_ID,
    Scope: 'local',
    Driver: name === 'none' ? 'null' : name === 'host' ? 'host' : 'bridge',
    Internal: false,
    Containers: {},
    Options: {},
    Labels: {},
  }))
}
