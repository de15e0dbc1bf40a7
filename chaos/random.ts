/**
 * @module
 * Chance that can be repeated: the same seed and name give the same draws.
 */

/** One stream of draws. Streams of different names do not disturb each other. */
export class Random {
  #state: number

  constructor(seed: number, name: string) {
    let state = seed >>> 0
    for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0
    this.#state = state
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    const state = this.#state
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** One of these; `null` of none. */
  pick<T>(items: readonly T[]): T | null {
    return items[Math.floor(this.next() * items.length)] ?? null
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items]
    const result: T[] = []
    while (left.length > 0) result.push(...left.splice(Math.floor(this.next() * left.length), 1))
    return result
  }
}
