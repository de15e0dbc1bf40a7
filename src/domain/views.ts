/**
 * @module
 * What the workflows tell the outside: plain JSON, read by queries and served by the API.
 */

/** `provisioning` has no running container yet (or none any more); `starting` runs and has not answered yet. */
export type EnginePhase = 'provisioning' | 'starting' | 'running' | 'backing-off' | 'removing'
export type Health = 'healthy' | 'unhealthy' | 'unknown'

/** A trouble with a stable code, a cause and what is being done or is to be done. */
export interface Problem {
  code: string
  detail: string
}

/** One playback on an engine, as its player reported it. Times are Unix milliseconds. */
export interface StreamView {
  id: string
  keyType: 'content_id' | 'infohash' | 'url' | 'magnet'
  key: string
  playbackSessionId: string
  statUrl: string
  commandUrl: string
  isLive: boolean
  engineId: string
  containerId: string
  startedAt: number
  /** `null` while it plays. */
  endedAt: number | null
  /** Why it ended: the player's word, `session-unknown` when the engine no longer knew it, or what became of its engine. */
  endReason: string | null
}

/** What was last found out at a running container, beside its health. */
export interface EngineCheck {
  /** When it was last asked whether it answers, Unix milliseconds. */
  at: number
  /** The engine's own word: it is connected to the Internet. `null`: not known. */
  connected: boolean | null
  /** Its P2P port takes TCP connections. `null`: not known, or it was made with none. */
  listening: boolean | null
}

/** What a player told of its stream when it began: the rest of the view is the engine's to add. */
export type StartedStream = Omit<StreamView, 'engineId' | 'containerId' | 'startedAt' | 'endedAt' | 'endReason'>

/** What an engine said of one stream. A number that it did not say is `null`. */
export interface StreamSample {
  /** When it was asked, Unix milliseconds. */
  ts: number
  peers: number | null
  /** Kilobytes a second, as engines count them. */
  speedDown: number | null
  speedUp: number | null
  /** Bytes. */
  downloaded: number | null
  uploaded: number | null
  /** The engine's word: `prebuf`, `dl`… */
  status: string | null
}

/** One line that a container wrote. */
export interface LogLine {
  /** RFC 3339, `null` when Docker did not say. */
  at: string | null
  stream: 'stdout' | 'stderr'
  text: string
}

/** One engine. Times are Unix milliseconds. */
export interface EngineView {
  engineId: string
  pool: string
  phase: EnginePhase
  containerId: string | null
  containerName: string | null
  image: string | null
  variant: string | null
  /** The address that clients dial. */
  host: string | null
  httpPort: number
  httpsPort: number
  /** Port on the host when published, else the same as `httpPort`. */
  hostHttpPort: number
  /** Name of the Gluetun container whose network it shares. */
  vpnContainer: string | null
  labels: Record<string, string>
  /** What the container was made with; who is forwarded *now* is the lease's word, not this. */
  forwarded: boolean
  epoch: number | null
  p2pPort: number | null
  health: Health
  healthSince: number | null
  version: string | null
  platform: string | null
  /** What it plays now, oldest first. */
  streams: StreamView[]
  lastStreamUsage: number | null
  /** It goes when its last stream ends. The fleet's word: an engine does not know it of itself. */
  draining: boolean
  firstSeen: number
  startedAt: number | null
  /** How many containers of this engine were lost so far. */
  losses: number
  problem: Problem | null
  /** Grows with each change; an older view never replaces a newer one. */
  revision: number
}

/** What is known of the VPN. `null` where it was never learned. */
export interface VpnView {
  enabled: boolean
  containerName: string | null
  containerRunning: boolean
  containerHealth: 'healthy' | 'unhealthy' | 'starting' | 'none'
  /** What the control server says, `unknown` when it could not be asked. */
  status: 'starting' | 'running' | 'stopping' | 'stopped' | 'crashed' | 'unknown'
  /** Running, with a public IP, in a running container. */
  connected: boolean
  forwardedPorts: number[]
  publicIp: string | null
  country: string | null
  region: string | null
  city: string | null
  provider: string | null
  problem: Problem | null
}

/** One pool's fleet, the answer of the fleet's query. */
export interface FleetView {
  pool: string
  wanted: number
  minReplicas: number
  maxReplicas: number
  /** Engines that run and play nothing, kept above the wanted number if need be. */
  minFreeReplicas: number
  /** How long an engine that has played stays empty before it goes, `null` when none goes by itself. Milliseconds. */
  emptyForMs: number | null
  engines: EngineView[]
  /** Streams that have ended, the last one first; bounded. */
  ended: StreamView[]
  vpn: VpnView
  docker: { reachable: boolean; detail: string | null }
  rotation: RotationView
  reconcile: ReconcileView
  /** It has been told of every container that ran when it first started. */
  listed: boolean
}

/** When the port is handed on although its holder is well. */
export interface RotationView {
  /** Milliseconds between two rotations, `null` when it is off. */
  everyMs: number | null
  /** A rotation that is due and waits, `null` when none is. */
  due: {
    since: number
    reason: string
    /** Streams of the holder do not keep it waiting. */
    force: boolean
    /** Until when streams of the holder keep it waiting, `null`: for as long as they play. */
    drainUntil: number | null
    /** The holder's streams, another engine without streams, or a hand-over that is under way. */
    waitingFor: 'streams' | 'candidate' | 'lease'
  } | null
}

/** What the reconciler would remove if `RECONCILE_DRY_RUN` did not hold it. */
export interface ReconcileView {
  dryRun: boolean
  wouldRemove: { containerId: string; name: string; reason: string }[]
}

export type HolderPhase = 'granted' | 'active' | 'revoking'

/** One tenure of the port, kept in the lease's log. */
export interface Turnover {
  epoch: number
  engineId: string
  port: number
  containerId: string | null
  grantedAt: number
  /** When it was cleared to start. */
  activeAt: number | null
  endedAt: number | null
  /** Why it began: `first`, or why the one before it ended. */
  began: string
  ended: string | null
  /** Milliseconds without an active holder before this one was cleared to start. */
  gapMs: number | null
}

/** The answer of the lease's query. */
export interface LeaseView {
  pool: string
  index: number
  enabled: boolean
  recovering: boolean
  epoch: number
  port: number | null
  /** Orders observations of the port; see `PortGeneration` in lease-state.ts. */
  portGeneration: { session: number; sequence: number }
  /** Engine named by a person. */
  preferred: string | null
  /** Engine that the next grant is kept for, once. */
  nominee: string | null
  holder: {
    engineId: string
    epoch: number
    port: number
    phase: HolderPhase
    containerId: string | null
    since: number
  } | null
  /** `null` when all is well, else why there is no healthy forwarded engine right now. */
  condition: Problem | null
  log: Turnover[]
}
