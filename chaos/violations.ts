/**
 * @module
 * The promises that a campaign holds Berth to, and what broke them.
 */

/** `id` as in the table of the report. */
export const INVARIANTS = {
  I1: 'never two forwarded containers running',
  I2: 'never two engines with the P2P port running',
  I3: 'after a fault: engines healthy, one forwarded, in time',
  I4: 'no orphan containers',
  I5: 'epochs rise by one, every grant has one end, and Docker agrees',
  I6: 'the API never shows two forwarded, nor a stale port',
  I7: 'foreign containers untouched',
  I8: 'no secret in logs, answers or histories',
  I9: 'of several forwarded ports only the lowest is ever granted',
} as const
export type InvariantId = keyof typeof INVARIANTS

export interface Violation {
  invariant: InvariantId
  /** Unix milliseconds. */
  at: number
  what: string
}

/** Collects them; the same words about the same invariant count once. */
export class Violations {
  readonly #found = new Map<string, Violation>()

  constructor(private readonly onNew: (violation: Violation) => void = () => {}) {}

  add(violation: Violation): void {
    const key = `${violation.invariant} ${violation.what}`
    if (this.#found.has(key)) return
    this.#found.set(key, violation)
    this.onNew(violation)
  }

  all(): Violation[] {
    return [...this.#found.values()].toSorted((a, b) => a.at - b.at)
  }

  of(invariant: InvariantId): Violation[] {
    return this.all().filter((violation) => violation.invariant === invariant)
  }
}
