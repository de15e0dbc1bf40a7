/**
 * @module
 * Asks the API ten times a second, and holds every answer against what must never be seen.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleanup } from '../bench/cleanup.js'
import { type Answer, type Api, type EngineAnswer, Engines } from './api.js'
import { now } from './clock.js'
import type { FaultWindows } from './fault-windows.js'
import { LeaseAnswer, type LeaseRecord } from './lease-record.js'
import { secretsIn } from './secrets.js'
import type { Violations } from './violations.js'

const PAUSE_MS = 100
/** Two seconds that are promised, and one until the next question to Gluetun. */
const STALE_AFTER_MS = 3_000

/** What Gluetun forwards now. */
export interface PortSource {
  /** Since when this port is not forwarded while others are; `null`: it is, or none is. */
  goneSince(port: number): number | null
}

export interface ApiRecordReport {
  engineReads: number
  leaseReads: number
  /** Reads that were not answered with 200. */
  unanswered: number
  /** Reads that said of themselves that they may be old. */
  stale: number
  /** Looks at the shown port that were left out since a fault hid the change from Berth. */
  excused: number
}

/** What is wrong with the engines of one answer, taken at `at`; `since`: how long the port that is shown has been gone. Pure. */
export function wrongEngines(
  engines: readonly EngineAnswer[],
  source: PortSource,
  at: number,
): { twice: string | null; stale: { what: string; since: number } | null } {
  const forwarded = engines.filter((engine) => engine.forwarded)
  const twice =
    forwarded.length > 1 ? `GET /engines shows ${forwarded.length} forwarded: ${forwarded.map((e) => e.engine_id).join(', ')}` : null
  for (const { engine_id, forwarded_port } of forwarded) {
    const since = source.goneSince(forwarded_port ?? 0)
    if (since === null || at - since <= STALE_AFTER_MS) continue
    const what = `GET /engines shows ${engine_id} forwarded on port ${forwarded_port}, ${Math.round(at - since)} ms after it was gone`
    return { twice, stale: { what, since } }
  }
  return { twice, stale: null }
}

/** Asks until the clean-up. */
export class ApiRecord {
  #running = true
  #loop: Promise<void> = Promise.resolve()
  readonly #report: ApiRecordReport = { engineReads: 0, leaseReads: 0, unanswered: 0, stale: 0, excused: 0 }

  constructor(
    private readonly api: Api,
    private readonly lease: LeaseRecord,
    private readonly port: PortSource,
    private readonly windows: FaultWindows,
    private readonly secrets: Readonly<Record<string, string>>,
    private readonly violations: Violations,
  ) {}

  async start(cleanup: Cleanup): Promise<void> {
    this.#loop = this.#ask()
    await cleanup.make(
      'asking the API',
      async () => this,
      async () => {
        this.#running = false
        await this.#loop
      },
    )
  }

  report(): ApiRecordReport {
    return { ...this.#report }
  }

  async #ask(): Promise<void> {
    while (this.#running) {
      const at = now()
      const [engines, lease] = await Promise.all([
        this.api.ask('GET', '/engines', { withinMs: 2_000 }),
        this.api.ask('GET', '/lease', { withinMs: 2_000 }),
      ])
      for (const [path, answer] of [
        ['/engines', engines],
        ['/lease', lease],
      ] as const) {
        this.#note(path, answer, at)
      }
      if (engines.status === 200) this.#engines(engines, at)
      if (lease.status === 200) this.#lease(lease, at)
      await delay(PAUSE_MS)
    }
  }

  #note(path: string, { status, text, stale }: Answer, at: number): void {
    if (status !== 200) this.#report.unanswered += 1
    if (stale) this.#report.stale += 1
    for (const name of secretsIn(text, this.secrets)) this.violations.add({ invariant: 'I8', at, what: `GET ${path} shows the ${name}` })
  }

  #engines({ text, stale }: Answer, at: number): void {
    this.#report.engineReads += 1
    const { twice, stale: old } = wrongEngines(Engines.parse(JSON.parse(text)), this.port, at)
    if (twice !== null) this.violations.add({ invariant: 'I6', at, what: twice })
    if (old === null) return
    if (stale || this.windows.hidesPort(old.since, at)) this.#report.excused += 1
    else this.violations.add({ invariant: 'I6', at, what: old.what.replace(/, \d+ ms after/, ', long after') })
  }

  #lease({ text, stale }: Answer, at: number): void {
    this.#report.leaseReads += 1
    const answer = LeaseAnswer.parse(JSON.parse(text))
    if (stale) return
    for (const what of this.lease.take(answer)) this.violations.add({ invariant: 'I5', at, what: `GET /lease: ${what}` })
  }
}
