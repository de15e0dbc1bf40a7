/**
 * @module
 * The lease as a person reads it in a terminal.
 */
import type { Lease, LeaseHistory } from '../contracts/lease.js'

type Row = readonly [name: string, value: string]

/** Who holds the port, and whatever is not as it always is. */
export function leaseText(lease: Lease): string {
  const { holder, condition, preferred, nominee, rotation, reconcile } = lease
  const rows: Row[] = []
  if (holder === null) rows.push(['Forwarded', 'nobody'])
  else {
    const phase = { active: '', granted: ', being started', revoking: ', losing it' }[holder.phase]
    rows.push(['Forwarded', `engine ${holder.engine_id} on port ${holder.port}${phase}`])
    if (holder.container_id !== null) rows.push(['Container', holder.container_id.slice(0, 12)])
    rows.push(['Since', moment(holder.since)])
  }
  rows.push(['Epoch', String(lease.epoch)])
  if (holder === null || holder.port !== lease.port) rows.push(['Port now', lease.port === null ? 'none' : String(lease.port)])
  if (preferred !== null) rows.push(['Designated', `engine ${preferred}`])
  if (nominee !== null) rows.push(['Next', `engine ${nominee}`])
  if (rotation.every_s !== null) rows.push(['Rotates', `each ${span(rotation.every_s)}`])
  if (rotation.due !== null) rows.push(['Rotation', waiting(rotation.due)])
  for (const { name, container_id: id, reason } of reconcile.would_remove) {
    rows.push(['Dry run', `would remove ${name} (${id.slice(0, 12)}): ${reason}`])
  }
  rows.push(['Condition', condition === null ? 'all is well' : `${condition.code}: ${condition.detail}`])
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${shownText(value)}`).join('\n')
}

/** A table of the turnovers, and how to read on. */
export function historyText({ items, next_cursor: next }: LeaseHistory): string {
  if (items.length === 0) return 'No turnovers.'
  const lines = items.map((item) => [
    String(item.epoch),
    item.engine_id,
    String(item.port),
    moment(item.granted_at),
    item.gap_ms === null ? '-' : `${(item.gap_ms / 1000).toFixed(1)} s`,
    item.began,
    item.ended ?? (item.ended_at === null ? 'holds it' : '-'),
  ])
  const table = [['EPOCH', 'ENGINE', 'PORT', 'GRANTED', 'GAP', 'BEGAN', 'ENDED'], ...lines].map((cells) => cells.map(shownText))
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  const text = table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...text, ...(next === null ? [] : [`Older ones: berth lease history --cursor ${shownText(next)}`])].join('\n')
}

const WAITS_FOR = {
  streams: "the holder's streams",
  candidate: 'another engine that plays nothing',
  lease: 'the hand-over that is under way',
} as const

function waiting(due: NonNullable<Lease['rotation']['due']>): string {
  const until = due.drain_until === null || due.waiting_for !== 'streams' ? '' : `, until ${moment(due.drain_until)} at most`
  return `due since ${moment(due.since)} (${due.reason}), waits for ${WAITS_FOR[due.waiting_for]}${until}`
}

/** `2026-08-07 12:00:00Z`. */
function moment(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+/, '')
}

function span(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, 'd'],
      [3_600, 'h'],
      [60, 'min'],
    ] as const
  ).find(([each]) => seconds % each === 0) ?? [1, 's']
  return `${seconds / size} ${unit}`
}

/** Whatever it holds, a terminal shows it and obeys none of it. */
export function shownText(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
