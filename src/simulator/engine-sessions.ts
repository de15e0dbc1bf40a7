/**
 * @module
 * The playback sessions of one engine stand-in. Their numbers are functions of time, so nothing has to tick.
 */
import { createHash, randomBytes } from 'node:crypto'

/** One playback as a player opened it. `key` is what its URLs carry and is not the `playbackSessionId`. */
export interface EngineSession {
  readonly infohash: string
  readonly key: string
  readonly playbackSessionId: string
  /** Unix milliseconds. */
  readonly openedAt: number
}

const PREBUFFER_MS = 2_000
const LIVE_WINDOW_SECONDS = 60

/** Sessions by the key in their URLs. */
export class EngineSessions {
  readonly #byKey = new Map<string, EngineSession>()

  constructor(private readonly clock: () => number = Date.now) {}

  /** Opens a session, or `null` when the query names no content that could be loaded. */
  open(query: URLSearchParams): EngineSession | null {
    const infohash = infohashOf(query)
    if (infohash === null) return null
    const session = {
      infohash,
      key: randomBytes(16).toString('hex'),
      playbackSessionId: randomBytes(20).toString('hex'),
      openedAt: this.clock(),
    }
    this.#byKey.set(session.key, session)
    return session
  }

  find(infohash: string, key: string): EngineSession | null {
    const session = this.#byKey.get(key)
    return session?.infohash === infohash ? session : null
  }

  /** Ends the session and every other of the same content: they share one playback, as in the real engine. */
  stop(session: EngineSession): void {
    for (const other of [...this.#byKey.values()]) if (other.infohash === session.infohash) this.#byKey.delete(other.key)
  }

  /** Ends this session alone: its player stopped reading. */
  abandon(session: EngineSession): void {
    this.#byKey.delete(session.key)
  }

  /** What the session's `stat_url` answers as `response`. */
  statistics(session: EngineSession): Record<string, unknown> {
    const now = this.clock()
    const elapsed = Math.max(0, now - session.openedAt)
    const seed = Number.parseInt(session.infohash.slice(0, 4), 16)
    const wave = Math.sin(now / 7_000 + seed)
    const prebuffering = elapsed < PREBUFFER_MS
    const lastTimestamp = Math.floor(now / 1000)
    const firstTimestamp = Math.max(Math.floor(session.openedAt / 1000), lastTimestamp - LIVE_WINDOW_SECONDS)
    return {
      uploaded: Math.floor(elapsed * 60),
      network_monitor_status: 0,
      debug_level: 0,
      disk_cache_stats: {
        avail: 10_000_000_000,
        disk_cache_limit: 10_737_418_240,
        inactive_inuse: 0,
        active_inuse: Math.min(elapsed * 500, 1_073_741_824),
      },
      speed_down: Math.round(520 + 180 * wave),
      speed_up: Math.round(60 + 25 * wave),
      network_monitor_started: false,
      selected_stream_index: 0,
      total_progress: 0,
      stream_status: -1,
      client_session_id: -1,
      status: prebuffering ? 'prebuf' : 'dl',
      downloaded: Math.floor(elapsed * 520),
      manifest_access_mode: -1,
      peers: prebuffering ? 1 + (seed % 3) : Math.round(12 + (seed % 20) + 4 * wave),
      playback_session_id: session.playbackSessionId,
      is_encrypted: 0,
      is_live: 1,
      infohash: session.infohash,
      selected_file_index: -1,
      livepos: {
        last: String(lastTimestamp),
        live_first: String(firstTimestamp),
        pos: String(Math.max(firstTimestamp, lastTimestamp - 10)),
        first_ts: String(firstTimestamp),
        last_ts: String(lastTimestamp),
        is_live: '1',
        live_last: String(lastTimestamp),
        buffer_pieces: '30',
      },
    }
  }
}

/** The content of a request. Everything that is not an infohash by itself stands for one: the same text always for the same. */
function infohashOf(query: URLSearchParams): string | null {
  const infohash = query.get('infohash')
  if (infohash !== null) return /^[0-9a-f]{40}$/i.test(infohash) ? infohash.toLowerCase() : null
  const contentId = query.get('content_id') ?? query.get('id')
  if (contentId !== null && !/^[0-9a-f]{40}$/i.test(contentId)) return null
  const content = contentId?.toLowerCase() ?? query.get('magnet') ?? query.get('url')
  if (content === null || content === '') return null
  const btih = /[?&]xt=urn:btih:([0-9a-f]{40})/i.exec(content)?.[1]
  return btih?.toLowerCase() ?? createHash('sha1').update(content).digest('hex')
}
