/**
 * @module
 * The lease as clients read it. Pure.
 */
import type { Lease, LeaseHistory, LeaseTurnover } from '../contracts/lease.js'
import { toTime } from '../contracts/time.js'
import type { FleetView, LeaseView, ReconcileView, RotationView, Turnover } from '../domain/views.js'
import { writeCursor } from './cursor.js'

/** The lease with its last turnovers, and what the fleet is about to do about it. */
export function presentLease(lease: LeaseView, { rotation, reconcile }: Pick<FleetView, 'rotation' | 'reconcile'>): Lease {
  const { holder } = lease
  return {
    pool: lease.pool,
    index: lease.index,
    enabled: lease.enabled,
    recovering: lease.recovering,
    epoch: lease.epoch,
    port: lease.port,
    preferred: lease.preferred,
    nominee: lease.nominee,
    holder:
      holder === null
        ? null
        : {
            engine_id: holder.engineId,
            epoch: holder.epoch,
            port: holder.port,
            phase: holder.phase,
            container_id: holder.containerId,
            since: toTime(holder.since),
          },
    condition: lease.condition,
    rotation: presentRotation(rotation),
    reconcile: presentReconcile(reconcile),
    log: lease.log.map(presentTurnover),
  }
}

/** One page of the turnovers before epoch `before` (`null`: of all), the newest first. */
export function presentHistory({ log }: Pick<LeaseView, 'log'>, limit: number, before: number | null): LeaseHistory {
  const rest = log.filter(({ epoch }) => before === null || epoch < before).toSorted((a, b) => b.epoch - a.epoch)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return { items: page.map(presentTurnover), next_cursor: rest.length > limit && last !== undefined ? writeCursor(last.epoch) : null }
}

function presentTurnover(turnover: Turnover): LeaseTurnover {
  return {
    epoch: turnover.epoch,
    engine_id: turnover.engineId,
    port: turnover.port,
    container_id: turnover.containerId,
    granted_at: toTime(turnover.grantedAt),
    active_at: toTime(turnover.activeAt),
    ended_at: toTime(turnover.endedAt),
    began: turnover.began,
    ended: turnover.ended,
    gap_ms: turnover.gapMs,
  }
}

function presentRotation({ everyMs, due }: RotationView): Lease['rotation'] {
  return {
    every_s: everyMs === null ? null : everyMs / 1000,
    due:
      due === null
        ? null
        : {
            since: toTime(due.since),
            reason: due.reason,
            force: due.force,
            drain_until: toTime(due.drainUntil),
            waiting_for: due.waitingFor,
          },
  }
}

function presentReconcile({ dryRun, wouldRemove }: ReconcileView): Lease['reconcile'] {
  return {
    dry_run: dryRun,
    would_remove: wouldRemove.map(({ containerId, name, reason }) => ({ container_id: containerId, name, reason })),
  }
}
