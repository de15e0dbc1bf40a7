/**
 * @module
 * Faults one after the other, now and then two at once, over work that never stops; after each it is waited until all is well.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { now } from './clock.js'
import { Deck } from './deck.js'
import type { Fault, Heal, Target } from './fault.js'
import { FAULTS } from './faults/index.js'
import type { FaultWindow, FaultWindows } from './fault-windows.js'
import type { Journal } from './journal.js'
import type { Options } from './options.js'
import { Random } from './random.js'
import type { Recovery } from './recovery.js'
import type { Work } from './work.js'

const HEAL_ATTEMPTS = 5
const REST_WITHIN_MS = 60_000

/** The faults of one campaign, in the order that its seed gives. */
export class Attack {
  readonly #deck: Deck
  /** Faults that could not be inflicted, with the reason. */
  readonly skipped: string[] = []

  constructor(
    options: Options,
    private readonly target: Target,
    private readonly work: Work,
    private readonly recovery: Recovery,
    private readonly windows: FaultWindows,
    private readonly journal: Journal,
    private readonly stopping: AbortSignal,
  ) {
    const faults = FAULTS.filter(({ kinds, row }) => kinds.includes(options.kind) && (options.rows === null || options.rows.includes(row)))
    this.#deck = new Deck(faults, new Random(options.seed, 'deck'))
  }

  /** Work is paused when it resolves. */
  async run(until: number): Promise<void> {
    const { target, work, recovery } = this
    while (now() < until) {
      work.resume()
      await target.wait(target.random.between(200, 2_000))
      if (now() >= until) break
      const drawn = this.#deck.draw()
      if (drawn.some(({ calm }) => calm)) await this.#calm()
      const windows = (await Promise.all(drawn.map((fault) => this.#inflict(fault)))).filter((window) => window !== null)
      await target.wait(target.random.between(0, 500))
      work.pause()
      const limit = Math.max(...drawn.map(({ limitMs }) => limitMs))
      await recovery.wait(windows, limit, drawn.map(({ row, name }) => `${row} ${name}`).join(' and '))
      await target.world.foreign.check().catch((error: unknown) => target.say(`foreign containers could not be checked: ${String(error)}`))
    }
    work.pause()
  }

  /** Nothing is asked for, nothing waits, and nobody is about to be elected. */
  async #calm(): Promise<void> {
    await this.work.rest()
    await this.work.settle()
    if (!(await this.recovery.rest(REST_WITHIN_MS))) this.journal.write('note', 'the lease did not come to rest')
  }

  /** Puts a fault in force, holds it, heals it; `null` when it could not be put in force. */
  async #inflict(fault: Fault): Promise<FaultWindow | null> {
    const { target } = this
    const [least, most] = fault.holds
    const hold = target.random.between(least, target.long ? most : Math.min(most, Math.max(least, 6_000)))
    const title = `${fault.row} ${fault.name}`
    this.journal.write('fault', `${title}: begins, for ${hold} ms`)
    const window = this.windows.begin(fault, now())
    let heal: Heal
    try {
      heal = await fault.inject(target)
    } catch (error) {
      this.windows.forget(window)
      this.skipped.push(`${title}: ${String(error)}`)
      this.journal.write('fault', `${title}: could not be inflicted: ${String(error)}`)
      return null
    }
    try {
      await target.wait(hold)
    } finally {
      await this.#heal(title, heal)
      window.healedAt = now()
      this.journal.write('fault', `${title}: healed`)
    }
    return window
  }

  /** What a fault did must be undone, or nothing that follows means anything. */
  async #heal(title: string, heal: Heal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await heal()
      } catch (error) {
        this.journal.write('note', `${title}: not healed at attempt ${attempt}: ${String(error)}`)
        if (attempt === HEAL_ATTEMPTS || this.stopping.aborted) throw new Error(`${title} could not be healed`, { cause: error })
        await delay(1_000)
      }
    }
  }
}
