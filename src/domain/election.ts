/**
 * @module
 * Who is to be forwarded next. Pure.
 */
import type { EngineView } from './views.js'

const HEALTH_RANK = { healthy: 0, unknown: 1, unhealthy: 2 } as const

/** What an election looks at beside the engines. */
export interface ElectionRules {
  /** Engine named by a person. */
  preferred: string | null
  /** Engine just unseated: chosen only when there is no other. */
  excluded: string | null
  /** Take engines with streams too. */
  force: boolean
}

/**
 * The engine that is to become forwarded, `null` when none can: preferred if not unhealthy, then healthiest, least streams, longest without
 * streams, lowest id. An engine must be made anew to become forwarded, so one with streams is taken only with `force`; one that drains never.
 */
export function choose(engines: readonly EngineView[], rules: ElectionRules): string | null {
  const able = engines.filter(
    (engine) =>
      (engine.phase === 'running' || engine.phase === 'starting') && !engine.draining && (rules.force || engine.streams.length === 0),
  )
  const preferred = able.find((engine) => engine.engineId === rules.preferred && engine.health !== 'unhealthy')
  if (preferred) return preferred.engineId
  const others = able.filter((engine) => engine.engineId !== rules.excluded)
  const [best] = (others.length > 0 ? others : able).toSorted(
    (a, b) =>
      HEALTH_RANK[a.health] - HEALTH_RANK[b.health] ||
      a.streams.length - b.streams.length ||
      (a.lastStreamUsage ?? 0) - (b.lastStreamUsage ?? 0) ||
      a.engineId.localeCompare(b.engineId),
  )
  return best?.engineId ?? null
}
