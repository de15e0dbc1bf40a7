/**
 * @module
 * `GET /events`: what was kept since a moment, then what comes, until the client leaves or `until` is reached.
 */
import type { ServerResponse } from 'node:http'
import type { Daemon } from './docker-daemon.js'
import { DaemonError } from './docker-errors.js'
import { matchesEvent, toEventLine } from './docker-events.js'
import type { DaemonEvent } from './docker-events.js'
import { parseFilters } from './docker-filters.js'
import type { Reply } from './docker-reply.js'

export function streamEvents(daemon: Daemon, query: URLSearchParams): Reply {
  const since = toNanoseconds(query.get('since'))
  const until = toNanoseconds(query.get('until'))
  const filters = parseFilters(query.get('filters'))
  const stream = (response: ServerResponse): void => {
    const sender = createSender(daemon, response)
    const past = since === null && until === null ? [] : daemon.events.since(since ?? 0n)
    for (const event of past) if (matchesEvent(event, filters) && (until === null || event.time <= until)) sender.send(event)
    const remaining = until === null ? null : Number((until - daemon.clock.now()) / 1_000_000n)
    if (remaining !== null && remaining <= 0) return void response.end()
    const stopListening = daemon.events.listen((event) => {
      if (matchesEvent(event, filters)) sender.send(event)
    })
    const timer = remaining === null ? null : setTimeout(() => response.end(), remaining)
    response.once('close', () => {
      stopListening()
      sender.close()
      if (timer !== null) clearTimeout(timer)
    })
  }
  return { status: 200, type: 'application/json', stream }
}

/** Writes events to one client, through the faults of this stream and of each event. */
function createSender(daemon: Daemon, response: ServerResponse): { send(event: DaemonEvent): void; close(): void } {
  const fault = daemon.faults.forStream()
  let sent = 0
  let silent = false
  let held: DaemonEvent | null = null
  const stall = (): void => {
    silent = true
  }
  const cut = (): void => {
    stall()
    response.socket?.end()
  }
  const untrack = daemon.faults.track({ cut, stall })
  const applyStreamFault = (): void => {
    if (fault?.kind === 'cut-events' && sent >= (fault.after ?? 0)) cut()
    if (fault?.kind === 'stall-events' && sent >= (fault.after ?? 0)) stall()
  }
  const write = (event: DaemonEvent): void => {
    if (silent || response.destroyed) return
    response.write(toEventLine(event))
    sent += 1
    if (fault !== null) applyStreamFault()
  }
  if (fault?.kind === 'stall-events' && (fault.after ?? 0) === 0) stall()
  if (fault?.kind === 'cut-events' && (fault.after ?? 0) === 0) setImmediate(cut)
  return {
    send: (event) => {
      const drawn = daemon.faults.forEvent()?.kind
      if (drawn === 'drop-event') return
      if (drawn === 'swap-event' && held === null) {
        held = event
        return
      }
      write(event)
      if (held === null) return
      write(held)
      held = null
    },
    close: untrack,
  }
}

/** Unix seconds with an optional fraction, as nanoseconds. */
function toNanoseconds(text: string | null): bigint | null {
  if (text === null || text === '') return null
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds === undefined) throw new DaemonError(500, `strconv.ParseInt: parsing "${text}": invalid syntax`)
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}
