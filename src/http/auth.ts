/**
 * @module
 * The key that whoever changes something must send.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { BerthError } from '../domain/errors.js'
import type { AppContext, AppEnv } from './answer.js'

const digest = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * Lets a request pass that carries the key as `Authorization: Bearer` or `X-API-Key`.
 *
 * 1. How long the comparison takes does not depend on the key that was sent.
 * 2. One right key of two that were sent is enough.
 */
export function requireKey(apiKey: string): MiddlewareHandler<AppEnv> {
  const expected = digest(apiKey)
  return async function keyRequired(c, next) {
    const keys = sentKeys(c)
    if (keys.length === 0) throw new BerthError('unauthorized', 'missing bearer token')
    if (!keys.some((key) => timingSafeEqual(digest(key), expected))) throw new BerthError('forbidden', 'invalid token')
    await next()
  }
}

function sentKeys(c: AppContext): string[] {
  const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization')?.trim() ?? '')?.[1]
  const header = c.req.header('x-api-key')?.trim()
  return [bearer, header].filter((key): key is string => key !== undefined && key !== '')
}
