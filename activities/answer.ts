/**
 * @module
 * Waiting for an engine's first answer.
 */
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 15

/**
 * Resolves when somebody accepts connections at `address:port`, after `withinMs` at the latest. Never rejects: whether the engine is healthy is
 * the watcher's to say. What follows a start (reporting it) would take the processor from the engine just when it starts.
 */
export async function untilAnswers(address: string, port: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline && !(await accepts(address, port))) await delay(EVERY_MS)
}

async function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 250 })
    const settle = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}
