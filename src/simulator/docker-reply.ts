/**
 * @module
 * What a route answers, before faults and the wire.
 */
import type { ServerResponse } from 'node:http'

export type Reply =
  /** No body for 204 and 304. */
  | { status: number; json?: unknown; headers?: Record<string, string> }
  | { status: number; body: Buffer | string; type: string; headers?: Record<string, string> }
  /** Writes by itself; called once, after the head was sent. */
  | { status: number; type: string; stream: (response: ServerResponse) => void }

/** Sends the reply; `half` cuts its JSON in the middle. */
export function sendReply(response: ServerResponse, reply: Reply, half = false): void {
  if ('stream' in reply) {
    response.writeHead(reply.status, { 'Content-Type': reply.type })
    response.flushHeaders()
    return reply.stream(response)
  }
  if ('body' in reply) return write(response, reply.status, reply.type, Buffer.from(reply.body), half, reply.headers)
  if (reply.json === undefined) return void response.writeHead(reply.status, reply.headers).end()
  write(response, reply.status, 'application/json', Buffer.from(`${JSON.stringify(reply.json)}\n`), half, reply.headers)
}

function write(
  response: ServerResponse,
  status: number,
  type: string,
  body: Buffer,
  half: boolean,
  headers: Record<string, string> = {},
): void {
  const sent = half ? body.subarray(0, Math.floor(body.length / 2)) : body
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': sent.length, ...headers }).end(sent)
}
