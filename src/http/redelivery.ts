/**
 * @module
 * Answers that could not be delivered, for a client that asks the same again.
 */

/** How long an answer waits for the client that hung up. */
const WAITS_MS = 30_000
/** How many are kept; the oldest goes first. */
const KEPT = 200

interface Undelivered<Answer> {
  answer: Promise<Answer>
  /** When the client hung up, `null` while it waits. */
  lostAt: number | null
}

/**
 * 1. Equal requests of clients that wait are separate wishes, each carried out.
 * 2. One whose client hung up before it was answered is carried out once: the next equal request of the same client within 30 s gets its answer.
 * 3. Each answer goes to one request.
 * 4. One that fails is given to nobody later: the next request is a wish of its own.
 */
export class Redelivery<Answer> {
  readonly #waiting = new Map<string, Undelivered<Answer>[]>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** `key`: client and request. `hungUp` aborts when the client is gone. */
  async ask(key: string, hungUp: AbortSignal, carryOut: () => Promise<Answer>): Promise<Answer> {
    const mine = this.#take(key) ?? { answer: carryOut(), lostAt: null }
    mine.lostAt = null
    const lost = (): void => {
      mine.lostAt = this.#now()
      this.#put(key, mine)
    }
    hungUp.addEventListener('abort', lost, { once: true })
    if (hungUp.aborted) lost()
    try {
      return await mine.answer
    } catch (error) {
      this.#drop(key, mine)
      throw error
    } finally {
      hungUp.removeEventListener('abort', lost)
    }
  }

  #take(key: string): Undelivered<Answer> | undefined {
    const mine = (this.#waiting.get(key) ?? []).find(({ lostAt }) => lostAt !== null && this.#now() - lostAt <= WAITS_MS)
    if (mine !== undefined) this.#drop(key, mine)
    return mine
  }

  #put(key: string, mine: Undelivered<Answer>): void {
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), mine])
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > KEPT && oldest !== undefined) this.#waiting.delete(oldest)
  }

  #drop(key: string, mine: Undelivered<Answer>): void {
    const rest = (this.#waiting.get(key) ?? []).filter((other) => other !== mine)
    if (rest.length > 0) this.#waiting.set(key, rest)
    else this.#waiting.delete(key)
  }
}
