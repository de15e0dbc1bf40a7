/**
 * @module
 * Waiting for an engine's first answer.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { takesConnections } from './connect.js'

const EVERY_MS = 15
const PATIENCE_MS = 250

/**
 * Resolves when somebody accepts connections at `address:port`, after `withinMs` at the latest. Never rejects: whether the engine is healthy is
 * the watcher's to say. What follows a start (reporting it) would take the processor from the engine just when it starts.
 */
export async function untilAnswers(address: string, port: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline && !(await takesConnections(address, port, AbortSignal.timeout(PATIENCE_MS)))) await delay(EVERY_MS)
}
