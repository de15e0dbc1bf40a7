/**
 * @module
 * Asking again while an answer is late.
 */

/**
 * Asks, and asks again each `afterMs` without an answer, `most` times in all; the first answer counts, or the first failure.
 *
 * A query that arrives while its workflow has a task under way may be answered with a task long after it, while one that is asked in between is answered at once.
 */
export async function hedged<T>(ask: () => Promise<T>, { afterMs, most }: { afterMs: number; most: number }): Promise<T> {
  const asked: Promise<T>[] = []
  while (asked.length < most) {
    asked.push(ask())
    const first = Promise.race(asked)
    if (await isSettledWithin(first, afterMs)) return first
  }
  return Promise.race(asked)
}

function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), ms)
    const settled = (): void => {
      clearTimeout(late)
      resolve(true)
    }
    promise.then(settled, settled)
  })
}
