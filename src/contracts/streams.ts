/**
 * @module
 * Streams as players tell of them, and as clients of older orchestrators read them.
 */
import { z } from 'zod'
import { line, maybeLine, printable } from './text.js'
import { MaybeTime, Time } from './time.js'

const KeyType = z.enum(['content_id', 'infohash', 'url', 'magnet'], 'must be content_id, infohash, url or magnet')

export const StreamState = z.object({
  id: z.string(),
  key_type: KeyType,
  key: z.string(),
  container_id: z.string(),
  playback_session_id: z.string(),
  stat_url: z.string(),
  command_url: z.string(),
  is_live: z.boolean(),
  started_at: Time,
  ended_at: MaybeTime,
  status: z.enum(['started', 'ended']),
  /** The newest statistics, `null` where there are none. */
  peers: z.number().nullable(),
  /** Kilobytes a second, as engines count them. */
  speed_down: z.number().nullable(),
  speed_up: z.number().nullable(),
  /** Bytes. */
  downloaded: z.number().nullable(),
  uploaded: z.number().nullable(),
  /** Id of the engine that plays it. */
  engine_id: z.string(),
  /** Why it ended. */
  end_reason: z.string().nullable(),
})
export type StreamState = z.infer<typeof StreamState>

/** What an engine said of a stream at one time. */
export const StreamSampleState = z.object({
  ts: Time,
  peers: z.number().nullable(),
  speed_down: z.number().nullable(),
  speed_up: z.number().nullable(),
  downloaded: z.number().nullable(),
  uploaded: z.number().nullable(),
  status: z.string().nullable(),
})
export type StreamSampleState = z.infer<typeof StreamSampleState>

/** Which streams a list is asked for; those of clients of older orchestrators send `container_id`. */
export const StreamQuery = z.object({
  status: z.enum(['started', 'ended'], 'must be started or ended').optional(),
  container_id: z.string().optional(),
  engine_id: z.string().optional(),
})

const MOST_RECENT = 'must be a time as 2026-01-31T12:00:00Z'
export const StatsQuery = z.object({
  /** Only samples after it. Without a zone it is taken as UTC. */
  since: z.iso.datetime({ offset: true, local: true, error: MOST_RECENT }).optional(),
})

const LONGEST_KEY = 2048
const LONGEST_SESSION = 256
/** An id that is made of a key and a session fits. */
const LONGEST_ID = LONGEST_KEY + 1 + LONGEST_SESSION

const Port = z
  .int('must be a whole number from 1 to 65535')
  .min(1, 'must be a whole number from 1 to 65535')
  .max(65_535, 'must be a whole number from 1 to 65535')

const HttpUrl = z
  .string('must be a string')
  .max(2048, 'must be at most 2048 characters long')
  .refine((text) => printable(text) && /^https?:\/\/\S+$/i.test(text) && URL.canParse(text), 'must be an http or https URL')

/** Fields that are not known are ignored, as are labels besides `stream_id`. */
export const StreamStartedBody = z.object(
  {
    container_id: maybeLine(128),
    /** Where the player dialled: players that do not know the container are served by it. */
    engine: z.object({ host: line(253), port: Port }, 'must be an object'),
    stream: z.object({ key_type: KeyType, key: line(LONGEST_KEY) }, 'must be an object'),
    session: z.object(
      {
        playback_session_id: line(LONGEST_SESSION),
        stat_url: HttpUrl,
        command_url: HttpUrl,
        /** As engines write it, or as everybody else does. */
        is_live: z.literal([true, false, 1, 0], 'must be true, false, 1 or 0').transform((live) => live === true || live === 1),
      },
      'must be an object',
    ),
    labels: z.object({ stream_id: maybeLine(LONGEST_ID) }, 'must be an object').default({ stream_id: null }),
  },
  'must be an object',
)
export type StreamStartedBody = z.output<typeof StreamStartedBody>

/** One of the two ids is needed. */
export const StreamEndedBody = z
  .object({ container_id: maybeLine(128), stream_id: maybeLine(LONGEST_ID), reason: maybeLine(200) }, 'must be an object')
  .refine((body) => body.container_id !== null || body.stream_id !== null, 'must name a stream_id or a container_id')
export type StreamEndedBody = z.output<typeof StreamEndedBody>

export const StreamEnded = z.object({
  /** False when there is no such stream that plays. */
  updated: z.boolean(),
  stream: StreamState.nullable(),
})
export type StreamEnded = z.infer<typeof StreamEnded>
