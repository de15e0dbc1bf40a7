/**
 * @module
 * `GET /api/v1/events`: changes as they happen, or the latest ones.
 */
import type { Handler } from 'hono'
import type { LiveEvent } from '../../contracts/live.js'
import { PageQuery } from '../../contracts/page.js'
import { BerthError } from '../../domain/errors.js'
import { type AppEnv, answer, requestId } from '../answer.js'
import { readQuery } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { pageOf } from '../page.js'

const HEARTBEAT_MS = 15_000
const MOST_READERS = 1_000
/** A reader that lets so much wait is cut off; it comes back by itself and misses nothing. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024

/**
 * With `Accept: text/event-stream` a stream, else a page of the latest changes.
 *
 * 1. It begins with `state`, or after the event that `Last-Event-ID` names when that is kept.
 * 2. No event is left out: a reader that does not keep up is cut off and begins again where it was.
 * 3. A comment comes each 15 s, so that nobody between takes it for dead.
 */
export function liveEvents({ feed }: Dependencies): Handler<AppEnv> {
  let readers = 0
  const encoder = new TextEncoder()
  const wire = onceForAll((event) => encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`))
  return async (c) => {
    if (c.req.header('accept')?.includes('text/event-stream') !== true) return answer(c, 200, page(feed.latest(), readQuery(c, PageQuery)))
    if (readers >= MOST_READERS) throw new BerthError('unavailable', `${MOST_READERS} readers follow already`, { retryAfterSeconds: 5 })
    const early: LiveEvent[] = []
    let tell = (event: LiveEvent): void => void early.push(event)
    const unfollow = await feed.follow(c.req.header('last-event-id') ?? null, (event) => tell(event))
    readers += 1
    let heartbeat: NodeJS.Timeout | undefined
    let ended = false
    const end = (): void => {
      if (ended) return
      ended = true
      clearInterval(heartbeat)
      unfollow()
      readers -= 1
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const write = (bytes: Uint8Array): void => {
            if (ended) return
            if ((controller.desiredSize ?? 0) <= 0) {
              end()
              controller.close()
              return
            }
            controller.enqueue(bytes)
          }
          tell = (event) => write(wire(event))
          heartbeat = setInterval(() => write(encoder.encode(': alive\n\n')), HEARTBEAT_MS)
          write(encoder.encode('retry: 1000\n\n'))
          for (const event of early.splice(0)) tell(event)
        },
        cancel: end,
      },
      { highWaterMark: MOST_WAITING_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
    )
    return new Response(body, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'x-request-id': requestId(c),
      },
    })
  }
}

/** Readers are told of an event one after the other: only the last one is kept. */
function onceForAll(render: (event: LiveEvent) => Uint8Array): (event: LiveEvent) => Uint8Array {
  let last: { event: LiveEvent; bytes: Uint8Array } | null = null
  return (event) => {
    if (last?.event !== event) last = { event, bytes: render(event) }
    return last.bytes
  }
}

function page(events: readonly LiveEvent[], query: { limit: number; cursor: string | null }) {
  // Newest first, so keys count backwards.
  const keyOf = ({ id }: LiveEvent): string => String(Number.MAX_SAFE_INTEGER - Number(id.split('-')[1])).padStart(16, '0')
  return pageOf(events, keyOf, query)
}
