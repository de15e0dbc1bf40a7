/**
 * @module
 * Waiting and repeating until a signal aborts.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves after `milliseconds`, or at once when `signal` aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Runs again and again, `milliseconds` apart, until `signal` aborts. */
export async function every(milliseconds: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await run()
    await pause(milliseconds, signal)
  }
}
