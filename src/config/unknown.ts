/**
 * @module
 * Variables that look meant for Berth and have no effect: misspelt ones, and those of older orchestrators.
 */
import { COMPOSE_VARIABLES } from './compose.js'
import type { Environment } from './config.js'
import { SECRETS, VARIABLES } from './variables.js'

/** One variable that has no effect. `not-used` was known to older orchestrators; `detail` says why it does nothing here. */
export interface VariableReport {
  variable: string
  kind: 'unknown' | 'not-used'
  detail: string
  suggestion: string | null
}

/** Variables of older orchestrators that do nothing here, and why. */
export const NOT_USED: Readonly<Record<string, string>> = {
  ACE_HTTP_RANGE: 'an engine has one HTTP port, the same inside and outside its container: see PORT_RANGE_HOST and MAX_ACTIVE_REPLICAS',
  ACE_MAP_HTTPS: 'not yet: HTTPS ports are not published',
  AUTOSCALE_INTERVAL_S: 'the fleet acts on each change, not on a timer',
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: 'failed engines are tried again with a growing pause, each by itself',
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: 'failed engines are tried again with a growing pause, each by itself',
  CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD: 'failed engines are tried again with a growing pause, each by itself',
  CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: 'failed engines are tried again with a growing pause, each by itself',
  DB_URL: "there is no database besides Temporal's: see BERTH_DATA_DIR",
  DEBUG_LOG_DIR: 'see LOG_LEVEL',
  DEBUG_MODE: 'see LOG_LEVEL',
  GLUETUN_CONTAINER_NAME_2: 'not yet: a second Gluetun is a second pool',
  GLUETUN_HEALTH_CHECK_INTERVAL_S: 'Gluetun is asked each second or two; changes are seen within 3 s',
  GLUETUN_PORT_CACHE_TTL_S: 'the forwarded port is not cached',
  GLUETUN_PORT_RANGE_2: 'not yet: a second Gluetun is a second pool',
  HEALTH_REPLACEMENT_COOLDOWN_S: 'not yet: there is no pause between replacements',
  HEALTH_UNHEALTHY_GRACE_PERIOD_S: 'not yet: see HEALTH_FAILURE_THRESHOLD',
  IDLE_TTL_S: 'it never had an effect',
  MAX_CONCURRENT_PROVISIONS: 'it never had an effect',
  MIN_PROVISION_INTERVAL_S: 'it never had an effect',
  MONITOR_INTERVAL_S: "Docker's events are followed, and everything is listed again in between",
  VPN_MODE: 'not yet: one Gluetun per pool',
  VPN_RESTART_ENGINES_ON_RECONNECT: 'engines that lost their network are always repaired',
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: 'Berth never restarts Gluetun',
}

const PREFIXES =
  /^(BERTH|GLUETUN|ENGINE|APP|API|MIN|MAX|ACE|HEALTH|CIRCUIT|AUTOSCALE|MONITOR|COLLECT|STARTUP|CONTAINER_LABEL|PORT_RANGE|RECONCILE|FORWARDED_ROTATE|FORWARDED_DRAIN|READ_AUTH|RATE_LIMIT|TRUSTED_PROXIES|FRAME_ANCESTORS)(_|$)/
/** Read by other parts: the Temporal client, the set-up, the demo, the tests. */
const ELSEWHERE = /^(TEMPORAL_|DOCKER_|NODE_|BERTH_TEMPORAL_|BERTH_CACHE_DIR$|BERTH_URL$|BERTH_DEMO_|BERTH_COMPOSE$|BERTH_IMAGE_NODE$)/
const KNOWN = new Set<string>([
  ...VARIABLES.map(({ name }) => name),
  ...SECRETS.map((name) => `${name}_FILE`),
  ...COMPOSE_VARIABLES.map(({ name }) => name),
])

/** All variables in `env` that look meant for Berth and have no effect, by name. Values are never part of it. */
export function unknownVariables(env: Environment): VariableReport[] {
  const reports: VariableReport[] = []
  for (const variable of Object.keys(env).toSorted()) {
    if (KNOWN.has(variable) || !env[variable]?.trim()) continue
    const why = NOT_USED[variable]
    if (why !== undefined) {
      reports.push({ variable, kind: 'not-used', detail: `has no effect: ${why}`, suggestion: null })
      continue
    }
    const nearest = nearestName(variable)
    if (ELSEWHERE.test(variable) ? nearest === null : !PREFIXES.test(variable) && nearest === null) continue
    const hint = nearest === null ? '' : `; did you mean ${nearest}?`
    reports.push({ variable, kind: 'unknown', detail: `is not known${hint}`, suggestion: nearest })
  }
  return reports
}

/** A known name that differs by a slip or two, `null` when none is that near. */
function nearestName(variable: string): string | null {
  const allowed = variable.length >= 10 ? 2 : 1
  const near = [...KNOWN]
    .map((name) => ({ name, distance: editDistance(variable.toUpperCase(), name) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = near[0]
  return variable.length >= 6 && best !== undefined && best.distance <= allowed ? best.name : null
}

/** Letters to insert, remove or exchange, at most, to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
