/**
 * @module
 * Asking once for many who ask the same at the same time.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** One who waits for an answer. */
interface Asker<Item, Answer> {
  item: Item
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Those who ask the same thing while a question is under way share the next one: however many ask at once, two are asked, or as many as `most` needs.
 *
 * Where `gatherMs` is given, the first waits so long for others.
 *
 * 1. Nobody gets an answer to a question that was begun before it asked.
 * 2. Of one key one question is under way, and they are asked in the order in which they came.
 * 3. A question that fails fails for all who share it.
 */
export class Batch<Item, Answer> {
  readonly #ask: (key: string, items: Item[]) => Promise<Answer[]>
  readonly #most: number
  readonly #gatherMs: number
  readonly #waiting = new Map<string, Asker<Item, Answer>[]>()

  /** `key` says what is asked; `items`, at most `most`, are those who ask: each gets the answer at its place. */
  constructor(ask: (key: string, items: Item[]) => Promise<Answer[]>, { most, gatherMs = 0 }: { most: number; gatherMs?: number }) {
    this.#ask = ask
    this.#most = most
    this.#gatherMs = gatherMs
  }

  ask(key: string, item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asker = { item, resolve, reject }
      const waiting = this.#waiting.get(key)
      if (waiting) waiting.push(asker)
      else void this.#askAll(key, [asker])
    })
  }

  async #askAll(key: string, waiting: Asker<Item, Answer>[]): Promise<void> {
    this.#waiting.set(key, waiting)
    if (this.#gatherMs > 0) await delay(this.#gatherMs)
    while (waiting.length > 0) {
      const askers = waiting.splice(0, this.#most)
      try {
        const answers = await this.#ask(
          key,
          askers.map(({ item }) => item),
        )
        for (const [place, { resolve }] of askers.entries()) resolve(answers[place] as Answer)
      } catch (error) {
        for (const { reject } of askers) reject(error)
      }
    }
    this.#waiting.delete(key)
  }
}
