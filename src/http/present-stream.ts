/**
 * @module
 * Streams as clients read them. Pure.
 */
import type { StreamSampleState, StreamState } from '../contracts/streams.js'
import { toTime } from '../contracts/time.js'
import type { StreamSample, StreamView } from '../domain/views.js'
import type { Snapshot } from '../temporal/control-plane.js'

/** One stream with its newest statistics. */
export function presentStream(stream: StreamView, { samples }: Pick<Snapshot, 'samples'>): StreamState {
  const sample = samples[stream.id]
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
    peers: sample?.peers ?? null,
    speed_down: sample?.speedDown ?? null,
    speed_up: sample?.speedUp ?? null,
    downloaded: sample?.downloaded ?? null,
    uploaded: sample?.uploaded ?? null,
    engine_id: stream.engineId,
    end_reason: stream.endReason,
  }
}

/** Those that play, the longest first, then those that have ended, the last one first. */
export function streamsOf({ fleet }: Pick<Snapshot, 'fleet'>): StreamView[] {
  const playing = fleet.engines.flatMap(({ streams }) => streams)
  const ids = new Set(playing.map(({ id }) => id))
  return [...playing.toSorted((a, b) => a.startedAt - b.startedAt), ...fleet.ended.filter(({ id }) => !ids.has(id))]
}

/** What an engine said of a stream at one time. */
export function presentSample({ ts, speedDown, speedUp, ...sample }: StreamSample): StreamSampleState {
  return { ...sample, ts: toTime(ts), speed_down: speedDown, speed_up: speedUp }
}
