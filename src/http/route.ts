/**
 * @module
 * A route with what its document says of it.
 */
import type { Handler } from 'hono'
import type { z } from 'zod'
import type { ErrorType } from '../domain/errors.js'
import type { AppEnv } from './answer.js'
import type { Dependencies } from './dependencies.js'

export type Method = 'get' | 'post' | 'patch' | 'delete'

/** What an answer without JSON is. */
export type PlainType = 'text/plain; version=0.0.4; charset=utf-8' | 'text/event-stream'

export interface Answer<Body extends z.ZodType = z.ZodType> {
  status: 200 | 202 | 503
  description: string
  body: Body
  /** Another form that the same path answers; the only one where it is plain text. */
  plain?: PlainType
}

export interface Route<
  M extends Method = Method,
  Path extends string = string,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  method: M
  /** As Hono writes it, with `:parameters`. */
  path: Path
  tag: 'engines' | 'lease' | 'streams' | 'fleet' | 'vpn' | 'operations' | 'events' | 'berth' | 'compatible'
  summary: string
  description?: string
  /** What the `:parameters` of its path must be; any text where nothing is said. */
  parameters?: Readonly<Record<string, z.ZodType>>
  query?: Query
  /** JSON that may be left out as a whole when no field of it is required. */
  body?: Body
  answer: Answer<Output>
  /** More answers than the usual one. */
  otherAnswers?: Answer[]
  /** Which problems it answers with besides those of all routes: of the body, of keys, and `unavailable`. */
  problems: readonly ErrorType[]
  /** Takes `Idempotency-Key`. */
  idempotent?: true
  /** Takes `If-Match` on the epoch of the lease. */
  precondition?: true
  make: (given: Dependencies) => Handler<AppEnv, NoInfer<Path>>
}

/** Writes a route down; a function only so that its types are kept. */
export const route = <
  M extends Method,
  Path extends string,
  Output extends z.ZodType,
  Query extends z.ZodType = z.ZodNever,
  Body extends z.ZodType = z.ZodNever,
>(
  it: Route<M, Path, Query, Body, Output>,
): Route<M, Path, Query, Body, Output> => it
