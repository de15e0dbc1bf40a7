/**
 * @module
 * One read of everything, shared by all who ask.
 */
import type { Snapshot } from './control-plane.js'

/**
 * Keeps the newest snapshot.
 *
 * 1. However many ask at once, one read is under way.
 * 2. Nobody gets a snapshot older than it asked for, unless reading fails: then the last one, marked stale.
 * 3. Nothing is read while nobody asks.
 * 4. With no snapshot at all a failed read rejects with its reason; `fresh` rejects with it in any case.
 */
export class SnapshotCache {
  #newest: Snapshot | null = null
  #readAt = Number.NEGATIVE_INFINITY
  #pending: Promise<Snapshot> | null = null
  #failedAt = Number.NEGATIVE_INFINITY
  #failure: unknown = null
  readonly #read: () => Promise<Snapshot>

  constructor(read: () => Promise<Snapshot>) {
    this.#read = read
  }

  async get(maxAgeMs: number): Promise<Snapshot> {
    const now = performance.now()
    if (this.#newest && now - this.#readAt <= maxAgeMs) return this.#newest
    if (this.#newest?.stale && now - this.#failedAt <= RETRY_AFTER_MS) return this.#newest
    this.#pending ??= this.#refresh()
    return this.#pending
  }

  /** As `get`, and never a stale one: rejects with why reading fails. */
  async fresh(maxAgeMs: number): Promise<Snapshot> {
    const snapshot = await this.get(maxAgeMs)
    if (snapshot.stale) throw this.#failure
    return snapshot
  }

  /** The next `get` reads anew. */
  invalidate(): void {
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  async #refresh(): Promise<Snapshot> {
    const began = performance.now()
    try {
      this.#newest = await this.#read()
      this.#readAt = began
      return this.#newest
    } catch (error) {
      this.#failedAt = performance.now()
      this.#failure = error
      if (!this.#newest) throw error
      if (!this.#newest.stale) this.#newest = { ...this.#newest, stale: true }
      return this.#newest
    } finally {
      this.#pending = null
    }
  }
}

/** After a failed read the stale snapshot serves this long before reading is tried again. */
const RETRY_AFTER_MS = 1_000
