/**
 * @module
 * How many engines there are to be, and which ones go first. Pure.
 */
import type { EngineView } from './views.js'

/** What the number of engines is decided on. */
export interface ScalingFacts {
  /** What is asked for: 0 while the fleet is parked. */
  wanted: number
  maxReplicas: number
  /** Engines that play nothing, kept above the wanted number if need be; 0 has no say. */
  minFree: number
  /** How long an engine that has played stays empty before it goes, `null`: none goes by itself. Milliseconds. */
  emptyForMs: number | null
  /** Engines above the wanted number that were started for `minFree`. */
  autoscaled: number
  /** Engines on their way out that still have the port: what takes their place waits for them. */
  handingOver: number
  /** All that are not on their way out. */
  engines: readonly EngineView[]
}

export interface Scaling {
  /** How many are to be started. */
  start: number
  /** Engine ids, in order. */
  remove: string[]
  /** `autoscaled` when that has been done. */
  autoscaled: number
  /** Unix milliseconds at which one is to go although nothing happens, `null`: never. */
  dueAt: number | null
}

/**
 * What brings the fleet nearer to the number that it should have.
 *
 * 1. It should have the wanted number, and with `minFree` as many more as keep so many free while others play; never more than `maxReplicas`. An engine that
 *    is being made counts as free already; one that drains counts as none, but has its place until it is gone.
 * 2. Engines that were started for `minFree` stay when they are not needed any more, unless `emptyForMs` says otherwise or a smaller number is asked for.
 * 3. With `emptyForMs`, each engine that has played and is empty for so long goes, while the wanted number and `minFree` are left. The forwarded one goes only
 *    as the last of all; in its stead goes another that is empty for so long.
 * 4. One that drains goes as soon as it plays nothing.
 * 5. Those without streams go first: followers before the forwarded one, failing before healthy, the newest first. Those that play go last, least streams first.
 */
export function decide(facts: ScalingFacts, now: number): Scaling {
  const { wanted, maxReplicas, minFree, engines, handingOver } = facts
  const counted = engines.filter((engine) => !engine.draining)
  const busy = counted.filter(plays).length
  const target = Math.min(maxReplicas, Math.max(wanted, minFree > 0 ? busy + minFree : 0))
  const start = Math.max(0, Math.min(target - counted.length - handingOver, maxReplicas - engines.length))
  const above = counted.length + start - wanted
  const autoscaled = Math.max(0, start > 0 ? above : Math.min(facts.autoscaled, above))
  const keep = Math.min(maxReplicas, Math.max(target, wanted + autoscaled))
  const surplus = counted.toSorted(byNeed).slice(0, Math.max(0, counted.length - keep))
  const rest = counted.filter((engine) => !surplus.includes(engine))
  const drained = engines.filter((engine) => engine.draining && !plays(engine))
  const leaving = [...drained, ...surplus, ...emptied(facts, rest, now)]
  return { start, remove: leaving.map(({ engineId }) => engineId), autoscaled, dueAt: dueAt(facts, rest, now) }
}

const plays = (engine: EngineView): boolean => engine.streams.length > 0
const isFree = (engine: EngineView): boolean => engine.phase === 'running' && engine.health !== 'unhealthy' && !plays(engine)

/** Those that can be done without first. */
function byNeed(a: EngineView, b: EngineView): number {
  return (
    a.streams.length - b.streams.length ||
    Number(a.forwarded) - Number(b.forwarded) ||
    Number(a.health === 'healthy') - Number(b.health === 'healthy') ||
    b.firstSeen - a.firstSeen ||
    b.httpPort - a.httpPort
  )
}

/** Those of `engines` that go because they, or others in whose stead they go, have played and are empty for long enough. */
function emptied({ emptyForMs, wanted, minFree }: ScalingFacts, engines: readonly EngineView[], now: number): EngineView[] {
  if (emptyForMs === null) return []
  const empty = engines.filter((engine) => !plays(engine) && now - emptySince(engine) >= emptyForMs)
  let insteadOfHolder = empty.some((engine) => engine.forwarded && hasPlayed(engine))
  let left = engines
  const gone: EngineView[] = []
  const order = (a: EngineView, b: EngineView): number =>
    Number(a.forwarded) - Number(b.forwarded) || Number(hasPlayed(b)) - Number(hasPlayed(a)) || byNeed(a, b)
  for (const engine of empty.toSorted(order)) {
    const without = left.filter((other) => other !== engine)
    if (without.length < wanted) break
    if (without.filter(isFree).length < minFree || (engine.forwarded && without.length > 0)) continue
    if (!hasPlayed(engine) && !insteadOfHolder) continue
    insteadOfHolder &&= hasPlayed(engine)
    gone.push(engine)
    left = without
  }
  return gone
}

function dueAt(facts: ScalingFacts, engines: readonly EngineView[], now: number): number | null {
  const { emptyForMs, wanted } = facts
  if (emptyForMs === null || engines.length <= wanted) return null
  const times = engines.filter((engine) => !plays(engine)).map((engine) => emptySince(engine) + emptyForMs)
  const already = emptied(facts, engines, now).length
  return (
    [...new Set(times)]
      .filter((time) => time > now)
      .toSorted((a, b) => a - b)
      .find((time) => emptied(facts, engines, time).length > already) ?? null
  )
}

const hasPlayed = (engine: EngineView): boolean => engine.lastStreamUsage !== null
const emptySince = (engine: EngineView): number => engine.lastStreamUsage ?? engine.startedAt ?? engine.firstSeen
