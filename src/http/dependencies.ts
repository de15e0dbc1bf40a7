/**
 * @module
 * What the HTTP layer is given.
 */
import type { Config, Environment } from '../config/config.js'
import type { ControlPlane } from '../temporal/control-plane.js'
import type { Gate } from './context.js'
import type { LiveEvent } from '../contracts/live.js'

/** The part of the configuration that the API needs; a whole `Config` will do. */
export type HttpConfig = Pick<Config, 'http' | 'docker' | 'instance'> & {
  engines: Pick<Config['engines'], 'variant' | 'image'>
  fleet: Pick<Config['fleet'], 'emptyForMs'>
  health: Pick<Config['health'], 'intervalMs'>
}

/** The few methods of a pino logger that are used. */
export interface HttpLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The changes of the pool, to be followed; `LiveFeed` is it. */
export interface Feed {
  follow(lastId: string | null, onEvent: (event: LiveEvent) => void): Promise<() => void>
  latest(): LiveEvent[]
}

export interface Dependencies {
  controlPlane: ControlPlane
  config: HttpConfig
  /** What the configuration was read from, to be shown with its secrets masked. */
  environment: Environment
  feed: Feed
  gate: Gate
  /** Whether a request was sent to a host that this API is served under; throws when not. */
  checkHost: (url: string) => void
  /** Unix milliseconds. */
  now: () => number
}
