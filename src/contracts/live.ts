/**
 * @module
 * Changes, as the event stream tells them.
 */
import { z } from 'zod'
import { EngineState } from './engines.js'
import { Fleet } from './fleet.js'
import { Lease } from './lease.js'
import { StreamState } from './streams.js'
import { Time } from './time.js'
import { Vpn } from './vpn.js'

const change = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({
    /** Also the event's `id:`, for `Last-Event-ID`. */
    id: z.string(),
    at: Time,
    type: z.literal(type),
    data,
  })

/** One change. `state` comes first, and again whenever the events between were not kept: all of it is to be read anew. */
export const LiveEvent = z.discriminatedUnion('type', [
  change('state', z.object({ engines: z.array(EngineState), lease: Lease, streams: z.array(StreamState), vpn: Vpn, fleet: Fleet })),
  change('engine.changed', EngineState),
  change('engine.removed', z.object({ engine_id: z.string() })),
  change('lease.changed', Lease),
  change('stream.started', StreamState),
  /** New statistics. */
  change('stream.changed', StreamState),
  change('stream.ended', StreamState),
  change('vpn.changed', Vpn),
  change('fleet.changed', Fleet),
  /** What is shown is the last known state from now on (`stale`), or is true again. */
  change('freshness', z.object({ stale: z.boolean(), age_s: z.number() })),
])
export type LiveEvent = z.infer<typeof LiveEvent>
