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
 */
export class LeaseRecord {
  readonly #byEpoch = new Map<number, Turnover>()
  #highest = 0

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
      if (known !== undefined) wrong.push(...contradictions(known, turnover))
      this.#byEpoch.set(turnover.epoch, known === undefined ? turnover : merged(known, turnover))
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
      if (next === undefined) return wrong
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
      if (turnover === undefined) wrong.push(`container ${short(id)} bears epoch ${epoch}, which the lease never told of`)
      else if (turnover.engine_id !== engineId) {
        wrong.push(`container ${short(id)} of engine ${engineId} bears epoch ${epoch}, which was granted to ${turnover.engine_id}`)
      }
    }
    for (const { id } of starts) {
      const epoch = byId.get(id)?.epoch ?? null
      const turnover = epoch === null ? undefined : this.get(epoch)
      if (turnover === undefined || turnover.container_id === id) continue
      const confirmed = turnover.container_id === null ? 'no container' : short(turnover.container_id)
      wrong.push(`container ${short(id)} was started, while epoch ${epoch} was confirmed for ${confirmed}`)
    }
    for (const { epoch, container_id: id } of this.all()) {
      if (id !== null && byId.get(id)?.epoch !== epoch) wrong.push(`Docker never made container ${short(id)} with epoch ${epoch}`)
    }
    return wrong
  }
}

function contradictions(known: Turnover, told: Turnover): string[] {
  const changed = (field: keyof Turnover) => `epoch ${told.epoch}: ${field} changed from ${known[field]} to ${told[field]}`
  return [
    ...FIXED.filter((field) => known[field] !== told[field]).map(changed),
    ...ONCE.filter((field) => known[field] !== null && known[field] !== told[field]).map(changed),
  ]
}

function merged(known: Turnover, told: Turnover): Turnover {
  return { ...told, ...Object.fromEntries(ONCE.filter((field) => known[field] !== null).map((field) => [field, known[field]])) }
}

const short = (id: string): string => id.slice(0, 12)
