/**
 * @module
 * The types on the wire. Types only: the panel runs nothing of the server's code.
 */
import type { EngineDetail as Detail } from '../../../src/contracts/engines.js'
import type { StreamState } from '../../../src/contracts/streams.js'

export type { EngineState } from '../../../src/contracts/engines.js'
export type { Fleet } from '../../../src/contracts/fleet.js'
export type { Ready } from '../../../src/contracts/health.js'
export type { Lease, LeaseHistory, LeaseTurnover } from '../../../src/contracts/lease.js'
export type { LiveEvent } from '../../../src/contracts/live.js'
export type { EngineLogs } from '../../../src/contracts/logs.js'
export type { Operation } from '../../../src/contracts/operation.js'
export type { ProblemBody } from '../../../src/contracts/problem.js'
export type { Session } from '../../../src/contracts/session.js'
export type { Settings } from '../../../src/contracts/settings.js'
export type { StreamState } from '../../../src/contracts/streams.js'
export type { Vpn } from '../../../src/contracts/vpn.js'

export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** `environment`: what the container was made with, secrets masked; left out where the API does not tell it. */
export type EngineDetail = Detail & { environment?: Record<string, string> }

export type StreamSample = Pick<StreamState, 'peers' | 'speed_down' | 'speed_up' | 'downloaded' | 'uploaded' | 'status'> & { ts: string }
