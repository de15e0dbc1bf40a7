/**
 * @module
 * Faults between a client and the simulated daemon. Which requests they hit is decided by a seeded generator, so a run can be repeated.
 */

/** What goes wrong with a request that a rule matches. */
export type Fault =
  /** The connection is closed and nothing is executed. */
  | { kind: 'refuse' }
  /** Nothing is executed and nothing is ever answered. */
  | { kind: 'black-hole' }
  /** Executed after so long, even when the client has given up by then. */
  | { kind: 'delay'; milliseconds: number }
  /** Nothing is executed; answered with this status, 500 by default. */
  | { kind: 'error'; status?: number; message?: string }
  /** Executed; half of the JSON arrives. */
  | { kind: 'truncate' }
  /** Executed; the connection is closed instead of an answer. */
  | { kind: 'drop-reply' }
  /** An event stream ends after so many events, 0 by default. */
  | { kind: 'cut-events'; after?: number }
  /** An event stream stays open and says nothing more after so many events, 0 by default. */
  | { kind: 'stall-events'; after?: number }
  /** One event is not sent. Drawn for each event. */
  | { kind: 'drop-event' }
  /** One event is sent after the one that follows it. Drawn for each event. */
  | { kind: 'swap-event' }

export type FaultRule = Fault & {
  /** Any by default. */
  method?: string
  /** Against the path without version and query; a string matches in full, with `*` for any part. Any by default. */
  path?: string | RegExp
  /** From 0 to 1, 1 by default. */
  probability?: number
  /** How often it may hit; without limit by default. */
  count?: number
}

/** A rule that was added. */
export interface ActiveFault {
  readonly hits: number
  remove(): void
}

type Kind = Fault['kind']

const REQUEST_FAULTS: readonly Kind[] = ['refuse', 'black-hole', 'delay', 'error', 'truncate', 'drop-reply']
const STREAM_FAULTS: readonly Kind[] = ['cut-events', 'stall-events']
const EVENT_FAULTS: readonly Kind[] = ['drop-event', 'swap-event']

interface Active {
  rule: FaultRule
  hits: number
}

/**
 * The faults of one simulator.
 *
 * 1. Rules are tried in the order they were added; the first that matches and whose draw succeeds hits.
 * 2. The same seed, rules and order of requests give the same hits.
 * 3. `probability` is drawn only for requests that match.
 *
 * @example
 * simulator.faults.add({ kind: 'drop-reply', method: 'POST', path: '/containers/create', count: 1 })
 */
export class FaultPlan {
  readonly #active: Active[] = []
  readonly #random: () => number
  readonly #streams = new Set<{ cut(): void; stall(): void }>()

  constructor(seed = 1) {
    this.#random = mulberry32(seed)
  }

  add(rule: FaultRule): ActiveFault {
    const active: Active = { rule, hits: 0 }
    this.#active.push(active)
    return {
      get hits() {
        return active.hits
      },
      remove: () => {
        const at = this.#active.indexOf(active)
        if (at >= 0) this.#active.splice(at, 1)
      },
    }
  }

  /** Removes every rule; streams that were cut or stalled stay so. */
  clear(): void {
    this.#active.length = 0
  }

  /** Ends every event stream that is open now. */
  cutEventStreams(): void {
    for (const stream of [...this.#streams]) stream.cut()
  }

  /** Every event stream that is open now stays open and says nothing more. */
  stallEventStreams(): void {
    for (const stream of this.#streams) stream.stall()
  }

  /** @internal The fault of this request, if any. */
  forRequest(method: string, path: string): FaultRule | null {
    return this.#draw(REQUEST_FAULTS, method, path)
  }

  /** @internal The fault of this event stream, if any. */
  forStream(): FaultRule | null {
    return this.#draw(STREAM_FAULTS, 'GET', '/events')
  }

  /** @internal The fault of this event on one stream, if any. */
  forEvent(): FaultRule | null {
    return this.#draw(EVENT_FAULTS, 'GET', '/events')
  }

  /** @internal */
  track(stream: { cut(): void; stall(): void }): () => void {
    this.#streams.add(stream)
    return () => this.#streams.delete(stream)
  }

  #draw(kinds: readonly Kind[], method: string, path: string): FaultRule | null {
    for (const active of this.#active) {
      const { rule } = active
      if (!kinds.includes(rule.kind) || active.hits >= (rule.count ?? Number.POSITIVE_INFINITY)) continue
      if (rule.method !== undefined && rule.method !== method) continue
      if (rule.path !== undefined && !matchesPath(rule.path, path)) continue
      const probability = rule.probability ?? 1
      if (probability < 1 && this.#random() >= probability) continue
      active.hits += 1
      return rule
    }
    return null
  }
}

function matchesPath(pattern: string | RegExp, path: string): boolean {
  if (typeof pattern !== 'string') return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(path)
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`).test(path)
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
