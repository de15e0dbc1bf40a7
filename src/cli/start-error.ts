/**
 * @module
 * Why Berth could not start.
 */

/** What stops `up` before it runs: shown as it is, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
