/**
 * @module
 * Follows what the playing streams do.
 */
import { limit } from '../../src/domain/limit.js'
import type { EngineView, StreamSample, StreamView } from '../../src/domain/views.js'
import type { PoolFacts } from './facts.js'
import type { ProbeTarget } from './health.js'
import { every } from './loop.js'
import { askStatistics, type StatAnswer, statLocation } from './stat-request.js'

export interface StatisticsOptions {
  facts: Pick<PoolFacts, 'fleet' | 'sessionUnknown'>
  /** How often each playing stream is asked for. Milliseconds. */
  intervalMs: number
  /** Where the container is reached, `null` while it is not known to run. */
  targetOf: (containerId: string) => ProbeTarget | null
  /** Told of what failed and is tried again. */
  onFailure: (error: unknown) => void
}

/** Engines that do not answer keep the others waiting only when there are more than these. */
const AT_ONCE = 32

/**
 * Keeps the latest sample of each playing stream, in memory only.
 *
 * 1. Each playing stream is asked for once an interval, all at once within a bound.
 * 2. A session that its engine says it does not know is told to the engine's workflow, again each interval while it is said to play. A question that failed tells
 *    nothing and leaves the last sample as it is.
 * 3. Streams that play no more are forgotten.
 */
export class Statistics {
  readonly #options: StatisticsOptions
  readonly #turn = limit(AT_ONCE)
  #samples = new Map<string, StreamSample>()

  constructor(options: StatisticsOptions) {
    this.#options = options
  }

  /** The latest sample of each playing stream, by its id. */
  get samples(): ReadonlyMap<string, StreamSample> {
    return this.#samples
  }

  async run(signal: AbortSignal): Promise<void> {
    const { intervalMs, onFailure } = this.#options
    await every(intervalMs, signal, async () => {
      try {
        await this.#collect(signal)
      } catch (error) {
        onFailure(error)
      }
    })
  }

  async #collect(signal: AbortSignal): Promise<void> {
    const { engines } = await this.#options.facts.fleet()
    const playing = engines.flatMap((engine) => engine.streams.map((stream) => ({ engine, stream })))
    const present = new Set(playing.map(({ stream }) => stream.id))
    for (const id of this.#samples.keys()) if (!present.has(id)) this.#samples.delete(id)
    await Promise.all(playing.map(({ engine, stream }) => this.#turn(() => this.#follow(engine, stream, signal))))
  }

  async #follow(engine: EngineView, stream: StreamView, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask(engine, stream, signal)
    if (signal.aborted) return
    if (answer.kind === 'sample') this.#samples.set(stream.id, answer.sample)
    if (answer.kind !== 'unknown-session') return
    const { id, containerId, playbackSessionId } = stream
    await this.#options.facts
      .sessionUnknown(engine.engineId, { containerId, streamId: id, playbackSessionId })
      .catch(this.#options.onFailure)
  }

  async #ask(engine: EngineView, stream: StreamView, signal: AbortSignal): Promise<StatAnswer> {
    const target = this.#options.targetOf(stream.containerId)
    const location = target === null ? null : statLocation(stream.statUrl, engine, target)
    return location === null ? { kind: 'failed' } : askStatistics(location, Date.now, signal)
  }
}
