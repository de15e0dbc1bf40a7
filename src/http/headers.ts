/**
 * @module
 * What browsers are told to keep pages from doing.
 */
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { AppContext, AppEnv } from './context.js'
import type { Peer } from './peer.js'

/** Half a year, for this name only: others below a domain at home may have no certificate. */
const HSTS = 'max-age=15552000'

/**
 * Security headers for every answer.
 *
 * 1. A page loads scripts, pictures and data from here only, and is shown in frames of `frameAncestors` only.
 * 2. What an answer says itself stays: one of data allows nothing at all.
 * 3. Browsers are told to insist on TLS only where a trusted proxy says that they use it.
 */
export function securityHeaders(frameAncestors: readonly string[], peerOf: (c: AppContext) => Peer): MiddlewareHandler<AppEnv> {
  const [overPlain, overTls] = [false, HSTS].map((strictTransportSecurity) =>
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        frameAncestors: [...frameAncestors],
      },
      strictTransportSecurity,
      // Knows no list of origins; where both are there browsers go by the policy.
      xFrameOptions: frameAncestors.join() === "'none'" && 'DENY',
      overwrite: false,
    }),
  ) as [MiddlewareHandler, MiddlewareHandler]
  return async function secured(c, next) {
    await (peerOf(c).secure ? overTls : overPlain)(c, next)
  }
}
