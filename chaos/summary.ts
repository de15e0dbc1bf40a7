/**
 * @module
 * What a campaign found, as a table and as JSON.
 */
import { quantile, table } from '../bench/figures.js'
import type { ApiRecordReport } from './api-record.js'
import type { FaultWindow } from './fault-windows.js'
import type { Turnover } from './lease-record.js'
import type { Overlap } from './runs.js'
import type { SamplerReport } from './sampler.js'
import { INVARIANTS, type InvariantId, type Violation } from './violations.js'
import type { WorkReport } from './work.js'
import type { WorldKind } from './docker-parts.js'

export interface Summary {
  kind: WorldKind
  seed: number
  seconds: number
  log: string
  windows: readonly FaultWindow[]
  /** Faults that could not be inflicted, with the reason. */
  skipped: readonly string[]
  tally: Readonly<Record<string, number>>
  turnovers: readonly Turnover[]
  /** No fault was in force between the two. */
  quietTurnover: (from: number, to: number) => boolean
  sampler: SamplerReport
  /** Starts of forwarded containers by Docker's events. */
  starts: number
  byHand: readonly Overlap[]
  api: ApiRecordReport
  work: WorkReport
  historyEvents: number
  reconnects: number
  violations: readonly Violation[]
}

/** Gaps in milliseconds from losing the port to a confirmed successor. `null` when there was none. */
interface Gaps {
  count: number
  p50: number
  p99: number
  max: number
}

export interface Report {
  kind: WorldKind
  seed: number
  seconds: number
  log: string
  elections: number
  /** Of forwarded containers, by Docker's events. */
  starts: number
  faults: { row: number; name: string; count: number; slowest_recovery_ms: number }[]
  fault_count: number
  skipped: readonly string[]
  tally: Readonly<Record<string, number>>
  sampler: { samples: number; per_second: number; worst_second: number }
  by_hand: { overlaps: number; longest_ms: number }
  gaps: { calm: Gaps | null; all: Gaps | null }
  api: ApiRecordReport
  work: WorkReport
  history_events: number
  violations: Record<InvariantId, number>
  violation_list: readonly Violation[]
}

/** Pure. */
export function reportOf(summary: Summary): Report {
  const { kind, seed, seconds, log, windows, turnovers, sampler, byHand, violations } = summary
  const inflicted = windows.filter(({ recoveryMs }) => recoveryMs !== null)
  const kinds = new Map<string, { row: number; name: string; count: number; slowest_recovery_ms: number }>()
  for (const { row, name, recoveryMs } of inflicted) {
    const recovery = Math.round(recoveryMs ?? 0)
    const known = kinds.get(`${row} ${name}`) ?? { row, name, count: 0, slowest_recovery_ms: 0 }
    kinds.set(`${row} ${name}`, {
      ...known,
      count: known.count + 1,
      slowest_recovery_ms: Math.max(known.slowest_recovery_ms, recovery),
    })
  }
  const closed = turnovers.filter((turnover) => turnover.gap_ms !== null && turnover.active_at !== null && turnover.began !== 'first')
  const calm = closed.filter(({ active_at: at, gap_ms: gap }) => summary.quietTurnover((at ?? 0) - (gap ?? 0), at ?? 0))
  return {
    kind,
    seed,
    seconds,
    log,
    elections: turnovers.length,
    starts: summary.starts,
    faults: [...kinds.values()].toSorted((a, b) => a.row - b.row || a.name.localeCompare(b.name)),
    fault_count: inflicted.length,
    skipped: summary.skipped,
    tally: summary.tally,
    sampler: { samples: sampler.samples, per_second: sampler.perSecond, worst_second: sampler.worstSecond },
    by_hand: { overlaps: byHand.length, longest_ms: Math.max(0, ...byHand.map(({ from, to }) => (to ?? from) - from)) },
    gaps: { calm: gapsOf(calm), all: gapsOf(closed) },
    api: summary.api,
    work: summary.work,
    history_events: summary.historyEvents,
    violations: Object.fromEntries(
      Object.keys(INVARIANTS).map((id) => [id, violations.filter(({ invariant }) => invariant === id).length]),
    ) as Record<InvariantId, number>,
    violation_list: violations,
  }
}

function gapsOf(turnovers: readonly Turnover[]): Gaps | null {
  const gaps = turnovers.map((turnover) => turnover.gap_ms).filter((gap) => gap !== null)
  if (gaps.length === 0) return null
  return { count: gaps.length, p50: quantile(gaps, 0.5), p99: quantile(gaps, 0.99), max: quantile(gaps, 1) }
}

/** What a person reads. */
export function printed(report: Report): string {
  const gaps = (name: string, found: Gaps | null) =>
    found === null ? `  ${name}: none` : `  ${name}: ${found.count}; p50 ${found.p50} ms, p99 ${found.p99} ms, longest ${found.max} ms`
  const statuses = Object.entries(report.work.statuses).map(([operation, counts]) => [
    operation,
    String(report.work.operations[operation] ?? 0),
    Object.entries(counts)
      .map(([status, count]) => `${count} × ${status === '0' ? 'no answer' : status}`)
      .join(', '),
  ])
  const rows = new Map<number, number>()
  for (const { row, slowest_recovery_ms: slowest } of report.faults) rows.set(row, Math.max(rows.get(row) ?? 0, slowest))
  return [
    `Campaign: ${report.kind}, seed ${report.seed}, ${(report.seconds / 60).toFixed(1)} min`,
    '',
    table(
      ['fault', 'row', 'times', 'slowest recovery'],
      report.faults.map(({ row, name, count, slowest_recovery_ms: slowest }) => [name, String(row), String(count), `${slowest} ms`]),
    ),
    `  ${report.fault_count} faults of ${report.faults.length} kinds; by row: ${[...rows].map(([row, slowest]) => `${row}: ${slowest} ms`).join(', ')}`,
    ...Object.entries(report.tally).map(([what, count]) => `  ${what}: ${count}`),
    ...report.skipped.map((what) => `  not inflicted: ${what}`),
    '',
    table(['asked for', 'times', 'answers'], statuses),
    ...(report.work.missingRoutes.length > 0 ? [`  routes that are not there: ${report.work.missingRoutes.join(', ')}`] : []),
    ...report.work.internalErrors.map((what) => `  answered 500: ${what}`),
    '',
    `Elections: ${report.elections}; starts of forwarded containers: ${report.starts}`,
    'Time without an active holder, by the lease’s own log',
    gaps('no fault in force', report.gaps.calm),
    gaps('all', report.gaps.all),
    `Samples of Docker’s list: ${report.sampler.samples}, ${report.sampler.per_second.toFixed(0)} a second (worst second ${report.sampler.worst_second})`,
    `API reads: ${report.api.engineReads} of engines, ${report.api.leaseReads} of the lease; ${report.api.unanswered} unanswered, ${report.api.stale} marked as old, ${report.api.excused} looks at the port left out`,
    `History events searched: ${report.history_events}`,
    `Two forwarded by hand: ${report.by_hand.overlaps} times, longest ${report.by_hand.longest_ms.toFixed(0)} ms`,
    '',
    table(
      ['promise', 'violations'],
      (Object.keys(INVARIANTS) as InvariantId[]).map((id) => [`${id} ${INVARIANTS[id]}`, String(report.violations[id])]),
    ),
  ].join('\n')
}
