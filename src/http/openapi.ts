/**
 * @module
 * The OpenAPI 3.1 document, made from the routes and the schemas that read and write their bodies.
 */
import { z } from 'zod'
import { EngineDetail, EngineState } from '../contracts/engines.js'
import { Fleet } from '../contracts/fleet.js'
import { Lease, LeaseTurnover } from '../contracts/lease.js'
import { LiveEvent } from '../contracts/live.js'
import { Operation } from '../contracts/operation.js'
import { ProblemBody } from '../contracts/problem.js'
import type { Role } from '../contracts/session.js'
import { StreamSampleState, StreamState } from '../contracts/streams.js'
import { Summary } from '../contracts/summary.js'
import { Trouble } from '../contracts/trouble.js'
import { Vpn, VpnStatus } from '../contracts/vpn.js'
import { ERROR_STATUS, type ErrorType } from '../domain/errors.js'
import type { Answer, Route } from './route.js'

/** Schemas that are written once and referred to. */
const NAMES = z.registry<{ id: string }>()
const NAMED = {
  Engine: EngineState,
  EngineDetail,
  Fleet,
  Lease,
  LeaseTurnover,
  LiveEvent,
  Operation,
  Problem: ProblemBody,
  Stream: StreamState,
  StreamSample: StreamSampleState,
  Summary,
  Trouble,
  Vpn,
  VpnStatus,
} as const
for (const [id, schema] of Object.entries(NAMED)) NAMES.add(schema, { id })

/** What a route may answer with besides its own problems. */
const OF_EVERY_ROUTE: readonly ErrorType[] = ['unavailable', 'timeout', 'unauthorized', 'forbidden', 'rate-limited']
const OF_BODIES: readonly ErrorType[] = ['malformed-json', 'body-too-large', 'unsupported-media-type', 'invalid-request']

/** Statuses of problems that pass. */
const TOLD_WHEN_TO_ASK_AGAIN: ReadonlySet<string> = new Set(['429', '503', '504'])
const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait before asking again.', required: true, schema: { type: 'integer', minimum: 1 } },
}

type Json = Record<string, unknown>

/** Who may use the routes: what each takes, `null` when it is open to everybody, and whether viewers need a key for that. */
export interface Access {
  roleOf: (route: Route) => Role | null
  readKeyRequired: boolean
}

/** The document. */
export function openApi(routes: readonly Route[], version: string, { roleOf, readKeyRequired }: Access): Json {
  const components: Json = {}
  const schema = (of: z.ZodType, io: 'input' | 'output'): Json => {
    const { $defs = {}, $schema: _, ...rest } = z.toJSONSchema(of, { metadata: NAMES, io, unrepresentable: 'any' }) as Json
    for (const [name, definition] of Object.entries($defs as Json)) components[name] = referring(withoutId(definition as Json))
    return referring(withoutId(rest))
  }
  const problem = schema(ProblemBody, 'output')
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operation(route, security(roleOf(route), readKeyRequired), schema, problem) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description:
        'Keeps AceStream engines alive behind a Gluetun VPN and gives the one forwarded port to exactly one of them. Errors are problems (RFC 9457); their types are explained at `/problems/<type>`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A key of API_KEY or API_KEYS.' },
        header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
      },
    },
  }
}

const TAGS = [
  ['engines', 'Engines: making, showing and removing them'],
  ['lease', 'The forwarded port, who holds it and who held it'],
  ['streams', 'What the engines play'],
  ['fleet', 'How many engines there are to be'],
  ['vpn', 'The VPN in front of the engines'],
  ['operations', 'Work that goes on after it was accepted'],
  ['events', 'Changes, as they happen'],
  ['berth', 'Berth itself'],
  ['compatible', 'Routes of an older orchestrator, kept for its clients'],
] as const

function operation(route: Route, access: Json, schema: (of: z.ZodType, io: 'input' | 'output') => Json, problem: Json): Json {
  const parameters = [...pathParameters(route, schema), ...queryParameters(route, schema), ...headerParameters(route)]
  const answers = [route.answer, ...(route.otherAnswers ?? [])]
  const types = new Set([...OF_EVERY_ROUTE, ...(route.method === 'get' ? [] : OF_BODIES), ...route.problems])
  if (route.query !== undefined || route.path.includes(':')) types.add('invalid-request')
  const problems = grouped(types)
  const taken = new Set(answers.map(({ status }) => String(status)))
  const responses = Object.fromEntries([
    ...answers.map((answer) => [String(answer.status), response(answer, schema, taken.has('503') ? problem : null)] as const),
    ...[...problems].filter(([status]) => !taken.has(status)).map(([status, of]) => [status, refusal(status, of, problem)] as const),
  ])
  return {
    operationId: `${route.method}${route.path.replaceAll(/[^a-zA-Z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')}`,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse({}).success,
            content: { 'application/json': { schema: schema(route.body, 'input') } },
          },
        }),
    responses,
    ...access,
  }
}

/** While reads are open a key is of use to them, and not needed. */
function security(role: Role | null, readKeyRequired: boolean): Json {
  if (role === null) return { security: [] }
  const optional = role === 'viewer' && !readKeyRequired
  return { security: [...(optional ? [{}] : []), { bearer: [] }, { header: [] }], 'x-role': role }
}

function response({ status, description, body, plain }: Answer, schema: (of: z.ZodType, io: 'output') => Json, problem: Json | null): Json {
  const json = { 'application/json': { schema: schema(body, 'output') } }
  const alone = plain?.startsWith('text/plain') === true
  return {
    description,
    content: {
      ...(alone ? {} : json),
      ...(plain === undefined ? {} : { [plain]: { schema: { type: 'string' } } }),
      ...(status === 503 && problem !== null ? { 'application/problem+json': { schema: problem } } : {}),
    },
  }
}

function refusal(status: string, types: readonly ErrorType[], problem: Json): Json {
  return {
    description: types.map((type) => `\`${type}\``).join(', '),
    ...(TOLD_WHEN_TO_ASK_AGAIN.has(status) ? { headers: RETRY_AFTER } : {}),
    content: { 'application/problem+json': { schema: problem } },
  }
}

function pathParameters({ path, parameters = {} }: Route, schema: (of: z.ZodType, io: 'input') => Json): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const of = parameters[name]
    return { name, in: 'path', required: true, schema: of === undefined ? { type: 'string', minLength: 1 } : schema(of, 'input') }
  })
}

function queryParameters({ query }: Route, schema: (of: z.ZodType, io: 'input') => Json): Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schema(query, 'input') as { properties?: Json; required?: string[] }
  return Object.entries(properties).map(([name, of]) => ({ name, in: 'query', required: required.includes(name), schema: of }))
}

function headerParameters({ idempotent, precondition }: Route): Json[] {
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Repeating a change with the same key has one effect.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
  }
  const match = {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` of the lease as it was read, as `"epoch-17"`, or `*`.',
    schema: { type: 'string' },
  }
  return [...(idempotent ? [key] : []), ...(precondition ? [match] : [])]
}

function grouped(types: ReadonlySet<ErrorType>): Map<string, ErrorType[]> {
  const groups = new Map<string, ErrorType[]>()
  for (const type of types) groups.set(String(ERROR_STATUS[type]), [...(groups.get(String(ERROR_STATUS[type])) ?? []), type])
  return groups
}

function withoutId(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id'))
}

/** The same with references to where the document keeps its schemas. */
function referring(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}
