/**
 * @module
 * Signals by name or number, as `kill?signal=` takes them.
 */
import { constants } from 'node:os'
import { DaemonError } from './docker-errors.js'

export const SIGKILL = 9
export const SIGTERM = 15

/** The number of `SIGKILL`, `KILL` or `9`; SIGKILL when none is given. */
export function parseSignal(text: string | null): number {
  if (text === null || text === '') return SIGKILL
  const numbers: Readonly<Record<string, number>> = constants.signals
  const number = /^\d+$/.test(text) ? Number(text) : numbers[text.toUpperCase().replace(/^(?!SIG)/, 'SIG')]
  if (number === undefined || number === 0) throw new DaemonError(400, `Invalid signal: ${text}`)
  return number
}
