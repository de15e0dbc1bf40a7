/**
 * @module
 * Whether an engine answers on its HTTP port, asked as often as a person would never do.
 */
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 4
const GIVE_UP_MS = 1_000

/** Resolves with the time (`performance.now()`) at which `get_version` was answered with 200. */
export async function untilAnswers(address: string, port: number, withinMs = 60_000): Promise<number> {
  const deadline = performance.now() + withinMs
  while (!(await answers(address, port))) {
    if (performance.now() > deadline) throw new Error(`no engine answers at ${address}:${port} within ${withinMs / 1000} s`)
    await delay(EVERY_MS)
  }
  return performance.now()
}

/** Without an HTTP client: what asking costs is taken from the engine that starts on the same machine. */
async function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: GIVE_UP_MS })
    const end = (answered: boolean) => {
      resolve(answered)
      socket.destroy()
    }
    socket.once('connect', () =>
      socket.write(`GET /webui/api/service?method=get_version HTTP/1.1\r\nHost: ${address}:${port}\r\nConnection: close\r\n\r\n`),
    )
    socket.once('data', (chunk) => end(chunk.toString('latin1').startsWith('HTTP/1.1 200 ')))
    for (const event of ['timeout', 'error', 'close']) socket.once(event, () => end(false))
  })
}
