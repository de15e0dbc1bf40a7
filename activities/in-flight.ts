/**
 * @module
 * Which work on containers is under way, so that a worker that is to stop can let it end first.
 */

/** Counts what is under way. */
export class InFlight {
  #count = 0
  #changed: (() => void)[] = []

  /** Runs `work` as under way until it settles. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#add(1)
    try {
      return await work()
    } finally {
      this.#add(-1)
    }
  }

  /** Resolves when nothing has been under way for `forMs`, after `withinMs` at the latest. */
  async quiet({ forMs, withinMs }: { forMs: number; withinMs: number }): Promise<void> {
    const until = performance.now() + withinMs
    while (true) {
      const left = until - performance.now()
      if (left <= 0) return
      const undisturbed = !(await this.#changesWithin(this.#count === 0 ? Math.min(forMs, left) : left))
      if (undisturbed) return
    }
  }

  #changesWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#changed.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  #add(count: number): void {
    this.#count += count
    for (const tell of this.#changed.splice(0)) tell()
  }
}
