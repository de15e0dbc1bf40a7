/**
 * @module
 * Which ports an engine gets, and which of the VPN's counts. The fleet workflow is the only allocator, so a port is never given twice.
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

/** The one that counts of several forwarded ports: the one that is in use, `known`, while it is forwarded, else the lowest; `null` when none is. */
export function forwardedOne(ports: readonly number[], known: number | null): number | null {
  if (ports.length === 0) return null
  return known !== null && ports.includes(known) ? known : Math.min(...ports)
}
