/**
 * @module
 * One GET at the control server, ended in every case by an answer or by the reason why there is none.
 */

/** Far more than any answer that is read; `/v1/vpn/settings`, the one large answer, is never asked. */
const MAX_BODY_BYTES = 64 * 1024
const MAX_REDIRECTS = 3
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Why there is no answer. */
export type Failure =
  /** `reason` is a system error code such as `ECONNREFUSED`, or a phrase. */
  | { kind: 'unreachable'; reason: string }
  | { kind: 'timeout' }
  /** The server sends us to another origin, where the credentials must not go. */
  | { kind: 'redirected-away' }
  | { kind: 'redirect-loop' }
  | { kind: 'too-large' }

export interface Answer {
  kind: 'answer'
  status: number
  body: string
  /** Where it came from, after redirects: a path with the base URL's own path cut off. */
  route: string
  /** `WWW-Authenticate: Basic …` came with it. */
  wantsBasic: boolean
}

export interface ExchangeOptions {
  base: URL
  /** Joined to the base URL's path. Never with a query string: Gluetun answers 400 to one. */
  route: string
  headers: Headers
  fetch: typeof fetch
  signal: AbortSignal
}

/**
 * Sends GET and follows up to three redirects within the base URL's origin, with the credentials (`fetch` itself would carry `X-API-Key` anywhere).
 * Reads at most 64 KiB of the body. Never rejects: when `signal` aborts the failure is `timeout`.
 */
export async function exchange({ base, route, headers, fetch, signal }: ExchangeOptions): Promise<Answer | Failure> {
  const prefix = base.pathname.replace(/\/+$/, '')
  let target = new URL(prefix + route, base.origin)
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await fetch(target, { method: 'GET', headers, redirect: 'manual', signal })
      const body = await readBody(response)
      const location = response.headers.get('location')
      if (!REDIRECTS.includes(response.status) || location === null) {
        if (body === null) return { kind: 'too-large' }
        const path = target.pathname
        return {
          kind: 'answer',
          status: response.status,
          body,
          route: prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path,
          wantsBasic: /^basic\b/i.test(response.headers.get('www-authenticate') ?? ''),
        }
      }
      if (!URL.canParse(location, target.href)) return { kind: 'redirected-away' }
      target = new URL(location, target)
      if (target.origin !== base.origin) return { kind: 'redirected-away' }
      target.username = ''
      target.password = ''
    }
    return { kind: 'redirect-loop' }
  } catch (error) {
    if (signal.aborted) return { kind: 'timeout' }
    return { kind: 'unreachable', reason: errorCode(error) }
  }
}

/** The body as text, `null` when it is larger than the cap; the rest is not read then. */
async function readBody(response: Response): Promise<string | null> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The system's code for it only: messages of `fetch` can quote a header, and so the key. */
function errorCode(error: unknown): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
    if (cause.message === 'bad port') return 'the fetch standard blocks this port'
    if (cause instanceof AggregateError && cause.errors.length > 0) return errorCode(cause.errors[0])
  }
  return 'the connection broke'
}
