/**
 * @module
 * Which ports an engine gets. The fleet workflow is the only allocator, so a port is never given twice.
 */

/** Both ends belong to the range. */
export interface PortRange {
  from: number
  to: number
}

/** The lowest port of the range that is not taken, `null` when all are. */
export function lowestFree(range: PortRange, taken: ReadonlySet<number>): number | null {
  for (let port = range.from; port <= range.to; port++) if (!taken.has(port)) return port
  return null
}
