/**
 * @module
 * Which engines are shown, and in which order. Pure.
 */
import type { EngineState } from '../api/contracts.js'
import type { EnginesFilter, EnginesOrder, EnginesSearch } from './engines-search.js'

const FILTERS: Record<EnginesFilter, (engine: EngineState) => boolean> = {
  forwarded: ({ forwarded }) => forwarded,
  healthy: ({ phase, health_status }) => phase === 'running' && health_status === 'healthy',
  unhealthy: ({ health_status, problem }) => health_status === 'unhealthy' || problem !== null,
  busy: ({ streams }) => streams.length > 0,
  free: ({ phase, streams }) => phase === 'running' && streams.length === 0,
  moving: ({ phase, draining }) => phase !== 'running' || draining,
}

/** What needs a look comes first. */
const URGENCY: Record<EngineState['phase'], number> = { 'backing-off': 0, provisioning: 2, starting: 3, removing: 4, running: 6 }
const urgency = ({ phase, health_status }: EngineState): number =>
  phase === 'running' ? { unhealthy: 1, unknown: 5, healthy: 6 }[health_status] : URGENCY[phase]

const age = ({ started_at }: EngineState): number => (started_at === null ? Number.POSITIVE_INFINITY : Date.parse(started_at))

const ORDERS: Record<EnginesOrder, (a: EngineState, b: EngineState) => number> = {
  port: (a, b) => a.port - b.port,
  engine: (a, b) => (a.engine_id < b.engine_id ? -1 : a.engine_id > b.engine_id ? 1 : 0),
  state: (a, b) => urgency(a) - urgency(b),
  streams: (a, b) => a.streams.length - b.streams.length,
  age: (a, b) => (age(a) === age(b) ? 0 : age(b) - age(a)),
}

/** The engines that match, in order. Words are looked for in ids, names, addresses and labels. */
export function arrange(engines: readonly EngineState[], { q = '', show, by = 'port', down }: EnginesSearch): EngineState[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = (engine: EngineState): boolean => {
    if (show !== undefined && !FILTERS[show](engine)) return false
    const text = textOf(engine)
    return words.every((word) => text.includes(word))
  }
  const arranged = engines.filter(matches).toSorted((a, b) => ORDERS[by](a, b) || a.port - b.port)
  return down ? arranged.reverse() : arranged
}

function textOf({
  engine_id,
  container_name,
  container_id,
  host,
  port,
  labels,
  engine_variant,
  phase,
  health_status,
}: EngineState): string {
  const told = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [engine_id, container_name, container_id, `${host}:${port}`, engine_variant, phase, health_status, ...told].join(' ').toLowerCase()
}
