/**
 * @module
 * Which engines answer, and since when not.
 */
import type { HealthReport } from '../../workflows/messages.js'
import type { EngineCheck } from '../../src/domain/views.js'
import type { ProbeResult } from './probe.js'

/** A running container that is to be probed. */
export interface ProbeTarget {
  engineId: string
  containerId: string
  address: string
  port: number
  /** What its container was made with, `null` for none and where it is not known. */
  p2pPort: number | null
}

export interface HealthOptions {
  intervalMs: number
  failureThreshold: number
  startupTimeoutMs: number
}

interface Record {
  target: ProbeTarget
  since: number
  nextAt: number
  busy: boolean
  failures: number
  everAnswered: boolean
  health: 'healthy' | 'unhealthy' | 'unknown'
  last: ProbeResult | null
  /** `null` before the first result. */
  check: EngineCheck | null
  /** What the engine's workflow was last told, `null` if nothing yet. */
  told: string | null
}

/** A starting engine is asked this often at first, so that it is known soon to answer. Milliseconds. */
const STARTING_EVERY_MS = 250

/**
 * Keeps the health of all running containers.
 *
 * 1. A container that answered is unhealthy after `failureThreshold` failed probes in a row; one that never answered after `startupTimeoutMs`.
 * 2. `replace` is said only when the probes are to be believed: this engine has answered before, or another one answers now.
 * 3. Only changes are reported.
 */
export class HealthBook {
  readonly #records = new Map<string, Record>()
  readonly #options: HealthOptions
  readonly #now: () => number

  constructor(options: HealthOptions, now: () => number = () => performance.now()) {
    this.#options = options
    this.#now = now
  }

  /** The containers that run now. Others are forgotten; known ones keep their record unless their address changed. */
  sync(targets: readonly ProbeTarget[], isKnown: (target: ProbeTarget) => string | null): void {
    const present = new Set(targets.map((target) => target.containerId))
    for (const id of this.#records.keys()) if (!present.has(id)) this.#records.delete(id)
    for (const target of targets) {
      const record = this.#records.get(target.containerId)
      const stays = record !== undefined && record.target.address === target.address && record.target.port === target.port
      if (stays) record.told = isKnown(target)
      else {
        this.#records.delete(target.containerId)
        this.add(target, isKnown(target))
      }
    }
  }

  /** One container more. `told` is the health that its workflow knows. */
  add(target: ProbeTarget, told: string | null): void {
    if (this.#records.has(target.containerId)) return
    const now = this.#now()
    const known = told === 'healthy' || told === 'unhealthy' ? told : 'unknown'
    this.#records.set(target.containerId, {
      target,
      since: now,
      nextAt: now,
      busy: false,
      failures: 0,
      everAnswered: known === 'healthy',
      health: known,
      last: null,
      check: null,
      told,
    })
  }

  /** Where this container is probed, `null` when it is not known to run. */
  target(containerId: string): ProbeTarget | null {
    return this.#records.get(containerId)?.target ?? null
  }

  /** Takes what was found out about a container that answers. A P2P port that is not open yet while the engine starts says nothing. */
  recordP2p(containerId: string, { connected, listening }: Omit<EngineCheck, 'at'>): void {
    const record = this.#records.get(containerId)
    if (!record?.check || record.last?.healthy !== true) return
    const young = this.#now() - record.since < this.#options.startupTimeoutMs
    record.check = { ...record.check, connected, listening: young && listening === false ? null : listening }
  }

  /** What was last found out at each container that was probed, by its id. */
  checks(): Map<string, EngineCheck> {
    return new Map([...this.#records].flatMap(([id, { check }]) => (check === null ? [] : [[id, check] as const])))
  }

  /** The container runs no more. */
  drop(containerId: string): void {
    this.#records.delete(containerId)
  }

  /** Those that are to be probed now; each is given out once until `record` is called for it. */
  due(): ProbeTarget[] {
    const now = this.#now()
    const ready = [...this.#records.values()].filter((record) => !record.busy && record.nextAt <= now)
    for (const record of ready) record.busy = true
    return ready.map((record) => record.target)
  }

  /** Takes a probe's result. `reachable` is false when the network that the engines share is known to be down: nothing is concluded then. */
  record(containerId: string, result: ProbeResult, reachable: boolean): void {
    const record = this.#records.get(containerId)
    if (!record) return
    const now = this.#now()
    record.busy = false
    record.last = result
    const { connected = null, listening = null } = result.healthy ? (record.check ?? {}) : {}
    record.check = { connected, listening, at: Date.now() }
    if (result.healthy) {
      record.failures = 0
      record.everAnswered = true
      record.health = 'healthy'
    } else if (!reachable) {
      record.failures = 0
      record.health = record.everAnswered ? 'unknown' : record.health
    } else {
      record.failures += 1
      const gone = record.everAnswered
        ? record.failures >= this.#options.failureThreshold
        : now - record.since >= this.#options.startupTimeoutMs
      if (gone) record.health = 'unhealthy'
    }
    const starting = !record.everAnswered && now - record.since < this.#options.startupTimeoutMs
    record.nextAt = now + (starting ? Math.min(STARTING_EVERY_MS, this.#options.intervalMs) : this.#options.intervalMs)
  }

  /** What the workflows do not know yet. Once given out it counts as told; `sync` corrects it when it was not heard. */
  changes(): { engineId: string; report: HealthReport }[] {
    return [...this.#records.values()].flatMap((record) => {
      const replace = record.health === 'unhealthy' && (record.everAnswered || this.#anotherAnswers(record))
      const said = replace ? 'replace' : record.health
      if (record.last === null || said === (record.told ?? 'unknown')) return []
      record.told = said
      const { version, platform, detail } = record.last
      const report: HealthReport = { containerId: record.target.containerId, health: record.health, version, platform, detail, replace }
      return [{ engineId: record.target.engineId, report }]
    })
  }

  #anotherAnswers(record: Record): boolean {
    return [...this.#records.values()].some((other) => other !== record && other.health === 'healthy')
  }
}
