/**
 * @module
 * What operators, players and scripts ask of Berth all the time, at random.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, type Api, type EngineAnswer, Engines } from './api.js'
import type { Journal } from './journal.js'
import { LeaseAnswer } from './lease-record.js'
import type { Random } from './random.js'
import { MAX_REPLICAS, MIN_REPLICAS } from './setting.js'
import type { Violations } from './violations.js'

/** How often each is asked for, in parts of their sum. */
const WEIGHTS = {
  elect: 24,
  provision: 8,
  delete: 7,
  scale: 9,
  designate: 7,
  rotate: 7,
  'stream-start': 12,
  'stream-end': 10,
  'force-election': 6,
} as const
type Operation = keyof typeof WEIGHTS
const OPERATIONS = Object.keys(WEIGHTS) as Operation[]
const LONGEST_PAUSE_MS = 700

/** Routes that the API does not have (yet), by a request that any of them would refuse as invalid. */
const PROBES = [
  ['/lease/designate', { engine: 5 }],
  ['/lease/rotate', { force: 'perhaps' }],
  ['/events/stream_started', {}],
  ['/events/stream_ended', { reason: 5 }],
] as const

export interface WorkReport {
  operations: Record<string, number>
  /** Answers by operation and status; 0 is no answer. */
  statuses: Record<string, Record<string, number>>
  missingRoutes: string[]
  /** Answers that say that something went wrong inside, with their bodies; at most ten. */
  internalErrors: string[]
}

/** Works while it is not paused. */
export class Work {
  readonly #statuses = new Map<string, Map<number, number>>()
  readonly #streams = new Map<string, string>()
  readonly #internal: string[] = []
  #missing: readonly string[] = []
  #paused = true
  #busy: Promise<unknown> = Promise.resolve()
  #count = 0

  constructor(
    private readonly api: Api,
    private readonly random: Random,
    private readonly journal: Journal,
    private readonly violations: Violations,
    private readonly forceElection: (times: number) => Promise<void>,
  ) {}

  /** Finds out which routes there are. */
  async probe(): Promise<readonly string[]> {
    const missing: string[] = []
    for (const [path, body] of PROBES) if ((await this.api.ask('POST', path, { body })).status === 404) missing.push(path)
    this.#missing = missing
    return missing
  }

  /** Runs until aborted. */
  async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      await delay(this.random.between(30, LONGEST_PAUSE_MS))
      if (this.#paused || stopped.aborted) continue
      // Several at once now and then.
      const many = this.random.chance(0.15) ? this.random.between(2, 4) : 1
      this.#busy = Promise.all(Array.from({ length: many }, () => this.#one()))
      await this.#busy
    }
  }

  pause(): void {
    this.#paused = true
  }

  /** Pauses, and resolves when everything that was asked for has been answered. */
  async rest(): Promise<void> {
    this.pause()
    await this.#busy
  }

  resume(): void {
    this.#paused = false
  }

  /** Undoes what would go on after the end: streams, a wish for one engine. */
  async settle(): Promise<void> {
    for (const id of this.#streams.keys()) await this.#post('stream-end', '/events/stream_ended', { stream_id: id })
    this.#streams.clear()
    await this.#post('designate', '/lease/designate', { engine: null })
  }

  report(): WorkReport {
    const statuses = Object.fromEntries(
      [...this.#statuses].map(([operation, counts]) => [
        operation,
        Object.fromEntries([...counts].map(([status, count]) => [String(status), count])),
      ]),
    )
    const operations = Object.fromEntries(
      [...this.#statuses].map(([operation, counts]) => [operation, [...counts.values()].reduce((a, b) => a + b, 0)]),
    )
    return { operations, statuses, missingRoutes: [...this.#missing], internalErrors: this.#internal }
  }

  async #one(): Promise<void> {
    const operation = this.#draw()
    try {
      await this.#carryOut(operation)
    } catch (error) {
      this.journal.write('work', `${operation}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #draw(): Operation {
    const total = OPERATIONS.reduce((sum, operation) => sum + WEIGHTS[operation], 0)
    let left = this.random.next() * total
    return (
      OPERATIONS.find((operation) => {
        left -= WEIGHTS[operation]
        return left < 0
      }) ?? 'elect'
    )
  }

  async #carryOut(operation: Operation): Promise<void> {
    const { random } = this
    switch (operation) {
      case 'elect':
        return this.#elect()
      case 'provision':
        return void (await this.#post(operation, '/provision/acestream', {}))
      case 'delete': {
        const engine = await this.#engine()
        if (engine?.container_id) await this.#ask(operation, 'DELETE', `/containers/${engine.container_id}`)
        return
      }
      case 'scale':
        return void (await this.#ask(operation, 'POST', `/scale/${random.between(MIN_REPLICAS, MAX_REPLICAS)}`))
      case 'designate': {
        const engine = random.chance(0.5) ? null : await this.#engine()
        return void (await this.#post(operation, '/lease/designate', { engine: engine?.engine_id ?? null, ...this.#force() }))
      }
      case 'rotate':
        return void (await this.#post(operation, '/lease/rotate', this.#force()))
      case 'stream-start':
        return this.#startStream()
      case 'stream-end': {
        const id = random.pick([...this.#streams.keys()])
        if (id === null) return
        this.#streams.delete(id)
        return void (await this.#post(operation, '/events/stream_ended', { stream_id: id, reason: 'stopped' }))
      }
      case 'force-election':
        this.journal.write('work', 'signal forceElection')
        this.#count += 1
        this.#note(operation, 200)
        return this.forceElection(1)
    }
  }

  async #elect(): Promise<void> {
    const { random } = this
    const candidate = random.chance(0.3) ? (await this.#engine())?.engine_id : random.chance(0.05) ? 'nobody-of-this-name' : undefined
    const body = { reason: 'asked at random', ...(candidate === undefined ? {} : { candidate }), ...this.#force() }
    if (random.chance(0.7)) return void (await this.#post('elect', '/lease/elect', body))
    const { epoch } = await this.api.get('/lease', LeaseAnswer)
    const old = epoch > 1 && random.chance(0.5)
    const answer = await this.#post('elect', '/lease/elect', body, { 'if-match': `"epoch-${old ? epoch - 1 : epoch}"` })
    if (old && answer.status >= 200 && answer.status < 300 && this.#missing.length === 0) {
      this.violations.add({
        invariant: 'I5',
        at: Date.now(),
        what: `an election with If-Match of an epoch that is over was answered ${answer.status}`,
      })
    }
  }

  async #startStream(): Promise<void> {
    const engine = await this.#engine()
    if (engine === null) return
    this.#count += 1
    const id = `stream-${this.#count}`
    const session = `${this.#count}`.padStart(8, '0')
    const byAddress = this.random.chance(0.5)
    const { status } = await this.#post('stream-start', '/events/stream_started', {
      ...(byAddress ? {} : { container_id: engine.container_id }),
      engine: { host: engine.host, port: engine.port },
      stream: { key_type: 'content_id', key: 'a'.repeat(40) },
      session: {
        playback_session_id: session,
        stat_url: `http://${engine.host}:${engine.port}/ace/stat/${'a'.repeat(40)}/${session}`,
        command_url: `http://${engine.host}:${engine.port}/ace/cmd/${'a'.repeat(40)}/${session}`,
        is_live: 1,
      },
      labels: { stream_id: id },
    })
    if (status === 200) this.#streams.set(id, engine.engine_id)
  }

  async #engine(): Promise<EngineAnswer | null> {
    return this.random.pick(await this.api.get('/engines', Engines))
  }

  #force(): { force?: boolean } {
    return this.random.chance(0.4) ? { force: true } : {}
  }

  async #post(operation: Operation, path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(operation, 'POST', path, body, headers)
  }

  async #ask(operation: Operation, method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.api.ask(method, path, { body, headers })
    this.#note(operation, answer.status)
    const detail = answer.status >= 400 ? ` ${answer.text.slice(0, 160).replaceAll('\n', ' ')}` : ''
    const sent = body === undefined ? '' : ` ${JSON.stringify(body).slice(0, 120)}`
    const match = headers['if-match'] === undefined ? '' : ` if-match ${headers['if-match']}`
    this.journal.write('work', `${method} ${path}${sent}${match}: ${answer.status} in ${Math.round(answer.milliseconds)} ms${detail}`)
    if (answer.status === 500 && this.#internal.length < 10) this.#internal.push(`${method} ${path}: ${answer.text.slice(0, 300)}`)
    return answer
  }

  #note(operation: Operation, status: number): void {
    const counts = this.#statuses.get(operation) ?? new Map<number, number>()
    counts.set(status, (counts.get(status) ?? 0) + 1)
    this.#statuses.set(operation, counts)
  }
}
