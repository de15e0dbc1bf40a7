/**
 * @module
 * How every answer is made: its headers, its request id, how old what it says is.
 */
import { randomUUID } from 'node:crypto'
import type { Snapshot } from '../temporal/control-plane.js'
import type { AppContext } from './context.js'

export type { AppContext, AppEnv } from './context.js'
export type PlainHeaders = Readonly<Record<string, string>>

const SECURE_HEADERS: PlainHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** One id per request; the first caller makes it. */
export function requestId(c: AppContext): string {
  let id = c.get('requestId')
  if (id === undefined) {
    id = randomUUID()
    c.set('requestId', id)
  }
  return id
}

/** An answer of JSON that is already written. Headers go in as a plain object: the server writes those without making a `Headers`. */
export function written(c: AppContext, status: number, json: string | Uint8Array<ArrayBuffer>, headers?: PlainHeaders): Response {
  return new Response(json, {
    status,
    headers: { 'content-type': 'application/json', ...SECURE_HEADERS, 'x-request-id': requestId(c), ...headers },
  })
}

/** An answer of JSON. */
export function answer<T>(c: AppContext, status: number, body: T, headers?: PlainHeaders): Response {
  return written(c, status, JSON.stringify(body), headers)
}

/** Tells a client that it reads the last known state, and how many seconds old that is. */
export function staleHeaders(snapshot: Snapshot, now: number): PlainHeaders | undefined {
  if (!snapshot.stale) return undefined
  return { age: String(Math.max(0, Math.floor((now - snapshot.takenAt) / 1000))), 'x-berth-stale': 'true' }
}
