/**
 * @module
 * An in-process simulator of the Docker Engine API on a unix socket, whose containers are engine stand-ins on real local ports.
 */
import { DaemonClock } from './docker-clock.js'
import type { ContainerKind, SimulatedContainer } from './docker-container.js'
import { environmentOf } from './docker-container.js'
import type { CreateBody } from './docker-create-body.js'
import type { Daemon } from './docker-daemon.js'
import { EventLog } from './docker-events.js'
import { FaultPlan } from './docker-faults.js'
import { ImageStore } from './docker-images.js'
import { Lifecycle } from './docker-lifecycle.js'
import type { HeldRemoval } from './docker-lifecycle.js'
import { createListener } from './docker-listener.js'
import { ContainerRegistry } from './docker-registry.js'
import { readEngineSettings } from './engine-settings.js'

export interface DockerSimulatorOptions {
  socketPath: string
  /** A Gluetun container that exists and runs from the start. */
  gluetun?: { name: string; image?: string; labels?: Record<string, string>; environment?: Record<string, string>; address?: string }
  /** On the host from the start; others are pulled when asked for. */
  images?: readonly string[]
  /** Names whose pull is answered with 404. */
  unpullable?: readonly (string | RegExp)[]
  /** Whether a container of this image runs an engine; otherwise its process only waits. All but Gluetun and busybox by default. */
  isEngine?: (image: string) => boolean
  /** Networks besides `bridge`, `host` and `none`. */
  networks?: readonly string[]
  /** Factor on the delays of a real daemon (create 15 ms, start 150 ms, remove 60 ms): 1 by default, 0 for none. */
  latency?: number
  /** Of the faults that are drawn. */
  seed?: number
  /** Docker 20.10 by default. */
  version?: { engine: string; api: string; minimumApi: string }
}

/** One container as tests and the demo look at it, without going through the API. */
export interface ContainerSnapshot {
  id: string
  name: string
  image: string
  status: SimulatedContainer['state']['status']
  exitCode: number
  labels: Readonly<Record<string, string>>
  environment: Record<string, string>
  networkMode: string
  /** It runs in a namespace whose owner has stopped: nothing reaches it. */
  orphaned: boolean
  /** What it listens on while it runs and is not orphaned; `null` when it is no engine. */
  ports: { address: string; http: number; p2p: number | null } | null
}

export interface DockerSimulator {
  readonly socketPath: string
  readonly faults: FaultPlan
  start(): Promise<void>
  /** Ends every container and closes every listener; the socket file is gone. May be called again. */
  stop(): Promise<void>
  /** Newest first. */
  containers(): ContainerSnapshot[]
  /**
   * What happens to a container behind Berth's back: its process exits with `exitCode` (1 by default), the kernel kills it for its memory, or
   * somebody runs `docker rm -f`. Resolves once the events were sent.
   */
  killContainer(idOrName: string, how: 'die' | 'oom' | 'rm', exitCode?: number): Promise<void>
  /** Docker's verdict on a container's own health check. */
  setHealth(idOrName: string, health: 'starting' | 'healthy' | 'unhealthy'): void
  /** Removes the Gluetun container and makes it again with a new id, as an image update does; resolves with the id. */
  recreateGluetun(): Promise<string>
  /** Removals of this name do not finish until the function that it answers is called. */
  holdRemoval(name: string, how: HeldRemoval): () => void
  /** The daemon does not listen; containers live on. */
  daemonDown(): Promise<void>
  /** It listens again; containers were killed meanwhile when `killContainers`, as without live-restore. */
  daemonUp(options?: { killContainers?: boolean }): Promise<void>
}

const GLUETUN_IMAGE = 'qmcgaw/gluetun:v3.40'
const VERSION = { engine: '20.10.24', api: '1.41', minimumApi: '1.12' }

/**
 * Makes a simulator; nothing listens before `start`.
 *
 * @example
 * const simulator = createDockerSimulator({ socketPath: '/tmp/berth.sock', gluetun: { name: 'gluetun' } })
 * await simulator.start()
 * const docker = new Docker({ socketPath: simulator.socketPath })
 */
export function createDockerSimulator(options: DockerSimulatorOptions): DockerSimulator {
  const { socketPath, gluetun, latency = 1, isEngine = (image) => !/gluetun|busybox/.test(image) } = options
  const clock = new DaemonClock()
  const registry = new ContainerRegistry()
  const gluetunImage = gluetun?.image ?? GLUETUN_IMAGE
  const images = new ImageStore([...(options.images ?? []), ...(gluetun === undefined ? [] : [gluetunImage])], options.unpullable ?? [])
  const events = new EventLog(clock)
  const faults = new FaultPlan(options.seed)
  const networks = ['bridge', 'host', 'none', ...(options.networks ?? [])]
  const kindOf = (image: string, name: string): ContainerKind =>
    name === gluetun?.name || image.includes('gluetun') ? 'vpn' : isEngine(image) ? 'engine' : 'idle'
  const vpnAddress = gluetun?.address ?? '127.0.0.1'
  const lifecycle = new Lifecycle({ registry, images, events, clock, latency, kindOf, vpnAddress, networks })
  const daemon: Daemon = { clock, registry, images, events, lifecycle, faults, networks, version: options.version ?? VERSION }
  const listener = createListener(daemon, socketPath)

  async function makeGluetun(): Promise<string> {
    if (gluetun === undefined) throw new Error('making Gluetun: the simulator has none')
    const body: CreateBody = {
      Image: gluetunImage,
      Env: Object.entries({ VPN_SERVICE_PROVIDER: 'protonvpn', ...gluetun.environment }).map(([name, value]) => `${name}=${value}`),
      Labels: { ...composeLabels(gluetun.name), ...gluetun.labels },
      HostConfig: { CapAdd: ['NET_ADMIN'], RestartPolicy: { Name: 'unless-stopped' } },
    }
    const id = await lifecycle.create(gluetun.name, body)
    await lifecycle.start(registry.get(id))
    return id
  }

  async function endAll(): Promise<void> {
    const running = registry.all().filter((container) => container.run !== null)
    await Promise.all(running.map((container) => lifecycle.crash(container, 137)))
  }

  return {
    socketPath,
    faults,
    start: async () => {
      if (gluetun !== undefined && registry.find(gluetun.name) === null) await makeGluetun()
      await listener.open()
    },
    stop: async () => {
      await listener.close()
      await lifecycle.settle()
      await endAll()
    },
    containers: () => registry.all().map(snapshot),
    killContainer: async (idOrName, how, exitCode = 1) => {
      const container = registry.get(idOrName)
      if (how === 'rm') await lifecycle.remove(container, idOrName, true)
      else await lifecycle.crash(container, how === 'oom' ? 137 : exitCode, how === 'oom')
    },
    setHealth: (idOrName, health) => lifecycle.setHealth(registry.get(idOrName), health),
    recreateGluetun: async () => {
      const old = gluetun === undefined ? null : registry.find(gluetun.name)
      if (old !== null) await lifecycle.remove(old, old.name, true)
      return makeGluetun()
    },
    holdRemoval: (name, how) => lifecycle.holdRemoval(name, how),
    daemonDown: () => listener.close(),
    daemonUp: async ({ killContainers = false } = {}) => {
      if (killContainers) await endAll()
      await listener.open()
    },
  }
}

function composeLabels(service: string): Record<string, string> {
  return {
    'com.docker.compose.project': 'berth',
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
  }
}

function snapshot(container: SimulatedContainer): ContainerSnapshot {
  const { run, state } = container
  const environment = environmentOf(container)
  const settings = readEngineSettings(environment, container.command)
  return {
    id: container.id,
    name: container.name,
    image: container.image,
    status: state.status,
    exitCode: state.exitCode,
    labels: container.labels,
    environment,
    networkMode: container.networkMode,
    orphaned: run !== null && !run.namespace.alive,
    ports:
      container.kind === 'engine' && run !== null && run.namespace.alive
        ? { address: run.namespace.address, http: settings.httpPort, p2p: settings.p2pPort }
        : null,
  }
}
