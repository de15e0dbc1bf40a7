/**
 * @module
 * `GET /containers/{id}/logs`: what the container has written, in the daemon's frames (stream, length, text). Nothing is followed.
 */
import { toTimestamp } from './docker-clock.js'
import type { SimulatedContainer } from './docker-container.js'
import { DaemonError } from './docker-errors.js'
import { isTrue } from './docker-list.js'
import type { Reply } from './docker-reply.js'

export function readLogs(container: SimulatedContainer, query: URLSearchParams): Reply {
  const streams = (['stdout', 'stderr'] as const).filter((stream) => isTrue(query.get(stream)))
  if (streams.length === 0) throw new DaemonError(400, 'Bad parameters: you must choose at least one stream')
  const tail = query.get('tail')
  const lines = container.logs.filter((line) => streams.includes(line.stream))
  const shown = tail !== null && /^\d+$/.test(tail) ? lines.slice(lines.length - Math.min(lines.length, Number(tail))) : lines
  const frames = shown.map(({ stream, text, at }) => {
    const payload = Buffer.from(`${isTrue(query.get('timestamps')) ? `${toTimestamp(at)} ` : ''}${text}\n`)
    const head = Buffer.from([stream === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0])
    head.writeUInt32BE(payload.length, 4)
    return Buffer.concat([head, payload])
  })
  return { status: 200, type: 'application/octet-stream', body: Buffer.concat(frames) }
}
