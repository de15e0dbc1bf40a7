/**
 * @module
 * Who asks, and what they may do.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { type ApiKey, digestOf } from '../config/api-keys.js'
import type { Config } from '../config/config.js'
import { Role } from '../contracts/session.js'
import { BerthError } from '../domain/errors.js'
import type { AppContext, AppEnv, Caller, Gate } from './context.js'
import { limitedAs, type Peer } from './peer.js'
import { ratePerMinute } from './rate-limit.js'

/** Makes the gate of a configuration. */
export function createGate(
  { keys, readsNeedKey, rateLimits }: Pick<Config['http'], 'keys' | 'readsNeedKey' | 'rateLimits'>,
  peerOf: (c: AppContext) => Peer,
): Gate {
  const find = keyFinder(keys)
  const failures = ratePerMinute(rateLimits.authFailures, 'too many wrong keys came from this address')

  async function callerOf(c: AppContext): Promise<Caller | null> {
    if (keys.length === 0) return { role: 'admin', name: 'anybody' }
    const known = c.get('caller')
    if (known !== undefined) return known
    const sent = sentKeys(c)
    if (sent.length === 0) return null
    const address = limitedAs(peerOf(c).address)
    await failures.check(address)
    const [caller] = sent.flatMap(find).toSorted((a, b) => rank(b.role) - rank(a.role))
    if (caller === undefined) {
      await failures.count(address)
      throw new BerthError('forbidden', 'invalid token')
    }
    c.set('caller', caller)
    return caller
  }

  return {
    keyRequired: keys.length > 0,
    readKeyRequired: readsNeedKey,
    callerOf,
    async admit(c, role) {
      if (role === 'viewer' && !readsNeedKey) return
      const caller = await callerOf(c)
      if (caller === null) throw new BerthError('unauthorized', 'missing bearer token')
      if (rank(caller.role) >= rank(role)) return
      throw new BerthError('forbidden', `this takes a key of the role ${role}; the one that was sent is of the role ${caller.role}`)
    },
  }
}

/** Puts the gate before all routes that are registered after it. */
export function behind(gate: Gate): MiddlewareHandler<AppEnv> {
  return async function gated(c, next) {
    c.set('gate', gate)
    await next()
  }
}

/** Something that stands before a route, or is one, and says what it takes. */
export type Guard<H> = H & { readonly role: Role }

export const guarding = <H extends object>(role: Role, handler: H): Guard<H> => Object.assign(handler, { role })

/**
 * Lets those pass who may do what takes `role`. Reads and changes are guarded for viewers and operators as they are; a route that takes
 * more says so with this, and one that is to be open is registered before those guards.
 */
export function requireRole(role: Role): Guard<MiddlewareHandler<AppEnv>> {
  return guarding(role, async function roleRequired(c, next) {
    const gate = c.get('gate')
    if (gate === undefined) throw new Error(`${c.req.path} asks for the role ${role} and is not behind a gate`)
    await gate.admit(c, role)
    await next()
  })
}

/** A route as Hono lists it. */
type Route = Readonly<{ method: string; path: string; handler: object }>

/**
 * What a route takes, by what stands before it: the truth for a document and for tests, written down nowhere else. `null`: open to everybody.
 * `path` as it was registered, with its parameters.
 */
export function roleNeeded(routes: readonly Route[], method: string, path: string): Role | null {
  const last = routes.findLastIndex((route) => route.method === method && route.path === path)
  const guards = routes.slice(0, last + 1).filter((route) => {
    const applies = (route.method === method || route.method === 'ALL') && (route.path === path || route.path === '/*')
    return applies && 'role' in route.handler
  })
  const roles = guards.map(({ handler }) => Role.parse((handler as Guard<object>).role))
  return roles.toSorted((a, b) => rank(b) - rank(a))[0] ?? null
}

const rank = (role: Role): number => Role.options.indexOf(role)

/** Every key is compared, whichever fits. */
function keyFinder(keys: readonly ApiKey[]): (sent: string) => Caller[] {
  const known = keys.map(({ role, name, digest }) => ({ caller: { role, name }, digest: Buffer.from(digest, 'hex') }))
  return (sent) => {
    const digest = Buffer.from(digestOf(sent), 'hex')
    return known.filter((key) => timingSafeEqual(key.digest, digest)).map(({ caller }) => caller)
  }
}

function sentKeys(c: Context): string[] {
  const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization')?.trim() ?? '')?.[1]
  const header = c.req.header('x-api-key')?.trim()
  return [bearer, header].filter((key): key is string => key !== undefined && key !== '')
}
