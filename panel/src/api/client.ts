/**
 * @module
 * The API as its routes describe it, and what went wrong with a request.
 */
import { hc } from 'hono/client'
import type { Api, ProblemBody } from './contracts.js'
import { storedKey } from './key.js'

/** How long an answer may take. Events have no end and are not asked for through `ask`. */
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

/**
 * The API, one function for each route. Whatever it answers but success rejects with an `ApiError`. The key that is kept goes along in a header, unless a request
 * brings its own; never in an address.
 */
export const api = hc<Api>('/', { fetch: send })

async function send(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  const key = storedKey()
  if (key !== null && !headers.has('x-api-key')) headers.set('x-api-key', key)
  if (!headers.has('accept')) headers.set('accept', 'application/json')
  const response = await fetch(input, { ...init, headers, credentials: 'same-origin', cache: 'no-store' }).catch((thrown: unknown) => {
    if (init.signal?.aborted) throw thrown
    throw new ApiError('Berth does not answer', null, null)
  })
  if (!response.ok) throw await failure(response)
  return response
}

/** The JSON of what a request answers; the request is ended by `signal`, or when it has taken too long. */
export async function ask<T>(request: (init: RequestInit) => Promise<{ json: () => Promise<T> }>, signal?: AbortSignal): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const answer = await request({ signal: signal === undefined ? patience : AbortSignal.any([signal, patience]) }).catch(
    (thrown: unknown) => {
      throw patience.aborted ? new ApiError(`Berth did not answer within ${PATIENCE_MS / 1000} s`, null, null) : thrown
    },
  )
  return answer.json()
}

async function failure(response: Response): Promise<ApiError> {
  const said = (await response.json().catch(() => null)) as Partial<ProblemBody> | null
  if (typeof said?.title !== 'string' || typeof said.status !== 'number')
    return new ApiError(`Berth answered ${response.status}`, response.status, null)
  const problem = said as ProblemBody
  return new ApiError(typeof problem.detail === 'string' ? problem.detail : problem.detail.message, response.status, problem)
}
