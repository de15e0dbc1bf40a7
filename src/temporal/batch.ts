/**
 * @module
 * Asking once for many who ask the same at the same time.
 */

/**
 * Those who ask the same thing while an answer is under way share the next question: however many ask at once, two are asked.
 *
 * 1. Nobody gets an answer to a question that was begun before it asked.
 * 2. A question that fails fails for all who share it.
 */
export class Batch<Item, Answer> {
  readonly #ask: (key: string, items: Item[]) => Promise<Answer>
  readonly #waiting = new Map<string, { items: Item[]; answer: Promise<Answer> }>()
  readonly #running = new Map<string, Promise<unknown>>()

  /** `key` says what is asked; `items` are those who ask. */
  constructor(ask: (key: string, items: Item[]) => Promise<Answer>) {
    this.#ask = ask
  }

  async ask(key: string, item: Item): Promise<Answer> {
    const running = this.#running.get(key)
    if (running === undefined) return this.#begin(key, [item])
    const waiting = this.#waiting.get(key)
    if (waiting) {
      waiting.items.push(item)
      return waiting.answer
    }
    const items = [item]
    const begin = (): Promise<Answer> => {
      this.#waiting.delete(key)
      return this.#begin(key, items)
    }
    const answer = running.then(begin, begin)
    this.#waiting.set(key, { items, answer })
    return answer
  }

  #begin(key: string, items: Item[]): Promise<Answer> {
    const asked = this.#ask(key, items).finally(() => {
      if (this.#running.get(key) === asked) this.#running.delete(key)
    })
    this.#running.set(key, asked)
    return asked
  }
}
