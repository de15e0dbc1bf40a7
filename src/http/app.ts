/**
 * @module
 * All routes of the HTTP API.
 */
import { Hono, type MiddlewareHandler } from 'hono'
import type { Environment } from '../config/config.js'
import { BerthError } from '../domain/errors.js'
import { VERSION } from '../version.js'
import { type AppContext, type AppEnv, requestId } from './answer.js'
import { behind, createGate, requireRole, roleNeeded } from './auth.js'
import { jsonOnly, limitBody } from './body.js'
import { BusyRouter } from './busy-router.js'
import type { Dependencies, Feed, HttpLogger } from './dependencies.js'
import { securityHeaders } from './headers.js'
import { LiveFeed } from './live-feed.js'
import { allowedMethods } from './methods.js'
import { openApi } from './openapi.js'
import { hostCheck, sameOriginOnly } from './origin.js'
import { limitedAs, type Peer, peers } from './peer.js'
import { presentable, problem } from './problem.js'
import { ratePerMinute } from './rate-limit.js'
import type { Route } from './route.js'
import { ADMIN_ROUTES, DOCUMENTED, ENGINES_ROUTE, OPEN_ROUTES, OPERATOR_ROUTES, ROUTES, UNLIMITED_ROUTES } from './routes.js'
import { documentRoutes } from './routes/document.js'
import { panelRoutes } from './routes/panel.js'

export type { HttpConfig, HttpLogger } from './dependencies.js'

export interface AppOptions extends Pick<Dependencies, 'controlPlane' | 'config'> {
  environment?: Environment
  /** Made here, and not started, when none is given. */
  feed?: Feed
  /** Where the panel was built, `null` to serve none. */
  panelFolder?: string | null
  logger?: HttpLogger
  now?: () => number
}

const CHANGES = ['POST', 'PUT', 'PATCH', 'DELETE']
const silent: HttpLogger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * The HTTP API over a control plane.
 *
 * 1. Reads come from the snapshot. They are open, or for viewers where `READ_AUTH` says so; whatever changes something is for operators,
 *    known path or not. What is registered before these guards is open to everybody, what takes more has `requireRole`.
 * 2. Every failure is a problem (RFC 9457) with a stable type; what is not meant for callers is in the log only.
 *
 * @example
 * serve({ fetch: createApp({ controlPlane, config }).fetch, hostname: config.http.host, port: config.http.port })
 */
export function createApp({
  controlPlane,
  config,
  environment = {},
  panelFolder = null,
  logger = silent,
  now = Date.now,
  ...made
}: AppOptions): Hono<AppEnv> {
  const { host, allowedHosts, trustedProxies, frameAncestors, rateLimits } = config.http
  const checkHost = hostCheck(host, allowedHosts)
  const peerOf = peers(trustedProxies)
  const gate = createGate(config.http, peerOf)
  const feed = made.feed ?? new LiveFeed({ controlPlane, config, now })
  const given: Dependencies = { controlPlane, config, environment, feed, gate, checkHost, now }
  const busiest = { method: ENGINES_ROUTE.method.toUpperCase(), path: ENGINES_ROUTE.path }
  const app = new Hono<AppEnv>({ strict: false, router: new BusyRouter(busiest) })
  const serve = (routes: readonly Route[], ...guards: MiddlewareHandler<AppEnv>[]): void => {
    for (const { method, path, make } of routes) app.on([method.toUpperCase()], [path], ...guards, make(given))
  }

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

  serve([ENGINES_ROUTE])

  app.use(securityHeaders(frameAncestors, peerOf), behind(gate))
  app.use(async function knownHost(c, next) {
    checkHost(c.req.url)
    await next()
  })
  app.on(CHANGES, '*', async function logChange(c, next) {
    const began = now()
    await next()
    const by = c.get('caller')?.name
    logger.info({ requestId: requestId(c), method: c.req.method, path: c.req.path, by, status: c.res.status, ms: now() - began }, 'change')
  })

  serve(OPEN_ROUTES)
  const roleOf = ({ method, path }: Route) => roleNeeded(app.routes, method.toUpperCase(), path)
  app.route(
    '/',
    documentRoutes(() => openApi(DOCUMENTED, VERSION, { roleOf, readKeyRequired: gate.readKeyRequired })),
  )
  if (panelFolder !== null) app.route('/', panelRoutes(panelFolder))

  app.get('*', requireRole('viewer'))
  app.on(CHANGES, '*', requireRole('operator'))
  if (!gate.keyRequired) app.on(CHANGES, '*', sameOriginOnly(allowedHosts))
  app.on(CHANGES, '*', jsonOnly, limitBody)

  serve(UNLIMITED_ROUTES)

  app.on(CHANGES, '*', limitChanges(rateLimits.mutations, peerOf))

  serve(OPERATOR_ROUTES, requireRole('operator'))
  serve(ADMIN_ROUTES, requireRole('admin'))
  serve(ROUTES)
  return app
}

/** Counts changes by key, or by address where nobody has one. Players tell of their streams as often as they must: that is registered before. */
function limitChanges(limit: number | null, peerOf: (c: AppContext) => Peer): MiddlewareHandler<AppEnv> {
  const changes = ratePerMinute(limit, 'too many changes were asked for')
  return async function changesLimited(c, next) {
    await changes.count(c.get('caller')?.name ?? limitedAs(peerOf(c).address))
    await next()
  }
}
