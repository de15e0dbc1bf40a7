/**
 * @module
 * The API over a fake control plane, as the tests of the HTTP layer ask it.
 */
import { expect } from 'vitest'
import { digestOf } from '../../src/config/api-keys.js'
import { loadConfig } from '../../src/config/environment.js'
import { ProblemBody } from '../../src/contracts/problem.js'
import type { EngineView } from '../../src/domain/views.js'
import { createApp, type HttpConfig, type HttpLogger } from '../../src/http/app.js'
import { LiveFeed } from '../../src/http/live-feed.js'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { FakeControlPlane, leaseView, NOW } from './fake-control-plane.js'

interface Logged {
  level: string
  fields: object
  message: string
}

/** The app, what it is made over, and what it logs. */
export function setUp(options: { snapshot?: Snapshot; http?: Partial<HttpConfig['http']>; now?: number; panelFolder?: string } = {}) {
  const controlPlane = new FakeControlPlane(options.snapshot)
  const logged: Logged[] = []
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const logger: HttpLogger = { info: log('info'), warn: log('warn'), error: log('error') }
  const config: HttpConfig = {
    http: { ...loadConfig({}).http, ...options.http },
    docker: { host: null, managedLabel: { key: 'ondemand.app', value: 'myservice' }, network: null, reconcileDryRun: false },
    instance: 'here',
    engines: { variant: 'krinkuto11-amd64', image: null },
    fleet: { emptyForMs: null },
    health: { intervalMs: 20_000 },
  }
  const now = () => options.now ?? NOW
  const feed = new LiveFeed({ controlPlane, config, now })
  const app = createApp({ controlPlane, config, feed, panelFolder: options.panelFolder ?? null, logger, now })
  return { app, controlPlane, feed, logged }
}

/** The key of an admin. */
export const adminKey = (key: string) => [{ role: 'admin' as const, name: 'API_KEY', digest: digestOf(key) }]

/** A request with a body of JSON, or with none. */
export const post = (body?: unknown, headers: Record<string, string> = {}): RequestInit =>
  body === undefined
    ? { method: 'POST', headers }
    : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }

/** The problem that an answer carries; it is one by its contract and by its headers. */
export async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body = ProblemBody.strict().parse(await response.json())
  expect(body.status).toBe(response.status)
  expect(body.requestId).toBe(response.headers.get('x-request-id'))
  return body
}

/** An active holder of the lease whose container is `engine`'s. */
export const heldBy = (engine: EngineView, changes: object = {}) =>
  leaseView({
    holder: {
      engineId: engine.engineId,
      epoch: 17,
      port: 51_413,
      phase: 'active',
      containerId: engine.containerId,
      since: NOW,
      ...changes,
    },
  })
