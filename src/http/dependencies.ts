/**
 * @module
 * What the HTTP layer is given.
 */
import type { Config } from '../config/config.js'
import type { ControlPlane } from '../temporal/control-plane.js'

/** The part of the configuration that the API needs; a whole `Config` will do. */
export type HttpConfig = Pick<Config, 'http' | 'docker' | 'instance'>

/** The few methods of a pino logger that are used. */
export interface HttpLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface Dependencies {
  controlPlane: ControlPlane
  config: HttpConfig
  /** Unix milliseconds. */
  now: () => number
}
