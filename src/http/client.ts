/**
 * @module
 * A client of the HTTP API with the types of its routes.
 */
import type { Hono } from 'hono'
import { hc } from 'hono/client'
import type { z } from 'zod'
import type { AppEnv } from './answer.js'
import type { Route } from './route.js'
import type { ADMIN_ROUTES, ENGINES_ROUTE, OPEN_ROUTES, OPERATOR_ROUTES, ROUTES, UNLIMITED_ROUTES } from './routes.js'

type Named<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | Named<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

/** An object also where nothing is taken: a route whose input is none cannot be asked. */
type Input<Path extends string, Query extends z.ZodType, Body extends z.ZodType> = ([Named<Path>] extends [never]
  ? object
  : { param: Record<Named<Path>, string> }) &
  ([Query] extends [z.ZodNever] ? unknown : { query?: z.input<Query> }) &
  ([Body] extends [z.ZodNever] ? unknown : { json: z.input<Body> })

type Endpoint<R> =
  R extends Route<infer M, infer Path, infer Query, infer Body, infer Output>
    ? {
        [P in Path]: {
          [N in `$${M}`]: { input: Input<Path, Query, Body>; output: z.output<Output>; outputFormat: 'json'; status: 200 }
        }
      }
    : never

type Together<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never

type AnyRoute =
  | typeof ENGINES_ROUTE
  | (typeof OPEN_ROUTES | typeof UNLIMITED_ROUTES | typeof OPERATOR_ROUTES | typeof ADMIN_ROUTES | typeof ROUTES)[number]

/** The API as `hc` sees it. */
export type Api = Hono<AppEnv, Together<Endpoint<AnyRoute>>>

/**
 * A client of the API at `url`. What it answers is typed as the routes answer when all is well: look at `ok` before.
 *
 * @example
 * const api = createClient('http://127.0.0.1:8000', { key: process.env.API_KEY })
 * const answer = await api.api.v1.engines.$get({ query: { limit: '10' } })
 * if (answer.ok) console.log((await answer.json()).items)
 */
export function createClient(url: string, { key, fetch }: { key?: string; fetch?: typeof globalThis.fetch } = {}) {
  return hc<Api>(url, {
    ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
    ...(fetch === undefined ? {} : { fetch }),
  })
}
