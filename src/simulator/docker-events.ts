/**
 * @module
 * What happened in the daemon, for `GET /events`: the last 256, and whatever comes while somebody listens.
 */
import type { DaemonClock } from './docker-clock.js'
import { matchesAny, matchesLabels } from './docker-filters.js'
import type { Filters } from './docker-filters.js'

export interface DaemonEvent {
  readonly type: 'container' | 'image'
  readonly action: string
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  /** Unix nanoseconds. */
  readonly time: bigint
}

const KEPT = 256

/** The daemon's events in order. Listeners hear each one once, in the order of `time`. */
export class EventLog {
  readonly #kept: DaemonEvent[] = []
  readonly #listeners = new Set<(event: DaemonEvent) => void>()

  constructor(private readonly clock: DaemonClock) {}

  emit(type: DaemonEvent['type'], action: string, id: string, attributes: Record<string, string>): void {
    const event = { type, action, id, attributes, time: this.clock.now() }
    this.#kept.push(event)
    if (this.#kept.length > KEPT) this.#kept.shift()
    for (const listener of this.#listeners) listener(event)
  }

  /** Those still kept that happened at or after `since` (Unix nanoseconds). */
  since(since: bigint): DaemonEvent[] {
    return this.#kept.filter((event) => event.time >= since)
  }

  /** Calls `listener` on each event from now on, until the function that it answers is called. */
  listen(listener: (event: DaemonEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The event as one line of the daemon's stream. Nanoseconds are written out: a JavaScript number cannot hold them. */
export function toEventLine(event: DaemonEvent): string {
  const { type, action, id, attributes, time } = event
  const legacy = type === 'container' ? { status: action, id, from: attributes['image'] ?? '' } : { status: action, id }
  const body = { ...legacy, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local' }
  return `${JSON.stringify(body).slice(0, -1)},"time":${time / 1_000_000_000n},"timeNano":${time}}\n`
}

export function matchesEvent(event: DaemonEvent, filters: Filters): boolean {
  const name = event.attributes['name'] ?? ''
  return (
    matchesAny(filters.get('type'), (type) => type === event.type) &&
    matchesAny(filters.get('event'), (action) => action === event.action || event.action.startsWith(`${action}:`)) &&
    matchesAny(filters.get('container'), (wanted) => event.type === 'container' && (event.id.startsWith(wanted) || name === wanted)) &&
    matchesAny(filters.get('image'), (wanted) => (event.type === 'image' ? event.id : event.attributes['image']) === wanted) &&
    matchesLabels(filters.get('label'), event.attributes)
  )
}
