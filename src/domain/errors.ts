/**
 * @module
 * The terminal errors that reach a caller. Everything else is retried.
 */

/** Stable types; each is also the last part of a problem's `type` URI. */
export const ERROR_STATUS = {
  'invalid-request': 422,
  'malformed-json': 400,
  'body-too-large': 413,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  conflict: 409,
  'max-capacity': 503,
  'provisioning-failed': 503,
  'lease-disabled': 409,
  'precondition-failed': 412,
  unavailable: 503,
  timeout: 504,
  internal: 500,
} as const

export type ErrorType = keyof typeof ERROR_STATUS

/** One field that broke a rule. `pointer` is a JSON pointer into the body, or the parameter's name. */
export interface FieldError {
  pointer: string
  detail: string
}

/** A terminal error with a stable type and an HTTP status. `message` says what is wrong and how to mend it. */
export class BerthError extends Error {
  override readonly name = 'BerthError'
  readonly status: number
  constructor(
    readonly type: ErrorType,
    message: string,
    readonly extra: {
      errors?: FieldError[]
      retryAfterSeconds?: number
      /** Code of the problem behind it, for example why provisioning failed. */
      code?: string
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: extra.cause })
    this.status = ERROR_STATUS[type]
  }
}
