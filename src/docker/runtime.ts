/**
 * @module
 * The port through which Berth sees and moves containers. `dockerode-runtime.ts` is the adapter for a Docker daemon.
 */
import type { LogLine } from '../domain/views.js'

/** A container's state as Docker names it. One that is not known here counts as `running`. */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

/** What our own labels say, parsed; `null` fields were absent or unreadable. Labels are untrusted input. */
export interface EngineLabels {
  engineId: string | null
  pool: string | null
  /** `acestream.instance`: which Berth it belongs to. */
  instance: string | null
  httpPort: number | null
  httpsPort: number | null
  hostHttpPort: number | null
  variant: string | null
  /** `acestream.forwarded=true` is present. */
  forwarded: boolean
  /** `acestream.lease.epoch`, on forwarded containers only. */
  epoch: number | null
  /** `acestream.lease.index`, 0 when absent. */
  index: number
  /** `acestream.p2p-port`, on forwarded containers only. */
  p2pPort: number | null
}

/** One container that carries the managed-by label, of this Berth or of another one, as Docker's list shows it. */
export interface ManagedContainer {
  id: string
  name: string
  image: string
  state: ContainerState
  /** Unix milliseconds. */
  createdAt: number
  labels: Record<string, string>
  engine: EngineLabels
  /** `container:<id>` when it shares another container's network, else the network's name. */
  networkMode: string
  /** Its own address on its network, `null` when it shares another container's or is not running. */
  address: string | null
}

/** What `inspect` adds. */
export interface InspectedContainer extends ManagedContainer {
  /** It is ours: false without the managed-by label, and false for a container of another instance. */
  managed: boolean
  /**
   * The P2P port that its environment and command give to the engine; `null` when they give none, or nothing that is a port. Unlike the label it is there on
   * containers of older orchestrators too, and on those that nobody meant to be forwarded.
   */
  configuredP2pPort: number | null
  /** Unix milliseconds of the last start, `null` if never started. */
  startedAt: number | null
  exitCode: number | null
  oomKilled: boolean
}

/** The Gluetun container: only what is needed. Its environment holds credentials and never leaves the adapter. */
export interface VpnContainer {
  id: string
  name: string
  running: boolean
  /** Docker's own health verdict, `none` when the image has no check. */
  health: 'healthy' | 'unhealthy' | 'starting' | 'none'
  startedAt: number | null
  /** First address on a Docker network. */
  address: string | null
  /** `VPN_SERVICE_PROVIDER`, as set. */
  provider: string | null
}

export type EngineNetwork =
  /** Shares the network namespace of the Gluetun container with this id. */
  | { kind: 'container'; containerId: string; containerName: string }
  /** A bridge network (`null`: Docker's default), with the HTTP port published on the host. */
  | { kind: 'bridge'; name: string | null; hostHttpPort: number; hostAddress: string }

/** Everything a container of ours is made from. The create body is built from this and nothing else. */
export interface EngineSpec {
  name: string
  image: string
  variant: string
  engineId: string
  pool: string
  httpPort: number
  httpsPort: number
  network: EngineNetwork
  /** `null` on every engine that is not forwarded: no port, no forwarded label. */
  forwarded: { index: number; epoch: number; p2pPort: number } | null
  /** The caller's labels and environment, already checked not to set what is ours. */
  labels: Record<string, string>
  environment: Record<string, string>
}

export type ContainerAction = 'create' | 'start' | 'die' | 'destroy' | 'oom' | 'pause' | 'unpause' | 'rename' | 'health_status'

/** One event of a container of ours or of the Gluetun container. */
export interface ContainerEvent {
  action: ContainerAction
  containerId: string
  name: string
  labels: Record<string, string>
  engine: EngineLabels
  /** As in `InspectedContainer`. */
  managed: boolean
  exitCode: number | null
  /** Unix nanoseconds as a decimal string: more digits than a number holds. */
  timeNano: string
}

/** Stable codes of what can go wrong with a container operation. */
export type RuntimeErrorCode =
  /** The daemon could not be asked, or its answer did not arrive or could not be read: presume that it may have happened. */
  | 'unreachable'
  /** 409 on create: the name is in use. */
  | 'name-taken'
  /** 404: no such container. */
  | 'no-such-container'
  /** The image is not on the host and could not be pulled. */
  | 'image-missing'
  /** The container whose network is to be shared does not exist or does not run. */
  | 'network-gone'
  /** A published port is in use on the host. */
  | 'port-taken'
  /** 409 otherwise: for example a removal already in progress. */
  | 'conflict'
  /** The daemon understood and refused (400, 403, other 4xx). */
  | 'refused'
  /** 5xx. */
  | 'failed'

/** Every failure of the runtime. `detail` is fit for a person: what was done, the cause, and the fix where one is known. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  constructor(
    readonly code: RuntimeErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/**
 * Containers, as narrow as Berth needs them.
 *
 * *Ours* is a container with the managed-by label whose instance label names this Berth or is absent, as older orchestrators wrote none. One with the managed-by
 * label and any other instance label, readable or not, belongs to another Berth on the same daemon.
 *
 * 1. Every method rejects with `RuntimeError` only.
 * 2. `start`, `remove` and `inspect` refuse nothing by themselves except: `start` and `remove` act on a *container id* (64 hex), never on a name,
 *    and `remove` refuses (`refused`) a container that is not ours.
 * 3. All are safe to repeat: `start` of a running and `remove` of an absent container succeed.
 * 4. Every call ends within its time-out (10 s; create 60 s, as an image may load) with `unreachable` at the latest. A pull ends when 60 s pass without progress.
 * 5. `unreachable` says nothing of what happened: a create whose answer was lost has to be presumed done (an aborted one is carried out all the same).
 * 6. Every container that `create` makes carries the instance label of this Berth, and so is ours.
 */
export interface ContainerRuntime {
  /** Resolves with the daemon's version and API version when it answers. */
  ping(): Promise<{ version: string; apiVersion: string }>
  /** All containers of ours in any state. `forwardedOnly` narrows to label `acestream.forwarded=true`. */
  list(filter?: { forwardedOnly?: boolean; engineId?: string }): Promise<ManagedContainer[]>
  /** All containers with the managed-by label that belong to another instance, in any state: to be told about, never to be touched. */
  others(): Promise<ManagedContainer[]>
  /** By id or name, whosever it is; `null` when there is none. */
  inspect(idOrName: string): Promise<InspectedContainer | null>
  /** The last `tail` lines that a container of ours wrote, oldest first. `no-such-container` when it is gone or is not ours. */
  logs(containerId: string, tail: number): Promise<LogLine[]>
  /** What a container of ours was made with, by name, secrets masked. `no-such-container` when it is gone or is not ours. */
  environment(containerId: string): Promise<Record<string, string>>
  /** The Gluetun container by name or id; `null` when there is none. */
  inspectVpn(name: string): Promise<VpnContainer | null>
  /** Makes sure that the image is on the host, pulling it if it is not; `image-missing` names the fix. What was found is believed for 60 s. */
  ensureImage(image: string): Promise<void>
  /**
   * Creates, does not start; resolves with the full id. `name-taken` when the name is in use, `image-missing` when the image is not on the host.
   * A daemon checks the network and the ports at the start only: a create succeeds although Gluetun is gone.
   */
  create(spec: EngineSpec): Promise<string>
  /**
   * By full id. `no-such-container` when it is gone or being removed, `network-gone` when the container or network to be joined is not there,
   * `port-taken` when its published port is in use; the container then stays, not started.
   */
  start(containerId: string): Promise<void>
  /** Kills and removes by full id, and resolves only when an inspect finds it gone. */
  remove(containerId: string): Promise<void>
  /**
   * Events of containers of ours and of `vpnName` (by name, so that one created anew is followed too), from now on. Yields `connected` first, once the subscription stands.
   * The iteration ends with `unreachable` when the stream breaks, and returns when `signal` aborts.
   */
  events(vpnName: string | null, signal: AbortSignal): AsyncIterable<{ kind: 'connected' } | { kind: 'event'; event: ContainerEvent }>
}
