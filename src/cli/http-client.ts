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
  /** The variable that names the address, for whoever is told that it is wrong; `BERTH_URL` when left out. */
  variable?: string
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: object
  /** The lease must still be at this epoch. */
  epoch?: number
  /** Repeating a change with the same one has one effect. */
  idempotencyKey?: string
  /** A status that carries the contract too, besides those of success. */
  orStatus?: number
  withinMs?: number
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

/** The address in `text`, which `variable` holds. Throws `ConfigError` when it is none. */
export function baseOf(text: string, variable = 'BERTH_URL'): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const web = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === null || !web || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigError([
      {
        variable,
        // It may hold a password.
        value: '********',
        rule: 'must be an http or https address without user, query or fragment',
        fix: `for example ${variable}=http://127.0.0.1:8000; a key goes into API_KEY`,
      },
    ])
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** One request to the API, answered by its contract. Throws `ApiError` for everything else. */
export async function askApi<T extends z.ZodType>(
  address: ApiAddress,
  contract: T,
  { method, path, body, epoch, idempotencyKey, orStatus, withinMs = PATIENCE_MS }: ApiRequest,
): Promise<z.output<T>> {
  const { base, key, variable = 'BERTH_URL' } = address
  const init: RequestInit = {
    method,
    headers: {
      accept: 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(epoch === undefined ? {} : { 'if-match': `"epoch-${epoch}"` }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A key is not carried elsewhere, and a POST does not become a GET.
    redirect: 'manual',
  }
  const { status, location, text } = await exchange(address, path, init, withinMs)
  if (location !== null) throw new ApiError(`${base} redirects to ${location}: set ${variable} to where the API itself is`)
  const json = parsed(text)
  if (status >= 400 && status !== orStatus) {
    const problem = ProblemBody.safeParse(json)
    if (!problem.success) throw new ApiError(`${base} answers ${status} and is not Berth's API: is ${variable} right?`)
    const { detail, type } = problem.data
    throw new ApiError(typeof detail === 'string' ? detail : detail.message, { status, type: type.replace(/^.*\//, '') })
  }
  const answer = contract.safeParse(json)
  if (!answer.success) throw new ApiError(`${base} answers ${path} otherwise than Berth of this version does: is ${variable} right?`)
  return answer.data
}

async function exchange(
  { base, variable = 'BERTH_URL' }: ApiAddress,
  path: string,
  init: RequestInit,
  withinMs: number,
): Promise<{ status: number; location: string | null; text: string }> {
  try {
    const response = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(withinMs) })
    const redirected = response.status >= 300 && response.status < 400
    return { status: response.status, location: redirected ? response.headers.get('location') : null, text: await response.text() }
  } catch (error) {
    const why = reasonOf(error, withinMs)
    throw new ApiError(`${new URL(base).origin} cannot be asked (${why}): does Berth run there? ${variable} names another address`)
  }
}

function reasonOf(error: unknown, withinMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${withinMs / 1000} s`
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
