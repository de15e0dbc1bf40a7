/**
 * @module
 * When which container ran, from Docker's own events; and which of them ran together. Pure.
 */
import { z } from 'zod'
import { LABEL } from '../src/domain/labels.js'
import { fromNanoseconds } from './clock.js'

/** One line of Docker's event stream. */
export const DockerEvent = z
  .object({
    Type: z.string().optional(),
    Action: z.string(),
    Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
    timeNano: z.number(),
  })
  .transform(({ Action, Actor, timeNano }) => ({
    action: Action,
    id: Actor.ID,
    attributes: Actor.Attributes ?? {},
    /** Unix milliseconds. */
    at: fromNanoseconds(timeNano),
  }))
export type DockerEvent = z.output<typeof DockerEvent>

/** What is known of one container for as long as the campaign lasts. */
export interface ContainerFacts {
  id: string
  name: string
  labels: Readonly<Record<string, string>>
  managed: boolean
  forwarded: boolean
  epoch: number | null
  engineId: string | null
  createdAt: number | null
  /** The P2P port that it was configured with; `null` for none, `undefined` while it is not known. */
  p2pPort: number | null | undefined
  goneAt: number | null
}

/** From a start to its end. */
export interface Run {
  id: string
  from: number
  /** `null` while it runs. */
  to: number | null
  /** Started by a person: two at once are then not Berth's doing, but Berth's to end. */
  byHand: boolean
}

export interface Overlap {
  ids: [string, string]
  from: number
  to: number | null
  byHand: boolean
}

/** Pairs of runs that have a moment in common. A run that ends when another begins does not overlap it. */
export function overlaps(runs: readonly Run[]): Overlap[] {
  const found: Overlap[] = []
  let open: Run[] = []
  for (const run of runs.toSorted((a, b) => a.from - b.from)) {
    open = open.filter((other) => other.to === null || other.to > run.from)
    for (const other of open) {
      const to = other.to === null ? run.to : run.to === null ? other.to : Math.min(other.to, run.to)
      found.push({ ids: [other.id, run.id], from: run.from, to, byHand: other.byHand || run.byHand })
    }
    open.push(run)
  }
  return found
}

/** Every container of one daemon with its runs. Events may come twice; they are told apart by their time. */
export class ContainerRuns {
  readonly #facts = new Map<string, ContainerFacts>()
  readonly #runs: Run[] = []
  readonly #open = new Map<string, Run>()
  readonly #handmade = new Set<string>()
  readonly #copies = new Set<string>()
  readonly #taken = new Set<string>()

  constructor(private readonly managed: { key: string; value: string }) {}

  /** False for one that was taken before. */
  take(event: DockerEvent): boolean {
    const key = `${event.id} ${event.action} ${event.at}`
    if (this.#taken.has(key)) return false
    this.#taken.add(key)
    const facts = this.#facts.get(event.id) ?? this.learn(event.id, event.attributes['name'] ?? '', event.attributes)
    switch (event.action) {
      case 'create':
        facts.createdAt = event.at
        break
      case 'rename':
        facts.name = event.attributes['name'] ?? facts.name
        break
      case 'start':
        this.began(event.id, event.at)
        break
      case 'die':
        this.ended(event.id, event.at)
        break
      case 'destroy':
        facts.goneAt = event.at
        this.ended(event.id, event.at)
        break
    }
    return true
  }

  /** A container that was there before the first event. */
  learn(id: string, name: string, labels: Readonly<Record<string, string>>): ContainerFacts {
    const number = (label: string) => (/^\d{1,15}$/.test(labels[label] ?? '') ? Number(labels[label]) : null)
    const facts: ContainerFacts = {
      id,
      name,
      labels,
      managed: labels[this.managed.key] === this.managed.value,
      forwarded: labels[LABEL.forwarded] === 'true',
      epoch: number(LABEL.epoch),
      engineId: labels[LABEL.engineId] ?? null,
      createdAt: null,
      p2pPort: undefined,
      goneAt: null,
    }
    this.#facts.set(id, facts)
    return facts
  }

  began(id: string, at: number): void {
    if (this.#open.has(id)) return
    const run: Run = { id, from: at, to: null, byHand: this.#handmade.has(id) }
    this.#open.set(id, run)
    this.#runs.push(run)
  }

  ended(id: string, at: number): void {
    const run = this.#open.get(id)
    if (run === undefined) return
    run.to = at
    this.#open.delete(id)
  }

  /** From now on this container's starts, and the run that it is in, are a person's. */
  markHandmade(id: string): void {
    this.#handmade.add(id)
    const run = this.#open.get(id)
    if (run !== undefined) run.byHand = true
  }

  isHandmade(id: string): boolean {
    return this.#handmade.has(id)
  }

  /** Made and started by a person altogether. */
  markCopy(id: string): void {
    this.#copies.add(id)
    this.markHandmade(id)
  }

  isCopy(id: string): boolean {
    return this.#copies.has(id)
  }

  /** Ids that run now, by the events so far. */
  openIds(): string[] {
    return [...this.#open.keys()]
  }

  facts(id: string): ContainerFacts | undefined {
    return this.#facts.get(id)
  }

  all(): ContainerFacts[] {
    return [...this.#facts.values()]
  }

  /** Runs of managed containers with the forwarded label. */
  forwardedRuns(): Run[] {
    return this.#runs.filter(({ id }) => this.#is(id, (facts) => facts.managed && facts.forwarded))
  }

  /** Runs of managed containers that were configured with a P2P port. What was never learned goes by the label. */
  p2pRuns(): Run[] {
    return this.#runs.filter(({ id }) =>
      this.#is(id, (facts) => facts.managed && (facts.p2pPort === undefined ? facts.forwarded : facts.p2pPort !== null)),
    )
  }

  #is(id: string, test: (facts: ContainerFacts) => boolean): boolean {
    const facts = this.#facts.get(id)
    return facts !== undefined && test(facts)
  }
}
