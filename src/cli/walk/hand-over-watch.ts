/**
 * @module
 * Looks at a hand-over of the port while it happens.
 */
import type { Engine, Lease } from './berth.js'

/** How the API was at one moment. */
export interface Look {
  /** Milliseconds since the watch began. */
  at: number
  engines: readonly Engine[]
  lease: Lease
}

/** Follows one hand-over, look by look. Pure. */
export class HandOverWatch {
  /** What changed, with the time of the look that saw it. */
  readonly events: { at: number; what: string }[] = []
  /** The last look that saw the old container forwarded; the beginning when none did. */
  oldUntil = 0
  /** When another container was first seen as forwarded. */
  nextAt: number | null = null
  /** When it was first seen as healthy too. */
  healthyAt: number | null = null
  /** Forwarded engines at most in one look. */
  most = 0
  looks = 0
  next: Engine | null = null
  #before: Record<string, string> = {}

  constructor(private readonly oldContainer: string) {}

  /** From the last sight of the old one until the next one is healthy; `null` until then. */
  get gapMs(): number | null {
    return this.healthyAt === null ? null : this.healthyAt - this.oldUntil
  }

  /** Takes in one look; answers what it shows that the one before did not. */
  take({ at, engines, lease }: Look): string[] {
    this.looks += 1
    const forwarded = engines.filter((engine) => engine.forwarded)
    this.most = Math.max(this.most, forwarded.length)
    if (forwarded.some(({ container_id: id }) => id === this.oldContainer)) this.oldUntil = at
    const next = forwarded.find(({ container_id: id }) => id !== this.oldContainer)
    if (next !== undefined) {
      this.next = next
      this.nextAt ??= at
      if (next.health_status === 'healthy' && lease.holder?.phase === 'active' && lease.holder.container_id === next.container_id) {
        this.healthyAt ??= at
      }
    }
    const changes = this.#changes({ lease: leaseLine(lease), forwarded: forwardedLine(forwarded) })
    this.events.push(...changes.map((what) => ({ at, what })))
    return changes
  }

  #changes(now: Record<string, string>): string[] {
    const changed = Object.entries(now).filter(([part, line]) => this.#before[part] !== line)
    this.#before = now
    return changed.map(([, line]) => line)
  }
}

function leaseLine({ holder, port }: Lease): string {
  if (holder === null) return port === null ? 'lease: nobody holds it, and there is no port' : `lease: port ${port} is free`
  const phase = { granted: 'is being started on', active: 'has', revoking: 'is losing' }[holder.phase]
  return `lease: engine ${holder.engine_id} ${phase} port ${holder.port} (epoch ${holder.epoch})`
}

function forwardedLine(forwarded: readonly Engine[]): string {
  if (forwarded.length === 0) return 'engines: none is forwarded'
  return `engines: ${forwarded.map((engine) => `${engine.container_name} of ${engine.engine_id} is forwarded, ${engine.health_status}`).join(' AND ')}`
}
