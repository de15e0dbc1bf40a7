/**
 * @module
 * Which work on containers is under way, so that a worker that is to stop can let it end first.
 */

/** Counts what is under way. */
export class InFlight {
  #count = 0
  #idle: (() => void)[] = []

  /** Runs `work` as under way until it settles. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
      if (this.#count === 0) for (const tell of this.#idle.splice(0)) tell()
    }
  }

  /** Resolves when nothing is under way, after `withinMs` at the latest. */
  async ended(withinMs: number): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
