/**
 * @module
 * Whether an engine answers on its HTTP port, asked as often as a person would never do.
 */
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 3
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

async function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: address, port, path: '/webui/api/service?method=get_version', agent: false, timeout: GIVE_UP_MS },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode === 200))
        response.once('error', () => resolve(false))
      },
    )
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}
