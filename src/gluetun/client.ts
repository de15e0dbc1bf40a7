/**
 * @module
 * The port through which Berth learns of the VPN. `control-client.ts` is the adapter for Gluetun's control server.
 */

/** How Berth introduces itself: Gluetun's `apikey` method (header `X-API-Key`), its `basic` method, or not at all. */
export type GluetunAuth = { kind: 'none' } | { kind: 'apikey'; key: string } | { kind: 'basic'; username: string; password: string }

/** Stable codes of what can go wrong when Gluetun is asked. */
export type GluetunProblemCode =
  /** 401: the control server wants other credentials, or no role lists the route. */
  | 'gluetun-unauthorized'
  /** No answer: no address, no connection, or none in time. */
  | 'gluetun-unreachable'
  /** An answer that is not Gluetun's: a web page, another status, other JSON. */
  | 'gluetun-unintelligible'

/** `detail` is fit for a person, may have several lines, names the fix and never holds a key or a password. */
export interface GluetunProblem {
  code: GluetunProblemCode
  detail: string
}

/** The forwarded ports alone. */
export interface PortsReading {
  /** Sorted, distinct, each 1..65535; `[]`: Gluetun says that there is none; `null`: it could not be learned. */
  ports: number[] | null
  problem: GluetunProblem | null
}

/**
 * What Gluetun says of the VPN. Nothing in it proves that packets pass: a dead tunnel shows `running` with its port and IP for minutes.
 * A part that could not be learned is `unknown` or `null` and `problem` says why; the other parts still hold.
 */
export interface VpnReading extends PortsReading {
  status: 'starting' | 'running' | 'stopping' | 'stopped' | 'crashed' | 'unknown'
  /** `null`: Gluetun does not know it (VPN down, not fetched yet, `PUBLICIP_ENABLED=no`), or it could not be learned. */
  publicIp: string | null
  country: string | null
  region: string | null
  city: string | null
}

/**
 * 1. Both methods resolve within the client's time-out, whatever the server does; a bad answer is a reading with a `problem`.
 * 2. Both reject in one case only: `signal` aborts, with its reason.
 * 3. Nothing is ever changed at Gluetun: only GET is sent.
 */
export interface GluetunClient {
  read(signal?: AbortSignal): Promise<VpnReading>
  /** One request when the route is known: cheap enough to repeat each second. */
  readPorts(signal?: AbortSignal): Promise<PortsReading>
}
