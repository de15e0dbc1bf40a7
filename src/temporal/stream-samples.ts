/**
 * @module
 * What the streams did over time, as far as this process has seen it.
 */
import type { StreamSample } from '../domain/views.js'
import type { Snapshot } from './control-plane.js'

/** A stream's samples are kept this long after it was last seen to play. Milliseconds. */
const KEPT_AFTER_MS = 10 * 60_000

interface Kept {
  /** Oldest first. */
  samples: StreamSample[]
  /** When it was last seen to play. */
  seenAt: number
}

/**
 * Gathers samples from snapshots.
 *
 * 1. At most `historyMax` samples of each stream: the oldest go first.
 * 2. It asks for a snapshot by itself each interval while a stream plays, and at its beginning until it has one. Else it learns of streams from the snapshots that
 *    others ask for.
 * 3. Streams that have not played for some minutes are forgotten.
 * 4. It never keeps a process alive.
 */
export class StreamSamples {
  readonly #read: () => Promise<Snapshot>
  readonly #options: { collectEveryMs: number; historyMax: number }
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()
  #timer: NodeJS.Timeout | null = null

  constructor(
    read: () => Promise<Snapshot>,
    options: { collectEveryMs: number; historyMax: number },
    now: () => number = () => performance.now(),
  ) {
    this.#read = read
    this.#options = options
    this.#now = now
  }

  /** Looks what plays. */
  begin(): void {
    this.#lookIn(0)
  }

  /** Keeps what a snapshot says. */
  take({ fleet, samples, stale }: Pick<Snapshot, 'fleet' | 'samples' | 'stale'>): void {
    const now = this.#now()
    const playing = fleet.engines.flatMap(({ streams }) => streams)
    for (const { id } of playing) {
      const kept = this.#kept.get(id) ?? { samples: [], seenAt: now }
      const sample = samples.get(id)
      if (sample && sample.ts > (kept.samples.at(-1)?.ts ?? 0)) kept.samples.push(sample)
      if (kept.samples.length > this.#options.historyMax) kept.samples.shift()
      this.#kept.set(id, { ...kept, seenAt: now })
    }
    for (const [id, { seenAt }] of this.#kept) if (now - seenAt > KEPT_AFTER_MS) this.#kept.delete(id)
    if (playing.length > 0 && !stale) this.#lookLater()
  }

  /** One stream's samples taken after `sinceMs` (Unix milliseconds), oldest first. */
  since(streamId: string, sinceMs: number | null): StreamSample[] {
    const { samples } = this.#kept.get(streamId) ?? { samples: [] }
    return sinceMs === null ? [...samples] : samples.filter(({ ts }) => ts > sinceMs)
  }

  #lookIn(milliseconds: number): void {
    if (this.#timer === null) this.#timer = setTimeout(() => void this.#look(), milliseconds).unref()
  }

  #lookLater(): void {
    this.#lookIn(this.#options.collectEveryMs)
  }

  async #look(): Promise<void> {
    try {
      const snapshot = await this.#read()
      this.#timer = null
      // One that was read before serves too.
      this.take(snapshot)
      if (snapshot.stale) this.#lookLater()
    } catch {
      this.#timer = null
      this.#lookLater()
    }
  }
}
