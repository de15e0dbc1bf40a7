/**
 * @module
 * How a process of Berth learns that it is to end.
 */

/** Set for the parts of `berth up`: one that finds no channel to it any more was started by a process that has died since. */
export const PART_OF = 'BERTH_PART_OF'

/**
 * Resolves on SIGINT, SIGTERM, when the process that started this one has died, or when nobody reads what this one prints any more. A signal that comes again
 * does not cut the stop short.
 */
export function untilAskedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
    process.stdout.on('error', () => resolve('nobody reads the output any more'))
    if (process.connected) process.once('disconnect', () => resolve('the parent process ended'))
    else if (process.env[PART_OF] !== undefined) resolve('the parent process ended')
  })
}
