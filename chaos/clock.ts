/**
 * @module
 * One time for everything that is compared: Unix milliseconds with a fraction, as Docker's events have them, that never go back.
 */

export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Docker's nanoseconds on the same scale. */
export function fromNanoseconds(nanoseconds: number): number {
  return nanoseconds / 1e6
}
