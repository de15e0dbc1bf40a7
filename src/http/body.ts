/**
 * @module
 * Bodies and parameters of requests, read by their contract.
 */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { z } from 'zod'
import { BerthError, type FieldError } from '../domain/errors.js'
import { type AppContext, type AppEnv, requestId } from './answer.js'

const MAX_BODY_BYTES = 64 * 1024

/** Refuses a body of more than 64 KiB, also one that does not say its length. */
export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new BerthError('body-too-large', `the body must be at most ${MAX_BODY_BYTES} bytes long`)
  },
})

/** Refuses a body that is not JSON on routes that read none, too: forms are what web pages of others can send without asking. */
export const jsonOnly: MiddlewareHandler<AppEnv> = async function jsonBody(c, next) {
  const length = c.req.header('content-length')
  const empty = length === undefined ? c.req.header('transfer-encoding') === undefined : Number(length) === 0
  if (!empty) checkType(c)
  await next()
}

function checkType(c: AppContext): void {
  const type = c.req.header('content-type')
  if (type === undefined || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type.trim())) return
  throw new BerthError('unsupported-media-type', `the body must be application/json, not ${JSON.stringify(type)}`)
}

/** The JSON body by its contract; an empty body counts as `{}`. */
export async function readBody<T extends z.ZodType>(c: AppContext, contract: T): Promise<z.output<T>> {
  const text = await c.req.text().catch((cause: unknown) => {
    throw new BerthError('malformed-json', 'the body could not be read to its end', { cause })
  })
  if (text.trim() === '') return read({}, contract, '')
  checkType(c)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new BerthError('malformed-json', `the body is not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`, { cause })
  }
  return read(json, contract, '')
}

/** A parameter of the path by its contract. */
export function readParameter<T extends z.ZodType>(c: AppContext, name: string, contract: T): z.output<T> {
  return read(c.req.param(name), contract, name)
}

/** The query by its contract. Of a parameter that comes twice the first counts; one that is not known is ignored. */
export function readQuery<T extends z.ZodType>(c: AppContext, contract: T): z.output<T> {
  const parsed = contract.safeParse(c.req.query())
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.map((issue) => ({ pointer: issue.path.join('.'), detail: told(issue) })))
}

/** Repeating a change with the same `Idempotency-Key` has one effect; without one each request is a wish of its own. */
export function changeId(c: AppContext): string {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return requestId(c)
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key
  throw invalid([{ pointer: 'Idempotency-Key', detail: 'must be 1 to 200 printable ASCII characters without spaces' }])
}

/** A request that breaks rules, each named with its place. */
export function invalid(errors: FieldError[]): BerthError {
  const told = errors.map(({ pointer, detail }) => `${pointer === '' ? 'the body' : pointer} ${detail}`).join('; ')
  return new BerthError('invalid-request', told, { errors })
}

function read<T extends z.ZodType>(value: unknown, contract: T, parameter: string): z.output<T> {
  const parsed = contract.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.map((issue) => ({ pointer: parameter || pointer(issue.path), detail: told(issue) })))
}

/** A key of a record that breaks a rule is reported by the rule, not as "invalid key". */
function told(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
}

/** RFC 6901. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
