/**
 * @module
 * One read of everything, shared by all who ask.
 */
import { aheadWith, type EngineReport } from '../domain/fleet.js'
import type { Snapshot } from './control-plane.js'

/** One read that is under way. `changes`: how many changes had been made when it began. */
interface Reading {
  snapshot: Promise<Snapshot>
  changes: number
}

/** After a failed read the stale snapshot serves this long before reading is tried again. */
const RETRY_AFTER_MS = 1_000
/** The next read begins so many times its duration before the snapshot is too old. */
const AHEAD = 2

/**
 * Keeps the newest snapshot.
 *
 * 1. However many ask at once, one read is under way.
 * 2. Nobody gets a snapshot older than it asked for, or whose read began before the last `invalidate`, unless reading fails: then the last one,
 *    marked stale. A read that is under way counts as new.
 * 3. Nothing is read while nobody asks. Whoever asks shortly before the snapshot is too old has the next one read, and waits for neither.
 * 4. What an engine itself has said (`noted`) is shown from then on, by snapshots that were read before too.
 * 5. With no snapshot at all a failed read rejects with its reason; `fresh` rejects with it in any case.
 */
export class SnapshotCache {
  #newest: Snapshot | null = null
  #readAt = Number.NEGATIVE_INFINITY
  #newestChanges = 0
  #changes = 0
  #tookMs = 0
  #pending: Reading | null = null
  #failedAt = Number.NEGATIVE_INFINITY
  #failure: unknown = null
  /** By engine id. */
  readonly #noted = new Map<string, EngineReport>()
  readonly #read: () => Promise<Snapshot>

  constructor(read: () => Promise<Snapshot>) {
    this.#read = read
  }

  async get(maxAgeMs: number): Promise<Snapshot> {
    const atHand = this.atHand(maxAgeMs)
    if (atHand !== null) return atHand
    const changes = this.#changes
    const reading = this.#reading()
    const snapshot = await reading.snapshot
    if (reading.changes >= changes || snapshot.stale) return snapshot
    // It began before the change; whatever is read from here on began after it.
    return this.#reading().snapshot
  }

  /** What `get` would resolve with at once, `null` when it would wait for a read. Counts as asking. */
  atHand(maxAgeMs: number): Snapshot | null {
    if (this.#newest === null) return null
    const now = performance.now()
    const age = now - this.#readAt
    if (age <= maxAgeMs && this.#newestChanges === this.#changes) {
      const left = maxAgeMs - age
      if (left < Math.min(AHEAD * this.#tookMs, maxAgeMs / 2) && !this.#newest.stale) void this.#reading()
      return this.#newest
    }
    return this.#newest.stale && now - this.#failedAt <= RETRY_AFTER_MS ? this.#newest : null
  }

  /** Something was changed: the next `get` reads anew. */
  invalidate(): void {
    this.#changes += 1
  }

  /** An engine said this of itself, which the fleet may not have been told yet. */
  noted(report: EngineReport): void {
    const known = this.#noted.get(report.engineId)
    if (known !== undefined && known.revision >= report.revision) return
    this.#noted.set(report.engineId, report)
    const fleet = this.#newest && aheadWith(this.#newest.fleet, report)
    if (this.#newest && fleet) this.#newest = { ...this.#newest, fleet }
  }

  /** What was read, with what engines have said of themselves. What the fleet has been told meanwhile is forgotten. */
  #ahead(read: Snapshot): Snapshot {
    let { fleet } = read
    for (const [engineId, report] of this.#noted) {
      const ahead = aheadWith(fleet, report)
      if (ahead === null) this.#noted.delete(engineId)
      else fleet = ahead
    }
    return { ...read, fleet }
  }

  #reading(): Reading {
    if (this.#pending === null) {
      const reading = { snapshot: this.#refresh(this.#changes), changes: this.#changes }
      // Who reads ahead waits for nothing; who waits is told.
      reading.snapshot.catch(() => undefined)
      this.#pending = reading
    }
    return this.#pending
  }

  /** As `get`, and never a stale one: rejects with why reading fails. */
  async fresh(maxAgeMs: number): Promise<Snapshot> {
    const snapshot = await this.get(maxAgeMs)
    if (snapshot.stale) throw this.#failure
    return snapshot
  }

  async #refresh(changes: number): Promise<Snapshot> {
    const began = performance.now()
    try {
      this.#newest = this.#ahead(await this.#read())
      this.#readAt = began
      this.#newestChanges = changes
      this.#tookMs = performance.now() - began
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
