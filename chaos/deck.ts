/**
 * @module
 * Which fault comes next: each once in random order, then all again. Pure but for its draws.
 */
import type { Fault } from './fault.js'
import type { Random } from './random.js'

export class Deck {
  #left: Fault[] = []

  constructor(
    private readonly faults: readonly Fault[],
    private readonly random: Random,
  ) {}

  /** One fault, or two that do not touch the same thing. */
  draw(): Fault[] {
    const first = this.#next(() => true)
    if (first === null) return []
    if (alone(first) || !this.random.chance(0.25)) return [first]
    const second = this.#next(
      (fault) => !alone(fault) && fault.row !== first.row && !fault.touches.some((what) => first.touches.includes(what)),
    )
    return second === null ? [first] : [first, second]
  }

  #next(fits: (fault: Fault) => boolean): Fault | null {
    if (this.#left.length === 0) this.#left = this.random.shuffled(this.faults)
    const at = this.#left.findIndex(fits)
    return at < 0 ? null : (this.#left.splice(at, 1)[0] ?? null)
  }
}

function alone({ touches }: Fault): boolean {
  return touches.includes('everything')
}
