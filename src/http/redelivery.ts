/**
 * @module
 * Answers that could not be delivered, for a client that asks the same again.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { BerthError } from '../domain/errors.js'

/** How long an answer waits for the client that hung up. */
const WAITS_MS = 30_000
/** How many are kept; the oldest goes first. */
const KEPT = 200
/** A server learns that a client hung up some turns after it has that client's next request. */
const LOOKS = 10
const LOOK_EVERY_MS = 10

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
 * 5. That a client hung up may be learned up to 100 ms after its next request has come: so long an equal request waits before it counts as a wish of its own.
 *    One whose client hangs up meanwhile is none.
 * 6. An answer that is no longer true when its client asks again is given to nobody: the request is a wish of its own.
 */
export class Redelivery<Answer> {
  readonly #undelivered = new Map<string, Undelivered<Answer>[]>()
  /** How many equal requests are under way whose clients wait. */
  readonly #waiting = new Map<string, number>()
  readonly #now: () => number
  readonly #pause: (milliseconds: number) => Promise<unknown>

  constructor(now: () => number, pause: (milliseconds: number) => Promise<unknown> = delay) {
    this.#now = now
    this.#pause = pause
  }

  /** `key`: client and request. `hungUp` aborts when the client is gone. `isTrue` is asked of an answer that was made for a request before. */
  async ask(
    key: string,
    hungUp: AbortSignal,
    carryOut: () => Promise<Answer>,
    isTrue: (answer: Answer) => Promise<boolean> = async () => true,
  ): Promise<Answer> {
    const others = this.#waiting.get(key) ?? 0
    this.#count(key, 1)
    let mine: Undelivered<Answer> | undefined
    const lost = (): void => {
      this.#count(key, -1)
      if (mine !== undefined) this.#put(key, mine)
    }
    hungUp.addEventListener('abort', lost, { once: true })
    if (hungUp.aborted) lost()
    try {
      const taken = others > 0 ? await this.#lookForLost(key, hungUp) : this.#take(key)
      mine = taken ?? { answer: carryOut(), lostAt: null }
      if (hungUp.aborted) this.#put(key, mine)
      const answer = await mine.answer
      if (taken === undefined || (await isTrue(answer)) || hungUp.aborted) return answer
      mine = { answer: carryOut(), lostAt: null }
      return await mine.answer
    } catch (error) {
      if (mine !== undefined) this.#drop(key, mine)
      throw error
    } finally {
      hungUp.removeEventListener('abort', lost)
      if (!hungUp.aborted) this.#count(key, -1)
    }
  }

  /** One that turns out to be lost while others wait, `undefined` when all who ask go on waiting. */
  async #lookForLost(key: string, hungUp: AbortSignal): Promise<Undelivered<Answer> | undefined> {
    for (let look = 0; ; look++) {
      if (hungUp.aborted) throw new BerthError('conflict', 'the client hung up while an equal request of its own was under way')
      const lost = this.#take(key)
      if (lost !== undefined || look === LOOKS || (this.#waiting.get(key) ?? 0) <= 1) return lost
      await this.#pause(LOOK_EVERY_MS)
    }
  }

  #count(key: string, change: 1 | -1): void {
    const count = (this.#waiting.get(key) ?? 0) + change
    if (count > 0) this.#waiting.set(key, count)
    else this.#waiting.delete(key)
  }

  #take(key: string): Undelivered<Answer> | undefined {
    const mine = (this.#undelivered.get(key) ?? []).find(({ lostAt }) => lostAt !== null && this.#now() - lostAt <= WAITS_MS)
    if (mine === undefined) return undefined
    this.#drop(key, mine)
    mine.lostAt = null
    return mine
  }

  #put(key: string, mine: Undelivered<Answer>): void {
    mine.lostAt = this.#now()
    this.#undelivered.set(key, [...(this.#undelivered.get(key) ?? []), mine])
    const [oldest] = this.#undelivered.keys()
    if (this.#undelivered.size > KEPT && oldest !== undefined) this.#undelivered.delete(oldest)
  }

  #drop(key: string, mine: Undelivered<Answer>): void {
    const rest = (this.#undelivered.get(key) ?? []).filter((other) => other !== mine)
    if (rest.length > 0) this.#undelivered.set(key, rest)
    else this.#undelivered.delete(key)
  }
}
