/**
 * @module
 * All routes of the HTTP API.
 */
import { Hono } from 'hono'
import { BerthError } from '../domain/errors.js'
import { type AppEnv, requestId } from './answer.js'
import { requireKey } from './auth.js'
import { limitBody } from './body.js'
import type { Dependencies, HttpLogger } from './dependencies.js'
import { allowedMethods } from './methods.js'
import { hostCheck, sameOriginOnly } from './origin.js'
import { presentable, problem } from './problem.js'
import { listEngines, showEngine } from './routes/engines.js'
import { streamEnded, streamStarted } from './routes/events.js'
import { deleteContainer, scale } from './routes/fleet.js'
import { designateHolder, electHolder, rotateHolder } from './routes/hand-over.js'
import { healthz, readyz } from './routes/health.js'
import { leaseHistory, showLease } from './routes/lease.js'
import { provisionEngine } from './routes/provision.js'
import { vpnStatus } from './routes/vpn.js'

export type { HttpConfig, HttpLogger } from './dependencies.js'

export interface AppOptions extends Omit<Dependencies, 'now'> {
  logger?: HttpLogger
  now?: () => number
}

const CHANGES = ['POST', 'PUT', 'PATCH', 'DELETE']
const silent: HttpLogger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * The HTTP API over a control plane.
 *
 * 1. Reads are open and come from the snapshot; whatever changes something needs the key, known path or not.
 * 2. Every failure is a problem (RFC 9457) with a stable type; what is not meant for callers is in the log only.
 *
 * @example
 * serve({ fetch: createApp({ controlPlane, config }).fetch, hostname: config.http.host, port: config.http.port })
 */
export function createApp({ controlPlane, config, logger = silent, now = Date.now }: AppOptions): Hono<AppEnv> {
  const given: Dependencies = { controlPlane, config, now }
  const { host, apiKey, allowedHosts } = config.http
  const checkHost = hostCheck(host, allowedHosts)
  const app = new Hono<AppEnv>({ strict: false })

  app.onError((thrown, c) => {
    const error = presentable(thrown)
    if (error.status >= 500) {
      const fields = { requestId: requestId(c), method: c.req.method, path: c.req.path, type: error.type, err: error.cause ?? error }
      if (error.type === 'internal') logger.error(fields, 'request failed unexpectedly')
      else logger.warn(fields, 'request failed')
    }
    return problem(c, error, error.type === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {})
  })
  app.notFound((c) => {
    const allowed = allowedMethods(app.routes, c.req.path)
    if (allowed.length === 0) return problem(c, new BerthError('not-found', `there is nothing at ${c.req.path}`))
    const allow = allowed.join(', ')
    return problem(c, new BerthError('method-not-allowed', `${c.req.path} takes ${allow}, not ${c.req.method}`), { allow })
  })

  app.get('/engines', listEngines(given, checkHost))
  app.use(async function knownHost(c, next) {
    checkHost(c.req.url)
    await next()
  })
  app.on(CHANGES, '*', async function logChange(c, next) {
    const began = now()
    await next()
    logger.info({ requestId: requestId(c), method: c.req.method, path: c.req.path, status: c.res.status, ms: now() - began }, 'change')
  })
  app.on(CHANGES, '*', apiKey === null ? sameOriginOnly(allowedHosts) : requireKey(apiKey))

  app.get('/engines/:id', showEngine(given))
  app.post('/provision/acestream', limitBody, provisionEngine(given))
  app.delete('/containers/:id', deleteContainer(given))
  app.post('/scale/:demand', scale(given))
  app.get('/vpn/status', vpnStatus(given))
  app.get('/lease', showLease(given))
  app.get('/lease/history', leaseHistory(given))
  app.post('/lease/elect', limitBody, electHolder(given))
  app.post('/lease/designate', limitBody, designateHolder(given))
  app.post('/lease/rotate', limitBody, rotateHolder(given))
  app.post('/events/stream_started', limitBody, streamStarted(given))
  app.post('/events/stream_ended', limitBody, streamEnded(given))
  app.get('/healthz', healthz())
  app.get('/readyz', readyz(given))
  return app
}
