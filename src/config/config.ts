/**
 * @module
 * The shape of the configuration.
 */
import type { ApiKey } from './api-keys.js'
import type { PortRange } from './values.js'
import type { Values } from './variables.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** The effective configuration: every value is final, nothing is read from the environment after it. */
export interface Config {
  pool: string
  /** Which Berth a container belongs to: `BERTH_INSTANCE`, else the same for the same Temporal server, namespace and pool. */
  instance: string
  /** `BERTH_INSTANCE` is set; else a pool that runs already keeps the name that it was begun with. */
  instanceIsNamed: boolean
  dataDir: string
  /** What becomes of the engines when Berth is stopped in order. */
  onStop: Values['BERTH_ON_STOP']
  logLevel: Values['LOG_LEVEL']
  http: {
    host: string
    port: number
    /** That of `API_KEY` first. None: whoever reaches the API may do everything, and only this machine reaches it. */
    keys: ApiKey[]
    /** Reads need a key as well. Never without keys. */
    readsNeedKey: boolean
    /** Names besides loopback ones under which the API is served. */
    allowedHosts: string[]
    /** A minute, `null` for no limit. */
    rateLimits: { mutations: number | null; authFailures: number | null }
    /** In CIDR notation. */
    trustedProxies: string[]
    /** As in a content security policy. */
    frameAncestors: string[]
  }
  /** `external`: the server is somebody else's, Berth starts none and Temporal's standard environment says where it is. */
  temporal: { port: number; external: boolean; namespace: string }
  docker: {
    host: string | null
    managedLabel: { key: string; value: string }
    network: string | null
    /** The reconciler removes nothing and says what it would remove. */
    reconcileDryRun: boolean
  }
  engines: {
    variant: Values['ENGINE_VARIANT']
    /** Takes the place of the variant's image. */
    image: string | null
    /** Image tags of the variants jopsis-arm32 and jopsis-arm64. */
    armVersions: { arm32: string; arm64: string }
    namePrefix: string
    /** What clients dial; `null`: Gluetun's container name, or localhost without Gluetun. */
    host: string | null
    httpPorts: PortRange
    httpsPorts: PortRange
    /** 0: no limit. */
    memoryMb: number
    /** 0: no limit. */
    cpus: number
    /** 0: no limit. */
    pidsLimit: number
  }
  fleet: {
    minReplicas: number
    /** Never above the number of ports. */
    maxReplicas: number
    /** How often the forwarded port is handed on to another engine, `null` for never. */
    rotateEveryMs: number | null
    /** How long a rotation that is due waits for the holder's streams, `null` for as long as they play. */
    drainMs: number | null
    /** Engines that run and play nothing, kept above the wanted number if need be; never above `maxReplicas`. */
    minFreeReplicas: number
    /** How long an engine that has played stays empty before it goes, `null`: none goes by itself. */
    emptyForMs: number | null
  }
  /** Statistics of streams: how often each is asked for, and how many samples of each the API keeps. */
  streams: { collectEveryMs: number; historyMax: number }
  gluetun: {
    /** `null`: no VPN, no forwarded engine. */
    containerName: string | null
    apiPort: number
    url: string | null
    auth: GluetunAuth
    portLossGraceMs: number
  }
  health: {
    intervalMs: number
    failureThreshold: number
    startupTimeoutMs: number
    /** What a worker writes while it takes tasks, `null` for none. */
    file: string | null
  }
  /** What was decided that the variables alone do not say; worth a line at start. */
  notes: string[]
}

export type GluetunAuth = { kind: 'none' } | { kind: 'apikey'; key: string } | { kind: 'basic'; username: string; password: string }
