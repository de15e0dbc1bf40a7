/**
 * @module
 * A proxy on a unix socket that counts the requests to a Docker daemon behind it.
 */
import { createServer, request as ask } from 'node:http'

/** Listens on `socketPath` and passes everything on to `target`; resolves with a function that answers how many requests there were. */
export async function countRequests(socketPath: string, target: string): Promise<() => number> {
  let count = 0
  const server = createServer((incoming, outgoing) => {
    count += 1
    const { method, url: path, headers } = incoming
    const passed = ask({ socketPath: target, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
      answer.once('error', () => outgoing.destroy())
    })
    passed.once('error', () => outgoing.destroy())
    outgoing.once('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  return () => count
}
