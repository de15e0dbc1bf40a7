/**
 * @module
 * How a process of Berth learns that it is to end.
 */

/** Resolves on SIGINT, SIGTERM, or when the process that started this one has died. A signal that comes again does not cut the stop short. */
export function untilAskedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
    if (process.connected) process.once('disconnect', () => resolve('the parent process ended'))
  })
}
