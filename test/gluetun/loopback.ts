/**
 * @module
 * HTTP servers on loopback that live as long as one test.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Recording } from './recordings.js'

export interface Loopback {
  url: string
  /** `METHOD URI` of each request so far. */
  requests: string[]
}

export async function serve(answer: RequestListener): Promise<Loopback> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

/**
 * The n-th time a request comes it gets the n-th recorded answer, then the last one again.
 * What was not recorded gets no answer: the connection is cut.
 */
export function replay(recordings: Recording[]): Promise<Loopback> {
  const queues = new Map<string, Recording[]>()
  for (const recording of recordings.filter(({ redirectFollowed }) => !redirectFollowed)) {
    const key = requestKey(recording.method, recording.path, recording.headers)
    queues.set(key, [...(queues.get(key) ?? []), recording])
  }
  return serve((request, response) => {
    const queue = queues.get(requestKey(request.method, request.url, request.headers)) ?? []
    const recording = queue.length > 1 ? queue.shift() : queue[0]
    if (recording === undefined) {
      request.socket.destroy()
      return
    }
    response.writeHead(recording.status, {
      'content-type': recording.contentType ?? 'text/plain; charset=utf-8',
      ...(recording.location === null ? {} : { location: recording.location }),
      ...(recording.wwwAuthenticate === null ? {} : { 'www-authenticate': recording.wwwAuthenticate }),
    })
    response.end(`${recording.body}\n`)
  })
}

function requestKey(method: string | undefined, path: string | undefined, headers: IncomingMessage['headers']): string {
  return [method, path, headers['x-api-key'] ?? '', headers.authorization ?? ''].join(' ')
}
