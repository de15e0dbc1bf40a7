/**
 * @module
 * Names and numbers that every part of a campaign agrees on.
 */

export const GLUETUN_NAME = 'gluetun'
/** The port that is forwarded at the start. */
export const FIRST_PORT = 41_000
export const MANAGED = { key: 'ondemand.app', value: 'myservice' }
export const ENGINE_IMAGE = 'berth-bench/engine:latest'
export const MIN_REPLICAS = 3
export const MAX_REPLICAS = 6
