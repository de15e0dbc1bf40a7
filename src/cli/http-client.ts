/**
 * @module
 * Asking the API of a running Berth.
 */
import type { z } from 'zod'
import { clientKey, type Config, ConfigError, type Environment, loadConfig } from '../config/environment.js'
import { ProblemBody } from '../contracts/problem.js'
import { shown } from './addresses.js'

/** As long as the slowest answer to a read or a hand-over may take, and a little more. Milliseconds. */
const PATIENCE_MS = 15_000

/** Where the API is, and the key that changes need. */
export interface ApiAddress {
  /** Without a slash at the end. */
  base: string
  key: string | null
}

/** Why there is no answer to show. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    message: string,
    /** What the API answered, `null` when it could not be asked or something else answered. */
    readonly problem: { status: number; type: string } | null = null,
  ) {
    super(message)
  }
}

/** `BERTH_URL`, else where this configuration's own API listens. The key is `API_KEY`. Throws `ConfigError` where one of them breaks a rule. */
export function apiAddress(env: Environment): ApiAddress {
  const { http } = loadConfig(env)
  const url = env.BERTH_URL?.trim()
  return { base: url ? baseOf(url) : localBase(http), key: clientKey(env) }
}

function localBase({ host, port }: Config['http']): string {
  const name = shown(host)
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const web = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === null || !web || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigError([
      {
        variable: 'BERTH_URL',
        // It may hold a password.
        value: '********',
        rule: 'must be an http or https address without user, query or fragment',
        fix: 'for example BERTH_URL=http://127.0.0.1:8000; a key goes into API_KEY',
      },
    ])
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** One request to the API, answered by its contract. Throws `ApiError` for everything else. */
export async function askApi<T extends z.ZodType>(
  { base, key }: ApiAddress,
  contract: T,
  { method, path, body, epoch }: { method: 'GET' | 'POST'; path: string; body?: object; epoch?: number },
): Promise<z.output<T>> {
  const { status, location, text } = await exchange(`${base}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(epoch === undefined ? {} : { 'if-match': `"epoch-${epoch}"` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A key is not carried elsewhere, and a POST does not become a GET.
    redirect: 'manual',
  })
  if (location !== null) throw new ApiError(`${base} redirects to ${location}: set BERTH_URL to where the API itself is`)
  const json = parsed(text)
  if (status >= 400) {
    const problem = ProblemBody.safeParse(json)
    if (!problem.success) throw new ApiError(`${base} answers ${status} and is not Berth's API: is BERTH_URL right?`)
    const { detail, type } = problem.data
    throw new ApiError(typeof detail === 'string' ? detail : detail.message, { status, type: type.replace(/^.*\//, '') })
  }
  const answer = contract.safeParse(json)
  if (!answer.success) throw new ApiError(`${base} answers ${path} otherwise than Berth of this version does: is BERTH_URL right?`)
  return answer.data
}

async function exchange(url: string, init: RequestInit): Promise<{ status: number; location: string | null; text: string }> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) })
    const redirected = response.status >= 300 && response.status < 400
    return { status: response.status, location: redirected ? response.headers.get('location') : null, text: await response.text() }
  } catch (error) {
    throw new ApiError(`${new URL(url).origin} cannot be asked (${reasonOf(error)}): does Berth run there? BERTH_URL names another address`)
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1000} s`
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  // Several addresses were tried: the reason is in the code only.
  return cause.message || String((cause as NodeJS.ErrnoException).code)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
