/**
 * @module
 * Reading streams and their statistics.
 */
import type { Handler } from 'hono'
import type { z } from 'zod'
import { PageQuery } from '../../contracts/page.js'
import { StatsQuery, StreamQuery, type StreamSampleState, type StreamState } from '../../contracts/streams.js'
import { BerthError } from '../../domain/errors.js'
import type { StreamView } from '../../domain/views.js'
import type { Snapshot } from '../../temporal/control-plane.js'
import { type AppContext, type AppEnv, answer, staleHeaders } from '../answer.js'
import { readQuery } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { pageOf } from '../page.js'
import { presentSample, presentStream, streamsOf } from '../present-stream.js'

/** `GET /streams`: a bare array. */
export function listStreams({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const query = readQuery(c, StreamQuery)
    const snapshot = await controlPlane.snapshot()
    const streams = asked(snapshot, query).map((stream) => presentStream(stream, snapshot))
    return answer<StreamState[]>(c, 200, streams, staleHeaders(snapshot, now()))
  }
}

/** `GET /api/v1/streams`: pages in the order in which they began. */
export function pageStreams({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const query = readQuery(c, StreamQuery)
    const page = readQuery(c, PageQuery)
    const snapshot = await controlPlane.snapshot()
    const keyOf = ({ startedAt, id }: StreamView): string => `${String(startedAt).padStart(15, '0')} ${id}`
    const all = asked(snapshot, query).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const { items, next_cursor } = pageOf(all, keyOf, page)
    return answer(c, 200, { items: items.map((stream) => presentStream(stream, snapshot)), next_cursor }, staleHeaders(snapshot, now()))
  }
}

/** `GET /api/v1/streams/{id}`. */
export function showStream({ controlPlane, now }: Dependencies): Handler<AppEnv, '/api/v1/streams/:id'> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<StreamState>(c, 200, presentStream(known(snapshot, c.req.param('id')), snapshot), staleHeaders(snapshot, now()))
  }
}

/** Samples of one stream, oldest first. */
function samples(c: AppContext, { controlPlane }: Dependencies, id: string): StreamSampleState[] {
  const { since } = readQuery(c, StatsQuery)
  const zoned = since === undefined || /(?:Z|[+-]\d\d:\d\d)$/.test(since) ? since : `${since}Z`
  return controlPlane.samplesOf(id, zoned === undefined ? null : Date.parse(zoned)).map(presentSample)
}

/** `GET /streams/{id}/stats`: of a stream that is not known there are none. */
export function streamStats(given: Dependencies): Handler<AppEnv, '/streams/:id/stats'> {
  return (c) => answer(c, 200, samples(c, given, c.req.param('id')))
}

/** `GET /api/v1/streams/{id}/stats`. */
export function knownStreamStats(given: Dependencies): Handler<AppEnv, '/api/v1/streams/:id/stats'> {
  return async (c) => {
    const stream = known(await given.controlPlane.snapshot(), c.req.param('id'))
    return answer(c, 200, samples(c, given, stream.id))
  }
}

function asked(snapshot: Snapshot, { status, container_id, engine_id }: z.output<typeof StreamQuery>): StreamView[] {
  return streamsOf(snapshot).filter(
    (stream) =>
      (status === undefined || (stream.endedAt === null) === (status === 'started')) &&
      (container_id === undefined || stream.containerId === container_id) &&
      (engine_id === undefined || stream.engineId === engine_id),
  )
}

function known(snapshot: Snapshot, id: string): StreamView {
  const stream = streamsOf(snapshot).find((each) => each.id === id)
  if (stream === undefined) throw new BerthError('not-found', `there is no stream ${JSON.stringify(id)}: GET /api/v1/streams lists them`)
  return stream
}
