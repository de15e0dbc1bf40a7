/**
 * @module
 * Samples to figures, and figures to lines that a person reads.
 */

/** The value that a share `q` of the samples does not exceed (nearest rank). */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length, Math.max(1, Math.ceil(q * sorted.length))) - 1]
  if (value === undefined) throw new Error('no samples')
  return value
}

export interface Summary {
  p50: number
  p95: number
  worst: number
}

/** The three figures that a latency is told by. */
export function summarize(samples: readonly number[]): Summary {
  return { p50: quantile(samples, 0.5), p95: quantile(samples, 0.95), worst: quantile(samples, 1) }
}

/** Milliseconds without a fraction. */
export function ms(value: number): string {
  return `${Math.round(value)} ms`
}

/** The values that these shares of the samples do not exceed, as cells of a row. */
export function latencies(samples: readonly number[], shares: readonly number[] = [0.5, 0.99, 1]): string[] {
  return shares.map((share) => ms(quantile(samples, share)))
}

/** A ratio as `1.23 ×`. */
export function times(value: number): string {
  return `${value.toFixed(2)} ×`
}

/** Rows under a heading, columns as wide as their widest cell; the first column is text, the others are figures. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd()
  return [line(heading), `  ${widths.map((width) => '─'.repeat(width)).join('  ')}`, ...rows.map(line)].join('\n')
}

/** One target and whether it was met. */
export interface Verdict {
  what: string
  measured: string
  target: string
  met: boolean
}

/** A verdict on `value`, which is to be `limit` at most. */
export function atMost(what: string, value: number, limit: number, show: (value: number) => string): Verdict {
  return { what, measured: show(value), target: `≤ ${show(limit)}`, met: value <= limit }
}

/** A verdict on `value`, which is to be `limit` at least. */
export function atLeast(what: string, value: number, limit: number, show: (value: number) => string): Verdict {
  return { what, measured: show(value), target: `≥ ${show(limit)}`, met: value >= limit }
}

/** All verdicts as a table; a missed one says so. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  return table(
    ['target', 'measured', 'wanted', 'verdict'],
    verdicts.map(({ what, measured, target, met }) => [what, measured, target, met ? 'met' : 'MISSED']),
  )
}
