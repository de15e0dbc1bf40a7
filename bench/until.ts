/**
 * @module
 * Waiting for conditions.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves with what `look` finds once it is not null; rejects with what was seen last when `withinMs` has passed. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null> | T | null,
  { withinMs = 60_000, everyMs = 25 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (true) {
    try {
      const found = await look()
      if (found !== null) return found
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`, { cause: last })
    await delay(everyMs)
  }
}
