/**
 * @module
 * What the worker finds out at running containers, on its way to readers, small enough for a heartbeat. Pure.
 */
import type { EngineCheck } from './views.js'

/** One container's check. */
export type PackedCheck = readonly [containerId: string, at: number, connected: boolean | null, listening: boolean | null]

/** All of them, in the order of the map. */
export function packChecks(checks: ReadonlyMap<string, EngineCheck>): PackedCheck[] {
  return [...checks].map(([id, { at, connected, listening }]) => [id, at, connected, listening])
}

/** What `packChecks` made, as it came; what is not of that form is left out. */
export function unpackChecks(packed: unknown): Map<string, EngineCheck> {
  const checks = new Map<string, EngineCheck>()
  for (const one of Array.isArray(packed) ? packed : []) {
    const [id, at, connected, listening]: unknown[] = Array.isArray(one) ? one : []
    if (typeof id === 'string' && typeof at === 'number')
      checks.set(id, { at, connected: booleanOf(connected), listening: booleanOf(listening) })
  }
  return checks
}

function booleanOf(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null
}
