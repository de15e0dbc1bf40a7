/**
 * @module
 * How long an engine waits before it is provisioned again.
 */

/** A container that lived this long was no crash loop: its loss is answered at once. Milliseconds. */
export const STABLE_AFTER_MS = 60_000
const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/**
 * Milliseconds to wait before attempt `failures + 1`: none after the first failure, then 1 s doubling up to 60 s.
 * `failures` counts attempts in a row that failed, or whose container lived less than `STABLE_AFTER_MS`.
 */
export function backoffMs(failures: number): number {
  if (failures <= 1) return 0
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 2, 16))
}
