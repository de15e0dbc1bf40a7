/**
 * @module
 * Where the Temporal server is: Temporal's standard environment, else the server that `berth up` runs on this machine.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'
import type { NativeConnectionOptions } from '@temporalio/worker'

export interface TemporalSettings {
  /** `TEMPORAL_ADDRESS` or a profile names the server. */
  external: boolean
  /** gRPC port of our own server. */
  port: number
  namespace: string
}

/**
 * One workflow takes ten updates at once and keeps one query waiting, and answers the rest with RESOURCE_EXHAUSTED (8): for some milliseconds, after which the
 * client by itself waits for 1.4 to 2 s. Asked again sooner, and less soon each time.
 */
const RESOURCE_EXHAUSTED = 8
const CROWDED_MS = { first: 30, most: 1_000 }
const FIRST_RETRY_MS = 100
const MOST_RETRY_MS = 5_000

/** What both a client's and a worker's connection take. */
export interface TemporalTarget {
  options: ConnectionOptions & { address: string }
  native: NativeConnectionOptions
  namespace: string
}

const isCrowded = ({ code }: { code: number }): boolean => code === RESOURCE_EXHAUSTED

const interceptors = [
  makeGrpcRetryInterceptor(
    defaultGrpcRetryOptions({
      initialIntervalMs: (status) => (isCrowded(status) ? CROWDED_MS.first : FIRST_RETRY_MS),
      maxIntervalMs: (status) => (isCrowded(status) ? CROWDED_MS.most : MOST_RETRY_MS),
    }),
  ),
]

/** The server to connect to. With an external server the whole of Temporal's standard environment counts (address, TLS, API key, profile). */
export function temporalTarget(settings: TemporalSettings): TemporalTarget {
  const address = `127.0.0.1:${settings.port}`
  if (!settings.external) return { options: { address, interceptors }, native: { address }, namespace: settings.namespace }
  const { connectionOptions, namespace } = loadClientConnectConfig()
  const native = { ...connectionOptions, address: connectionOptions.address ?? address }
  return { options: { ...native, interceptors }, native, namespace: namespace ?? settings.namespace }
}
