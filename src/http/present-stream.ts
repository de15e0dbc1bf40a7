/**
 * @module
 * A stream as clients read it. Pure.
 */
import type { StreamState } from '../contracts/streams.js'
import { toTime } from '../contracts/time.js'
import type { StreamView } from '../domain/views.js'

/** One stream. Its statistics are not collected. */
export function presentStream(stream: StreamView): StreamState {
  return {
    id: stream.id,
    key_type: stream.keyType,
    key: stream.key,
    container_id: stream.containerId,
    playback_session_id: stream.playbackSessionId,
    stat_url: stream.statUrl,
    command_url: stream.commandUrl,
    is_live: stream.isLive,
    started_at: toTime(stream.startedAt),
    ended_at: toTime(stream.endedAt),
    status: stream.endedAt === null ? 'started' : 'ended',
    peers: null,
    speed_down: null,
    speed_up: null,
    downloaded: null,
    uploaded: null,
  }
}
