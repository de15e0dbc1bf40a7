/**
 * @module
 * Docker's own record of what happened when.
 */
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import type Docker from 'dockerode'
import { z } from 'zod'
import type { Cleanup } from './cleanup.js'

const Line = z
  .object({
    Action: z.string(),
    Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
    timeNano: z.number(),
  })
  .transform(({ Action, Actor, timeNano }) => ({
    action: Action,
    containerId: Actor.ID,
    attributes: Actor.Attributes,
    /** On the scale of `performance.now()`. */
    at: timeNano / 1e6 - performance.timeOrigin,
  }))
export type ContainerEvent = z.infer<typeof Line>

/** Every container event of one daemon from `follow` on. */
export class ContainerEvents {
  readonly #seen: ContainerEvent[] = []
  readonly #arrival = new EventEmitter().setMaxListeners(0)

  /** Subscribes; `cleanup` ends it. */
  static async follow(docker: Docker, cleanup: Cleanup): Promise<ContainerEvents> {
    const events = new ContainerEvents()
    const ending = new AbortController()
    const stream = await cleanup.make(
      'following Docker’s events',
      () => docker.getEvents({ filters: JSON.stringify({ type: ['container'] }), abortSignal: ending.signal }),
      async () => ending.abort(),
    )
    const lines = createInterface({ input: stream })
    // The abort below arrives as an error of the stream, and readline passes it on.
    for (const source of [stream, lines]) source.on('error', () => undefined)
    lines.on('line', (line) => {
      events.#seen.push(Line.parse(JSON.parse(line)))
      events.#arrival.emit('event')
    })
    return events
  }

  /** The first event after the time `since` that fits; waits for it. */
  async first(since: number, fits: (event: ContainerEvent) => boolean, withinMs = 120_000): Promise<ContainerEvent> {
    const signal = AbortSignal.timeout(withinMs)
    while (true) {
      const found = this.find(since, fits)
      if (found) return found
      await once(this.#arrival, 'event', { signal })
    }
  }

  /** The first event after the time `since` that fits, of those that have arrived. */
  find(since: number, fits: (event: ContainerEvent) => boolean): ContainerEvent | undefined {
    return this.#seen.find((event) => event.at >= since && fits(event))
  }
}
