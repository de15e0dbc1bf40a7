/**
 * @module
 * The daemon's clock: Unix nanoseconds that never repeat, so that events have one order.
 */

/** Unix nanoseconds, strictly rising from one reading to the next. */
export class DaemonClock {
  readonly #offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  #last = 0n

  now(): bigint {
    const reading = this.#offset + process.hrtime.bigint()
    this.#last = reading > this.#last ? reading : this.#last + 1n
    return this.#last
  }
}

/** Go's zero time: what the daemon shows for "never". */
export const NEVER = '0001-01-01T00:00:00Z'

/** RFC 3339 with nanoseconds, trailing zeros cut, as Go writes it; `null` is Go's zero time. */
export function toTimestamp(nanoseconds: bigint | null): string {
  if (nanoseconds === null) return NEVER
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}
