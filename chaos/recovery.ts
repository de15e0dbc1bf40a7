/**
 * @module
 * I3: after faults everything is well again in time.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { now } from './clock.js'
import { converged, lookAt } from './convergence.js'
import type { Target } from './fault.js'
import type { FaultWindow } from './fault-windows.js'
import type { Journal } from './journal.js'
import { LeaseAnswer } from './lease-record.js'
import type { Violations } from './violations.js'

/** After a promise of recovery is broken: how much longer it is waited for, so that one failure is not counted many times. */
const EXTRA_MS = 60_000
/** A lease whose epoch is the same for so long is at rest. */
const AT_REST_MS = 2_000

/** Waits for one Berth. Rejects when it stays unwell, or when the campaign was stopped. */
export class Recovery {
  constructor(
    private readonly target: Target,
    private readonly violations: Violations,
    private readonly journal: Journal,
    private readonly stopping: AbortSignal,
  ) {}

  /** Waits until all is well, and records how long it took since the last fault was healed. `wanted`: exactly so many engines. */
  async wait(windows: readonly FaultWindow[], limitMs: number, after: string, wanted: number | null = null): Promise<void> {
    const began = now()
    let missing = await this.#missing(limitMs, wanted)
    if (missing !== null) {
      const what = `not well ${limitMs / 1000} s after ${after}: ${missing.join('; ')}`
      this.violations.add({ invariant: 'I3', at: now(), what })
      await this.#keepState()
      missing = await this.#missing(EXTRA_MS, wanted)
      if (missing !== null)
        throw new Error(`the campaign ends: still not well ${(limitMs + EXTRA_MS) / 1000} s after ${after}: ${missing.join('; ')}`)
    }
    const at = now()
    const lastHealed = Math.max(...windows.map(({ healedAt }) => healedAt ?? began))
    for (const window of windows) {
      window.recoveredAt = at
      window.recoveryMs = at - lastHealed
    }
    if (windows.length > 0) this.journal.write('fault', `well again ${Math.round(at - began)} ms after: ${after}`)
  }

  /** Waits until all is well and nobody is about to be elected; `false` when that does not come. */
  async rest(limitMs: number): Promise<boolean> {
    const deadline = now() + limitMs
    while (now() < deadline) {
      await this.wait([], limitMs, 'work was paused')
      const before = await this.#epoch()
      await delay(AT_REST_MS, undefined, { signal: this.stopping })
      if ((await this.#epoch()) === before) return true
    }
    return false
  }

  async #epoch(): Promise<number> {
    return (await this.target.api.get('/lease', LeaseAnswer)).epoch
  }

  async #missing(limitMs: number, wanted: number | null): Promise<string[] | null> {
    const { api, world, label } = this.target
    const look = () =>
      lookAt(
        api,
        () => world.managed(label),
        () => world.gluetun.port,
        wanted,
      )
    const ready = async () => {
      const { status, text, stale } = await api.ask('GET', '/readyz', { withinMs: 5_000 })
      return status === 200 && !stale ? null : `not ready: ${status} ${text.slice(0, 300)}`
    }
    const missing = await converged(look, ready, limitMs, this.stopping)
    if (this.stopping.aborted) throw new Error('the campaign was stopped')
    return missing
  }

  /** What there is to see when it is not well, beside the event log. */
  async #keepState(): Promise<void> {
    const { api, world, label, keepHistories } = this.target
    const answers = await Promise.all(['/engines?all=true', '/lease', '/readyz'].map((path) => api.ask('GET', path)))
    const containers = await world.managed(label).catch((error: unknown) => String(error))
    const state = { answers: answers.map(({ status, text }) => ({ status, text })), containers }
    writeFileSync(join(this.journal.folder, 'state.json'), JSON.stringify(state, null, 2))
    await keepHistories(join(this.journal.folder, 'histories')).catch((error: unknown) => {
      this.journal.write('note', `histories could not be kept: ${String(error)}`)
    })
  }
}
