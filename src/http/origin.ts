/**
 * @module
 * Keeps web pages of others from using the API through the browser of somebody on this machine.
 */
import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { isLoopback } from '../config/loopback.js'
import { BerthError } from '../domain/errors.js'
import type { AppEnv } from './answer.js'

/** Host and port of an absolute address. */
function authority(url: string): string {
  const start = url.indexOf('://') + 3
  const end = url.indexOf('/', start)
  return end === -1 ? url.slice(start) : url.slice(start, end)
}

const hostName = (of: string): string => of.replace(/:\d+$/, '').toLowerCase()

/**
 * Makes the check of the `Host` that a request was sent to. Against DNS rebinding: a page of evil.example whose name comes to mean
 * 127.0.0.1 is, to a browser, the same origin as the API; only the host tells them apart.
 *
 * 1. On loopback its names pass, and `allowedHosts`.
 * 2. Beyond loopback IP addresses pass too, which nobody can bind anew; and, while `allowedHosts` is empty, any name: there keys protect, and
 *    nobody can know all names.
 */
export function hostCheck(listening: string, allowedHosts: readonly string[]): (url: string) => void {
  const beyond = !isLoopback(listening)
  if (beyond && allowedHosts.length === 0) return () => undefined
  let lastGood = ''
  return function checkHost(url) {
    const asked = authority(url)
    if (asked === lastGood) return
    const name = hostName(asked)
    const known = isLoopback(name) || allowedHosts.includes(name) || (beyond && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0)
    if (!known) {
      throw new BerthError(
        'forbidden',
        `this API is not served under the host name ${JSON.stringify(name)}: ask 127.0.0.1 or localhost, or add the name to BERTH_ALLOWED_HOSTS`,
      )
    }
    lastGood = asked
  }
}

/**
 * Refuses changes that a page of another origin asks for. Only where no key is configured: a page can send a request without a body, but
 * no header with a key, as nothing here answers a preflight.
 */
export function sameOriginOnly(allowedHosts: readonly string[]): MiddlewareHandler<AppEnv> {
  return async function sameOrigin(c, next) {
    const origin = c.req.header('origin')
    const site = c.req.header('sec-fetch-site')
    const foreign =
      origin === undefined
        ? site === 'cross-site' || site === 'same-site'
        : authority(origin) !== authority(c.req.url) && !allowedHosts.includes(hostName(authority(origin)))
    if (foreign) throw new BerthError('forbidden', 'a page of another origin may not change anything here: set API_KEY and send it')
    await next()
  }
}
