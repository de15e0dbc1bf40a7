/**
 * @module
 * The one connection that keeps what is shown true.
 */
import { notifyManager, type QueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/client.js'
import type { LiveEvent } from '../api/contracts.js'
import { type Message, readMessages } from '../api/event-stream.js'
import { onKeyChange } from '../api/key.js'
import { openEvents, readEngines, readFleet, readLease, readStreams, readVpn } from '../api/requests.js'
import { caches, putHappening, putState } from './caches.js'

/** Heartbeats come every 15 s: after two missing ones the connection counts as dead. */
const SILENCE_MS = 35_000
const POLL_MS = 5000
const RETRY_MS = [500, 1000, 2000, 3000] as const

export interface Link {
  /** `locked`: a key is needed, and nothing is asked until there is another one. */
  phase: 'connecting' | 'live' | 'reconnecting' | 'locked'
  /** When what is shown was last known to be true, `null` before the first time. Unix milliseconds. */
  heardAt: number | null
  /** Why it is not live. */
  error: ApiError | null
  /** Berth itself tells the last known state only; since when that is old. Unix milliseconds. */
  staleSince: number | null
}

/**
 * Follows the events, and polls while there are none to follow.
 *
 * 1. Each connection begins with the whole state, so nothing that happened between two of them is missed.
 * 2. While the connection is broken the state is asked for each 5 s; an answer that comes after the events are back is dropped.
 * 3. It comes back by itself: at once when the browser is online or looked at again, else after 0.5 to 3 s.
 * 4. A refused key stops it until another one is entered.
 */
export class LiveConnection {
  #link: Link = { phase: 'connecting', heardAt: null, error: null, staleSince: null }
  readonly #listeners = new Set<() => void>()
  readonly #client: QueryClient
  #run = new AbortController()
  #poll: AbortController | null = null
  #wake: () => void = () => undefined

  constructor(client: QueryClient) {
    this.#client = client
  }

  /** Answers how to stop. */
  start(): () => void {
    const wake = (): void => {
      if (document.visibilityState === 'visible') this.#wake()
    }
    const forgetKey = onKeyChange(() => this.#restart())
    addEventListener('online', wake)
    document.addEventListener('visibilitychange', wake)
    this.#begin()
    return () => {
      forgetKey()
      removeEventListener('online', wake)
      document.removeEventListener('visibilitychange', wake)
      this.#end()
    }
  }

  readonly link = (): Link => this.#link

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #restart(): void {
    this.#end()
    this.#client.removeQueries({ predicate: ({ state }) => state.status === 'error' })
    this.#tell({ phase: 'connecting', error: null })
    this.#begin()
    void this.#client.invalidateQueries()
  }

  #begin(): void {
    this.#run = new AbortController()
    void this.#follow(this.#run.signal)
  }

  #end(): void {
    this.#run.abort()
    this.#stopPolling()
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = await this.#listen(signal)
      if (signal.aborted || this.#link.phase === 'locked') return
      if (began) attempt = 0
      this.#startPolling()
      await this.#pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0, signal)
    }
  }

  /** One connection, to its end. Answers whether it ever told anything. */
  async #listen(signal: AbortSignal): Promise<boolean> {
    const own = new AbortController()
    const end = (): void => own.abort()
    signal.addEventListener('abort', end, { once: true })
    let silence = setTimeout(end, SILENCE_MS)
    let began = false
    try {
      const { body } = await openEvents(own.signal)
      if (body === null) throw new ApiError('Berth sends no events', null, null)
      await readMessages(body, {
        onPiece: () => {
          clearTimeout(silence)
          silence = setTimeout(end, SILENCE_MS)
          if (began) this.#heard()
        },
        onMessages: (messages) => {
          notifyManager.batch(() => {
            for (const message of messages) began = this.#take(message) || began
          })
        },
      })
      this.#lost(null, signal)
    } catch (thrown) {
      this.#lost(thrown instanceof ApiError ? thrown : null, signal)
    } finally {
      clearTimeout(silence)
      signal.removeEventListener('abort', end)
    }
    return began
  }

  /** Answers whether the whole state is known from here on. */
  #take({ data }: Message): boolean {
    const event = JSON.parse(data) as LiveEvent
    if (event.type === 'freshness') {
      this.#tell({ staleSince: event.data.stale ? Date.now() - event.data.age_s * 1000 : null })
    } else if (event.type === 'state') {
      this.#stopPolling()
      putState(this.#client, event.data)
      const again = this.#link.phase === 'reconnecting'
      this.#tell({ phase: 'live', heardAt: Date.now(), error: null })
      if (again) void this.#client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'live' || queryKey[1] === 'events' })
      return true
    } else {
      putHappening(this.#client, event)
      if (event.type === 'stream.ended') void this.#client.invalidateQueries({ queryKey: ['streams', 'ended'] })
      if (event.type === 'lease.changed') void this.#client.invalidateQueries({ queryKey: ['history'] })
    }
    return false
  }

  /** Nothing new, but what is shown is still true. Kept without telling anybody: it is looked at when the link breaks. */
  #heard(): void {
    this.#link = { ...this.#link, heardAt: Date.now() }
  }

  #lost(error: ApiError | null, signal: AbortSignal): void {
    if (signal.aborted) return
    const refused = error?.status === 401 || error?.status === 403
    if (refused) this.#stopPolling()
    this.#tell({ phase: refused ? 'locked' : 'reconnecting', error })
  }

  #startPolling(): void {
    if (this.#poll !== null) return
    this.#poll = new AbortController()
    void this.#keepPolling(this.#poll.signal)
  }

  #stopPolling(): void {
    this.#poll?.abort()
    this.#poll = null
  }

  async #keepPolling(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const [engines, lease, streams, vpn, fleet] = await Promise.all([
          readEngines(signal),
          readLease(signal),
          readStreams(signal),
          readVpn(signal),
          readFleet(signal),
        ])
        if (signal.aborted) return
        notifyManager.batch(() => putState(this.#client, { engines, lease, streams, vpn, fleet }))
        void this.#client.invalidateQueries({ queryKey: caches.events })
        this.#tell({ heardAt: Date.now(), error: null })
      } catch (thrown) {
        if (signal.aborted) return
        this.#tell({ error: thrown instanceof ApiError ? thrown : new ApiError('Berth does not answer', null, null) })
      }
      await pause(POLL_MS, signal)
    }
  }

  /** Ends early when the browser is online or looked at again. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController()
    this.#wake = () => early.abort()
    await pause(ms, AbortSignal.any([signal, early.signal]))
    this.#wake = () => undefined
  }

  #tell(change: Partial<Link>): void {
    this.#link = { ...this.#link, ...change }
    for (const listener of this.#listeners) listener()
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
