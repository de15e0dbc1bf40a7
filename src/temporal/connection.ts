/**
 * @module
 * Where the Temporal server is: Temporal's standard environment, else the server that `berth up` runs on this machine.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { ConnectionOptions } from '@temporalio/client'
import type { NativeConnectionOptions } from '@temporalio/worker'

export interface TemporalSettings {
  /** `TEMPORAL_ADDRESS` or a profile names the server. */
  external: boolean
  /** gRPC port of our own server. */
  port: number
  namespace: string
}

/** What both a client's and a worker's connection take. */
export interface TemporalTarget {
  options: ConnectionOptions & { address: string }
  native: NativeConnectionOptions
  namespace: string
}

/** The server to connect to. With an external server the whole of Temporal's standard environment counts (address, TLS, API key, profile). */
export function temporalTarget(settings: TemporalSettings): TemporalTarget {
  const address = `127.0.0.1:${settings.port}`
  if (!settings.external) return { options: { address }, native: { address }, namespace: settings.namespace }
  const { connectionOptions, namespace } = loadClientConnectConfig()
  const options = { ...connectionOptions, address: connectionOptions.address ?? address }
  return { options, native: options, namespace: namespace ?? settings.namespace }
}
