/**
 * @module
 * The adapter for Gluetun's control server, v3.39 to the rolling image of August 2026.
 */
import type { Parsed, PublicIp } from './answers.js'
import { parsePorts, parsePublicIp, parseStatus } from './answers.js'
import type { GluetunAuth, GluetunClient, GluetunProblem, PortsReading, VpnReading } from './client.js'
import type { Answer, Failure } from './exchange.js'
import { exchange } from './exchange.js'
import {
  failed,
  NEW_PORT_ROUTE,
  noAddress,
  OLD_PORT_ROUTE,
  PUBLIC_IP_ROUTE,
  STATUS_ROUTE,
  unauthorized,
  unintelligible,
  unsendable,
} from './problems.js'

export interface GluetunClientOptions {
  /** Asked before each reading: the address may be found late and may change. `null`: not known. A path is kept, a query is not. */
  baseUrl: () => string | null
  auth: GluetunAuth
  /** Native `fetch` unless given. */
  fetch?: typeof fetch
  /** For one reading with all its requests and redirects, in milliseconds. */
  timeoutMs?: number
}

/** Statuses by which versions say that they do not have (401, 404, 405) or cannot route (400) a port route. */
const ASK_THE_OTHER: readonly number[] = [400, 401, 404, 405]

interface Refused {
  kind: 'refused'
  routes: string[]
  wantsBasic: boolean
  /** A redirect led to the refusal. */
  redirected: boolean
}

/** What one question came to. */
type Outcome<T> = { kind: 'value'; value: T } | Refused | { kind: 'problem'; problem: GluetunProblem }

/** Where and how one reading asks. */
interface Conversation {
  base: URL
  ask(route: string): Promise<Answer | Failure>
  timeoutMs: number
}

/**
 * A client that keeps the promises of `GluetunClient`. It remembers which of the two port routes was answered last and asks that one first;
 * when it is refused or gone (another version of Gluetun, another address) the other one is asked in the same reading.
 */
export function createGluetunClient(options: GluetunClientOptions): GluetunClient {
  const { auth, timeoutMs = 3000 } = options
  const headers = requestHeaders(auth)
  let portRoute: string | null = null
  let lastBase: string | null = null

  async function converse<R>(
    signal: AbortSignal | undefined,
    talk: (conversation: Conversation) => Promise<R>,
    fail: (problem: GluetunProblem) => R,
  ) {
    signal?.throwIfAborted()
    const given = options.baseUrl()
    if (given === null) return fail(noAddress('unknown'))
    const base = URL.canParse(given) ? new URL(given) : null
    if (base === null || !/^https?:$/.test(base.protocol)) return fail(noAddress('unreadable'))
    if (headers === null) return fail(unsendable())
    if (base.href !== lastBase) portRoute = null
    lastBase = base.href

    const deadline = AbortSignal.timeout(timeoutMs)
    // Not AbortSignal.any: on Node 20 each use would stay attached to the caller's signal, once a second for as long as the process lives.
    const aborter = new AbortController()
    const abort = (): void => aborter.abort()
    deadline.addEventListener('abort', abort, { once: true })
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const ask = (route: string): Promise<Answer | Failure> =>
        exchange({ base, route, headers, fetch: options.fetch ?? fetch, signal: aborter.signal })
      const reading = await talk({ base, ask, timeoutMs })
      signal?.throwIfAborted()
      return reading
    } finally {
      deadline.removeEventListener('abort', abort)
      signal?.removeEventListener('abort', abort)
    }
  }

  async function askPorts(conversation: Conversation): Promise<Outcome<number[]>> {
    const first = portRoute ?? NEW_PORT_ROUTE
    const second = first === NEW_PORT_ROUTE ? OLD_PORT_ROUTE : NEW_PORT_ROUTE
    const answer = await conversation.ask(first)
    let outcome = understand(conversation, first, answer, parsePorts)
    let from = answer
    if (answer.kind === 'answer' && ASK_THE_OTHER.includes(answer.status)) {
      from = await conversation.ask(second)
      const other = understand(conversation, second, from, parsePorts)
      const bothLacking = from.kind === 'answer' && ASK_THE_OTHER.includes(from.status)
      // A refusal says more than "no such route", and less than an answer or a silence of the route that exists.
      outcome = bothLacking && outcome.kind === 'refused' ? bothRefused(outcome, other) : other
    }
    if (outcome.kind === 'value' && from.kind === 'answer') {
      portRoute = from.route === NEW_PORT_ROUTE || from.route === OLD_PORT_ROUTE ? from.route : null
    }
    return outcome
  }

  const refusal = (conversation: Conversation, outcomes: Outcome<unknown>[]): GluetunProblem | null => {
    const refused = outcomes.filter((outcome) => outcome.kind === 'refused')
    if (refused.length === 0) return null
    return unauthorized(conversation.base, auth, {
      routes: [...new Set(refused.flatMap((outcome) => outcome.routes))],
      othersAccepted: outcomes.some((outcome) => outcome.kind === 'value'),
      redirectedThenRefused: refused.some((outcome) => outcome.redirected),
      portRoute,
      wantsBasic: refused.some((outcome) => outcome.wantsBasic),
    })
  }

  return {
    read: (signal) =>
      converse(
        signal,
        async (conversation): Promise<VpnReading> => {
          const [status, ports, publicIp] = await Promise.all([
            conversation.ask(STATUS_ROUTE).then((answer) => understand(conversation, STATUS_ROUTE, answer, parseStatus)),
            askPorts(conversation),
            conversation.ask(PUBLIC_IP_ROUTE).then((answer) => understand(conversation, PUBLIC_IP_ROUTE, answer, parsePublicIp)),
          ])
          const outcomes = [ports, status, publicIp]
          return {
            status: status.kind === 'value' ? status.value : 'unknown',
            ports: ports.kind === 'value' ? ports.value : null,
            ...(publicIp.kind === 'value' ? publicIp.value : NO_PUBLIC_IP),
            problem: refusal(conversation, outcomes) ?? firstProblem(outcomes),
          }
        },
        (problem): VpnReading => ({ status: 'unknown', ports: null, ...NO_PUBLIC_IP, problem }),
      ),

    readPorts: (signal) =>
      converse(
        signal,
        async (conversation): Promise<PortsReading> => {
          const ports = await askPorts(conversation)
          return { ports: ports.kind === 'value' ? ports.value : null, problem: refusal(conversation, [ports]) ?? firstProblem([ports]) }
        },
        (problem): PortsReading => ({ ports: null, problem }),
      ),
  }
}

const NO_PUBLIC_IP: PublicIp = { publicIp: null, country: null, region: null, city: null }

function understand<T>(
  conversation: Conversation,
  route: string,
  answer: Answer | Failure,
  parse: (body: string) => Parsed<T>,
): Outcome<T> {
  const { base, timeoutMs } = conversation
  if (answer.kind !== 'answer') return { kind: 'problem', problem: failed(base, route, answer, timeoutMs) }
  if (answer.status === 401) {
    // Through a redirect it is the route at its end that no role lists; only a route that we know is named.
    const redirected = answer.route === NEW_PORT_ROUTE && route === OLD_PORT_ROUTE
    return { kind: 'refused', routes: [redirected ? NEW_PORT_ROUTE : route], wantsBasic: answer.wantsBasic, redirected }
  }
  if (answer.status !== 200) return { kind: 'problem', problem: unintelligible(base, route, `with HTTP status ${answer.status}`) }
  const parsed = parse(answer.body)
  return parsed.ok ? { kind: 'value', value: parsed.value } : { kind: 'problem', problem: unintelligible(base, route, parsed.instead) }
}

function bothRefused<T>(first: Refused, second: Outcome<T>): Refused {
  if (second.kind !== 'refused') return first
  return {
    kind: 'refused',
    routes: [...first.routes, ...second.routes],
    wantsBasic: first.wantsBasic || second.wantsBasic,
    redirected: first.redirected || second.redirected,
  }
}

/** An answer that makes no sense tells more than one that never came. */
function firstProblem(outcomes: Outcome<unknown>[]): GluetunProblem | null {
  const problems = outcomes.flatMap((outcome) => (outcome.kind === 'problem' ? [outcome.problem] : []))
  return problems.find(({ code }) => code === 'gluetun-unintelligible') ?? problems[0] ?? null
}

/** `null` when the credentials cannot be put into a header. */
function requestHeaders(auth: GluetunAuth): Headers | null {
  try {
    const headers = new Headers({ accept: 'application/json' })
    if (auth.kind === 'apikey') headers.set('x-api-key', auth.key)
    if (auth.kind === 'basic') {
      headers.set('authorization', `Basic ${Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64')}`)
    }
    return headers
  } catch {
    return null
  }
}
