/**
 * @module
 * The changes of the pool as one sequence that any number of readers follow.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { LiveEvent } from '../contracts/live.js'
import { toTime } from '../contracts/time.js'
import { BerthError } from '../domain/errors.js'
import type { Snapshot } from '../temporal/control-plane.js'
import { type Change, changesBetween, type State, stateOf } from './changes.js'
import type { Dependencies, Feed } from './dependencies.js'

/** How many changes are kept for readers that come back. */
const KEPT = 2_000
/** How old the snapshot may be that is compared, while somebody reads and while nobody does. Milliseconds. */
const EVERY_MS = 200
const EVERY_UNREAD_MS = 5_000

type Reader = (event: LiveEvent) => void

/**
 * 1. While somebody reads, a change is told within about 200 ms after it can be read; while nobody does, the pool is looked at each 5 s.
 * 2. Readers share one look at the pool, however many they are.
 * 3. A reader that comes back with the id of an event that is kept gets all that came after it, each once and in order; else `state`, all of it.
 * 4. Ids are of this process: those of another one are not known, and are answered with `state`.
 */
export class LiveFeed implements Feed {
  readonly #run = randomBytes(4).toString('hex')
  readonly #kept: LiveEvent[] = []
  /** Those without new statistics of streams, of which there are many and which are old at once. */
  readonly #told: LiveEvent[] = []
  readonly #readers = new Set<Reader>()
  readonly #given: Pick<Dependencies, 'controlPlane' | 'config' | 'now'>
  readonly #stopped = new AbortController()
  #sequence = 0
  #state: State | null = null
  #snapshot: Snapshot | null = null
  #stale = false
  #wake = new AbortController()
  #looking: Promise<void> | null = null

  constructor(given: Pick<Dependencies, 'controlPlane' | 'config' | 'now'>) {
    this.#given = given
  }

  /** Looks until `stop`. */
  start(): void {
    void this.#follow()
  }

  stop(): void {
    this.#stopped.abort()
    this.#wake.abort()
  }

  /**
   * Begins to follow after the event `lastId`, `null` for the present state. What `onEvent` is told first is told before this resolves. Rejects with
   * `unavailable` when nothing was ever known. The answer ends it.
   */
  async follow(lastId: string | null, onEvent: Reader): Promise<() => void> {
    if (this.#readers.size === 0) {
      await this.#looking
      await this.#look()
    }
    if (this.#state === null) throw new BerthError('unavailable', 'nothing is known of the pool yet', { retryAfterSeconds: 2 })
    const missed = lastId === null ? null : this.#after(lastId)
    if (missed === null) onEvent(this.#event({ type: 'state', data: this.#state }))
    else for (const event of missed) onEvent(event)
    if (missed === null && this.#stale) onEvent(this.#event(this.#freshness()))
    this.#readers.add(onEvent)
    this.#wake.abort()
    return () => void this.#readers.delete(onEvent)
  }

  /** What happened lately, the newest first; new statistics of streams are no such thing. */
  latest(): LiveEvent[] {
    return this.#told.toReversed()
  }

  /** What came after an event, `null` when some of it is not kept any more. */
  #after(id: string): LiveEvent[] | null {
    const [run, sequence] = id.split('-')
    const missing = this.#sequence - Number(sequence)
    if (run !== this.#run || !(missing >= 0 && missing <= this.#kept.length)) return null
    return this.#kept.slice(this.#kept.length - missing)
  }

  async #follow(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#look()
      this.#wake = new AbortController()
      const pause = this.#readers.size > 0 ? EVERY_MS : EVERY_UNREAD_MS
      await delay(pause, undefined, { signal: this.#wake.signal, ref: false }).catch(() => undefined)
    }
  }

  #look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => (this.#looking = null))
    return this.#looking
  }

  async #compare(): Promise<void> {
    const { controlPlane, config } = this.#given
    const snapshot = await controlPlane.snapshot(EVERY_MS).catch((error: unknown) => {
      if (error instanceof BerthError) return null
      throw error
    })
    if (snapshot === null || snapshot === this.#snapshot) return
    this.#snapshot = snapshot
    if (!snapshot.stale) {
      const state = stateOf(snapshot, config)
      const changes = this.#state === null ? [] : changesBetween(this.#state, state)
      this.#state = state
      for (const change of changes) this.#tell(change)
    }
    if (snapshot.stale === this.#stale) return
    this.#stale = snapshot.stale
    this.#tell(this.#freshness())
  }

  #freshness(): Change {
    const age = this.#snapshot === null ? 0 : Math.max(0, this.#given.now() - this.#snapshot.takenAt) / 1000
    return { type: 'freshness', data: { stale: this.#stale, age_s: age } }
  }

  #tell(change: Change): void {
    this.#sequence += 1
    const event = this.#event(change)
    this.#kept.push(event)
    if (this.#kept.length > KEPT) this.#kept.shift()
    if (event.type !== 'stream.changed') this.#told.push(event)
    if (this.#told.length > KEPT) this.#told.shift()
    for (const reader of this.#readers) reader(event)
  }

  #event(change: Change): LiveEvent {
    return { id: this.#id(), at: toTime(this.#given.now()), ...change }
  }

  /** Of the newest change: whoever has it has missed nothing. */
  #id(): string {
    return `${this.#run}-${this.#sequence}`
  }
}
