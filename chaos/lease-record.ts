/**
 * @module
 * The lease's log, collected over the whole campaign from many answers that hold the last fifty turnovers each; and whether it is sound. Pure.
 */
import { z } from 'zod'
import type { ContainerFacts, Run } from './runs.js'

const Time = z.string().transform((text) => Date.parse(text))

export const Turnover = z.object({
  epoch: z.number(),
  engine_id: z.string(),
  port: z.number(),
  container_id: z.string().nullable(),
  granted_at: Time,
  active_at: Time.nullable(),
  ended_at: Time.nullable(),
  began: z.string(),
  ended: z.string().nullable(),
  gap_ms: z.number().nullable(),
})
export type Turnover = z.output<typeof Turnover>

export const LeaseAnswer = z.object({
  epoch: z.number(),
  port: z.number().nullable(),
  preferred: z.string().nullable(),
  holder: z
    .object({ engine_id: z.string(), epoch: z.number(), port: z.number(), phase: z.string(), container_id: z.string().nullable() })
    .nullable(),
  condition: z.object({ code: z.string() }).nullable(),
  log: z.array(Turnover),
})
export type LeaseAnswer = z.output<typeof LeaseAnswer>

/** Once told, these never change. */
const FIXED = ['engine_id', 'port', 'granted_at', 'began'] as const
/** From `null` to a value once. */
const ONCE = ['container_id', 'active_at', 'ended_at', 'ended', 'gap_ms'] as const

/**
 * Takes answers in the order in which they were asked for.
 *
 * 1. `take` answers what this answer contradicts: its own order, or what was told before.
 * 2. `complete` answers what is wrong with the whole: holes, missing ends, a grant before the end of the one before.
 * 3. `disagreements` answers where Docker saw something else.
 * 4. What a lease that was terminated took with it is held against nobody: how its last epoch began and ended, and one that nobody had read yet. Epochs go on all the
 *    same, and the one that is found is of the same engine and port.
 */
export class LeaseRecord {
  readonly #byEpoch = new Map<number, Turnover>()
  /** When the lease's workflow was terminated, Unix milliseconds. */
  readonly #terminations: number[] = []
  #highest = 0

  terminated(at: number): void {
    this.#terminations.push(at)
  }

  take(answer: LeaseAnswer): string[] {
    const wrong: string[] = []
    if (answer.epoch < this.#highest) wrong.push(`the epoch went back from ${this.#highest} to ${answer.epoch}`)
    this.#highest = Math.max(this.#highest, answer.epoch)
    let before: Turnover | null = null
    for (const turnover of answer.log) {
      if (before !== null && turnover.epoch !== before.epoch + 1) {
        wrong.push(`epoch ${turnover.epoch} follows epoch ${before.epoch} in one answer`)
      }
      before = turnover
      const known = this.#byEpoch.get(turnover.epoch)
      const isFound = known !== undefined && turnover.began === 'recovered' && this.#wasTerminated(known.granted_at, turnover.granted_at)
      if (known !== undefined) wrong.push(...contradictions(known, turnover, isFound ? ['engine_id', 'port'] : FIXED, isFound ? [] : ONCE))
      this.#byEpoch.set(turnover.epoch, known === undefined || isFound ? turnover : merged(known, turnover))
    }
    const open = answer.log.filter((turnover) => turnover.ended_at === null)
    if (open.length > 1) wrong.push(`epochs ${open.map(({ epoch }) => epoch).join(' and ')} are open at once`)
    if (answer.holder !== null && answer.holder.epoch !== answer.epoch) {
      wrong.push(`the holder has epoch ${answer.holder.epoch} while the lease is at ${answer.epoch}`)
    }
    return wrong
  }

  /** All so far, by epoch. */
  all(): Turnover[] {
    return [...this.#byEpoch.values()].toSorted((a, b) => a.epoch - b.epoch)
  }

  get(epoch: number): Turnover | undefined {
    return this.#byEpoch.get(epoch)
  }

  complete(): string[] {
    const all = this.all()
    return all.flatMap((turnover, index) => {
      const wrong: string[] = []
      const next = all[index + 1]
      if (next === undefined || this.#wasTerminated(turnover.granted_at, next.granted_at)) return wrong
      if (next.epoch !== turnover.epoch + 1) wrong.push(`no epoch between ${turnover.epoch} and ${next.epoch} was ever told of`)
      if (turnover.ended_at === null || turnover.ended === null) wrong.push(`epoch ${turnover.epoch} has no end`)
      else if (turnover.ended_at > next.granted_at) wrong.push(`epoch ${next.epoch} was granted before epoch ${turnover.epoch} had ended`)
      return wrong
    })
  }

  /** `starts` are those that no person made. */
  disagreements(containers: readonly ContainerFacts[], starts: readonly Run[]): string[] {
    const wrong: string[] = []
    const byId = new Map(containers.map((container) => [container.id, container]))
    for (const { id, epoch, engineId } of containers) {
      const turnover = epoch === null ? undefined : this.get(epoch)
      if (turnover === undefined && this.#isLost(epoch)) continue
      if (turnover === undefined) wrong.push(`container ${short(id)} bears epoch ${epoch}, which the lease never told of`)
      else if (turnover.engine_id !== engineId) {
        wrong.push(`container ${short(id)} of engine ${engineId} bears epoch ${epoch}, which was granted to ${turnover.engine_id}`)
      }
    }
    for (const { id } of starts) {
      const epoch = byId.get(id)?.epoch ?? null
      const turnover = epoch === null ? undefined : this.get(epoch)
      if (turnover === undefined || turnover.container_id === id) continue
      if (turnover.container_id === null && this.#wasTerminated(turnover.granted_at, this.get(turnover.epoch + 1)?.granted_at ?? Infinity))
        continue
      const confirmed = turnover.container_id === null ? 'no container' : short(turnover.container_id)
      wrong.push(`container ${short(id)} was started, while epoch ${epoch} was confirmed for ${confirmed}`)
    }
    for (const { epoch, container_id: id } of this.all()) {
      if (id !== null && byId.get(id)?.epoch !== epoch) wrong.push(`Docker never made container ${short(id)} with epoch ${epoch}`)
    }
    return wrong
  }

  #wasTerminated(from: number, to: number): boolean {
    return this.#terminations.some((at) => at >= from && at <= to)
  }

  /** No answer had it, and the lease that granted it was terminated. */
  #isLost(epoch: number | null): boolean {
    const all = this.all()
    const next = all.find((turnover) => epoch !== null && turnover.epoch > epoch)
    const before = all.findLast((turnover) => epoch !== null && turnover.epoch < epoch)
    return next !== undefined && this.#wasTerminated(before?.granted_at ?? 0, next.granted_at)
  }
}

function contradictions(known: Turnover, told: Turnover, fixed: readonly (keyof Turnover)[], once: readonly (keyof Turnover)[]): string[] {
  const changed = (field: keyof Turnover) => `epoch ${told.epoch}: ${field} changed from ${known[field]} to ${told[field]}`
  return [
    ...fixed.filter((field) => known[field] !== told[field]).map(changed),
    ...once.filter((field) => known[field] !== null && known[field] !== told[field]).map(changed),
  ]
}

function merged(known: Turnover, told: Turnover): Turnover {
  return { ...told, ...Object.fromEntries(ONCE.filter((field) => known[field] !== null).map((field) => [field, known[field]])) }
}

const short = (id: string): string => id.slice(0, 12)
