/**
 * @module
 * The types on the wire. Types only: the panel runs nothing of the server's code.
 */
export type { Api } from '../../../src/http/client.js'
export type { EngineState } from '../../../src/contracts/engines.js'
export type { EngineEnvironment } from '../../../src/contracts/environment.js'
export type { Fleet } from '../../../src/contracts/fleet.js'
export type { Ready } from '../../../src/contracts/health.js'
export type { Lease, LeaseHistory, LeaseTurnover } from '../../../src/contracts/lease.js'
export type { LiveEvent } from '../../../src/contracts/live.js'
export type { EngineLogs } from '../../../src/contracts/logs.js'
export type { Operation } from '../../../src/contracts/operation.js'
export type { ProblemBody } from '../../../src/contracts/problem.js'
export type { Session } from '../../../src/contracts/session.js'
export type { Settings } from '../../../src/contracts/settings.js'
export type { StreamEnded, StreamSampleState, StreamState } from '../../../src/contracts/streams.js'
export type { Vpn } from '../../../src/contracts/vpn.js'

export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}
