/**
 * @module
 * One request to the API, and what went wrong with it.
 */
import type { ProblemBody } from './contracts.js'
import { storedKey } from './key.js'

/** How long an answer may take. Events have no end and are not asked for through here. */
const PATIENCE_MS = 20_000

/** What the API answered instead of what was asked for; without `problem` it was not reached, or is not ours. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    message: string,
    readonly status: number | null,
    readonly problem: ProblemBody | null,
  ) {
    super(message)
  }

  get requestId(): string | null {
    return this.problem?.requestId ?? null
  }
}

export interface Asked {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  /** Makes a repeated change have one effect. */
  idempotencyKey?: string
  /** The change is refused when the lease is at another epoch. */
  epoch?: number
  signal?: AbortSignal
  accept?: string
  /** Another key than the one that is kept. */
  key?: string
}

/** Asks and answers the response; anything but success is an `ApiError`. A key travels in a header, never in an address. */
export async function send(path: string, asked: Asked = {}): Promise<Response> {
  const { method = 'GET', body, idempotencyKey, epoch, signal, accept, key = storedKey() } = asked
  const headers = new Headers({ accept: accept ?? 'application/json' })
  if (key !== null) headers.set('x-api-key', key)
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  if (epoch !== undefined) headers.set('if-match', `"epoch-${epoch}"`)
  const response = await fetch(path, {
    method,
    headers,
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown
    throw new ApiError('Berth does not answer', null, null)
  })
  if (!response.ok) throw await failure(response)
  return response
}

/** The JSON of an answer. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const signal = asked.signal === undefined ? patience : AbortSignal.any([asked.signal, patience])
  const response = await send(path, { ...asked, signal }).catch((thrown: unknown) => {
    throw patience.aborted ? new ApiError(`Berth did not answer within ${PATIENCE_MS / 1000} s`, null, null) : thrown
  })
  return (await response.json()) as T
}

async function failure(response: Response): Promise<ApiError> {
  const said = (await response.json().catch(() => null)) as Partial<ProblemBody> | null
  if (typeof said?.title !== 'string' || typeof said.status !== 'number')
    return new ApiError(`Berth answered ${response.status}`, response.status, null)
  const problem = said as ProblemBody
  return new ApiError(typeof problem.detail === 'string' ? problem.detail : problem.detail.message, response.status, problem)
}
