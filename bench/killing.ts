/**
 * @module
 * Engines die while something else is measured.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { SimulatedDocker } from './simulated-docker.js'

export interface Death {
  containerId: string
  /** Unix milliseconds. */
  at: number
}

/** Kills an engine each `everyMs` while `run` runs, the one that has run longest; resolves with what it resolved with and who died. */
export async function whileKilling<T>(
  docker: SimulatedDocker,
  everyMs: number,
  run: () => Promise<T>,
): Promise<{ result: T; deaths: Death[] }> {
  const over = new AbortController()
  const deaths: Death[] = []
  const killing = (async () => {
    while (!over.signal.aborted) {
      const at = Date.now()
      const containerId = await docker.kill()
      if (containerId !== null) deaths.push({ containerId, at })
      await delay(everyMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })()
  try {
    const result = await run()
    return { result, deaths }
  } finally {
    over.abort()
    await killing
  }
}
