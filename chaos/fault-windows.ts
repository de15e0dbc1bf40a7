/**
 * @module
 * When which fault was in force. Pure.
 */

export interface FaultWindow {
  row: number
  name: string
  from: number
  /** When it was healed; `null` while it is in force. */
  healedAt: number | null
  /** When everything was well again; `null` until then. */
  recoveredAt: number | null
  /** From the end of all faults that were in force together until everything was well. */
  recoveryMs: number | null
  /** Berth cannot see a change of the port at once, or nobody can tell of it. */
  hidesPort: boolean
  /** Nothing else happened meanwhile: nobody was to be elected. */
  calm: boolean
}

/** The faults of a campaign in the order they began. */
export class FaultWindows {
  readonly #all: FaultWindow[] = []

  begin(fault: { row: number; name: string; hidesPort: boolean; calm?: boolean }, at: number): FaultWindow {
    const { row, name, hidesPort, calm = false } = fault
    const window: FaultWindow = { row, name, hidesPort, calm, from: at, healedAt: null, recoveredAt: null, recoveryMs: null }
    this.#all.push(window)
    return window
  }

  /** For one that could not be put in force. */
  forget(window: FaultWindow): void {
    this.#all.splice(this.#all.indexOf(window), 1)
  }

  all(): readonly FaultWindow[] {
    return this.#all
  }

  /** Whether a fault that hides the port was in force, or not yet recovered from, at some moment between these two. */
  hidesPort(from: number, to: number): boolean {
    return this.#all.some((window) => window.hidesPort && window.from <= to && (window.recoveredAt === null || window.recoveredAt >= from))
  }

  /** Whether any fault was in force, or not yet recovered from, at some moment between these two. */
  any(from: number, to: number): boolean {
    return this.#all.some((window) => window.from <= to && (window.recoveredAt === null || window.recoveredAt >= from))
  }
}
