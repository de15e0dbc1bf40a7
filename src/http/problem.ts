/**
 * @module
 * Errors as answers (RFC 9457).
 */
import type { ProblemBody, ProvisioningDetail } from '../contracts/problem.js'
import { BerthError, type ErrorType } from '../domain/errors.js'
import { type AppContext, answer, type PlainHeaders, requestId } from './answer.js'

const TITLES: Readonly<Record<ErrorType, string>> = {
  'invalid-request': 'The request breaks a rule',
  'malformed-json': 'The body is not JSON',
  'body-too-large': 'The body is too large',
  unauthorized: 'A key is needed',
  forbidden: 'Not allowed',
  'not-found': 'Not found',
  'method-not-allowed': 'Wrong method',
  'unsupported-media-type': 'The body must be JSON',
  'rate-limited': 'Too many requests',
  conflict: 'In conflict with the present state',
  'max-capacity': 'No room for another engine',
  'provisioning-failed': 'The engine could not be started',
  'lease-disabled': 'There is no forwarded port to hold',
  'precondition-failed': 'Changed since it was read',
  unavailable: 'Not available now',
  timeout: 'It took too long',
  internal: 'Internal error',
}

/** When to ask again after an error of this type, of which nothing better is known. Each that is a 503 or 504 is here. */
const RETRY_AFTER_S: Partial<Readonly<Record<ErrorType, number>>> = {
  'max-capacity': 10,
  'provisioning-failed': 10,
  unavailable: 2,
  timeout: 2,
}

/** A terminal error for clients that look for an object under `detail`. */
export class ProvisioningError extends BerthError {
  constructor(
    error: BerthError,
    readonly detail: ProvisioningDetail,
  ) {
    super(error.type, error.message, { ...error.extra, cause: error.cause })
  }
}

/** Whatever was thrown as an error that may be shown: the message of an unknown one stays inside, under `cause`. */
export function presentable(error: unknown): BerthError {
  if (error instanceof BerthError) return error
  return new BerthError('internal', 'something unexpected went wrong; the log tells more under this request id', { cause: error })
}

/** The answer to a request that failed. */
export function problem(c: AppContext, error: BerthError, headers: PlainHeaders = {}): Response {
  const body: ProblemBody = {
    type: `/problems/${error.type}`,
    title: TITLES[error.type],
    status: error.status,
    detail: error instanceof ProvisioningError ? error.detail : error.message,
    instance: c.req.path,
    ...(error.extra.errors === undefined ? {} : { errors: error.extra.errors }),
    requestId: requestId(c),
  }
  const retryAfter = error.extra.retryAfterSeconds ?? RETRY_AFTER_S[error.type]
  const retry: PlainHeaders = retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }
  return answer(c, error.status, body, { 'content-type': 'application/problem+json', ...retry, ...headers })
}
