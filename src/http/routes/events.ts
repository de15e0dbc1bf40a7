/**
 * @module
 * What players tell of their streams.
 */
import type { Handler } from 'hono'
import { type StreamEnded, StreamEndedBody, StreamStartedBody, type StreamState } from '../../contracts/streams.js'
import { type AppEnv, answer } from '../answer.js'
import { readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentStream } from '../present-stream.js'

/** The sample shown with the stream may be so much older: the worker brings a new one each 2 s at most. */
const SAMPLED_WITHIN_MS = 1_000

/** `POST /events/stream_started`: the engine plays this from now on. A stream without an id of its own is known by its key and session. */
export function streamStarted({ controlPlane }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { container_id, engine, stream, session, labels } = await readBody(c, StreamStartedBody)
    const view = await controlPlane.streamStarted({
      containerId: container_id,
      host: engine.host,
      port: engine.port,
      id: labels.stream_id ?? `${stream.key}|${session.playback_session_id}`,
      keyType: stream.key_type,
      key: stream.key,
      playbackSessionId: session.playback_session_id,
      statUrl: session.stat_url,
      commandUrl: session.command_url,
      isLive: session.is_live,
    })
    return answer<StreamState>(c, 200, presentStream(view, await controlPlane.snapshot(SAMPLED_WITHIN_MS)))
  }
}

/** `POST /events/stream_ended`: that a stream is not known, or has ended before, is no error. */
export function streamEnded({ controlPlane }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { container_id, stream_id, reason } = await readBody(c, StreamEndedBody)
    const { updated, stream } = await controlPlane.streamEnded({ streamId: stream_id, containerId: container_id, reason })
    return answer<StreamEnded>(c, 200, {
      updated,
      stream: stream === null ? null : presentStream(stream, await controlPlane.snapshot(SAMPLED_WITHIN_MS)),
    })
  }
}
