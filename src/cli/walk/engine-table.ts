/**
 * @module
 * Engines as a table.
 */
import { styleText } from 'node:util'
import { shownText } from '../lease-text.js'
import type { Engine } from './berth.js'

/** One line for each engine; the one that is forwarded says so. */
export function engineTable(engines: readonly Engine[]): string {
  const rows = engines.map((engine) => [
    engine.engine_id,
    engine.container_name ?? '-',
    `${engine.host}:${engine.port}`,
    engine.phase === 'running' ? engine.health_status : engine.phase,
    String(engine.streams.length),
    engine.forwarded ? `FORWARDED on ${engine.forwarded_port ?? 'no port'}` : '',
  ])
  const table = [['ENGINE', 'CONTAINER', 'ADDRESS', 'HEALTH', 'STREAMS', ''], ...rows].map((cells) => cells.map(shownText))
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  return table
    .map((cells, row) => {
      const line = cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
      if (row === 0) return styleText('dim', line)
      return engines[row - 1]?.forwarded ? styleText('green', line) : line
    })
    .join('\n')
}
