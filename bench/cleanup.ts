/**
 * @module
 * What was made is unmade, whatever ends the run.
 */

/**
 * Things to undo, the last one first.
 *
 * 1. What is still being made when `run` is called is waited for and then undone.
 * 2. From `run` on nothing more is made.
 */
export class Cleanup {
  readonly #tasks: { what: string; undo: () => Promise<void> }[] = []
  #running: Promise<void> | null = null

  /** Makes something, and remembers how it is undone. */
  async make<T>(what: string, make: () => Promise<T>, undo: (made: T) => Promise<void>): Promise<T> {
    if (this.#running !== null) throw new Error(`${what}: the run is ending`)
    const making = make()
    this.#tasks.push({
      what,
      undo: async () => {
        const made = await making.then(
          (value) => ({ value }),
          () => null,
        )
        if (made) await undo(made.value)
      },
    })
    return making
  }

  /** Undoes everything; a failure is said and the rest goes on. May be called again, also while it runs. */
  async run(): Promise<void> {
    this.#running ??= this.#undoAll()
    await this.#running
  }

  async #undoAll(): Promise<void> {
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) {
      try {
        await task.undo()
      } catch (error) {
        console.error(`bench: ending ${task.what} failed: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}
