/**
 * @module
 * The fleet, and all that matters at a glance, as clients read them. Pure.
 */
import type { Fleet } from '../contracts/fleet.js'
import type { HealthStatus, OrchestratorStatus } from '../contracts/orchestrator.js'
import type { Summary } from '../contracts/summary.js'
import { toTime } from '../contracts/time.js'
import type { EngineView } from '../domain/views.js'
import type { Snapshot } from '../temporal/control-plane.js'
import { isForwarded, presentVpn } from './present.js'

/** With a container that runs. */
export const isRunning = ({ phase, containerId }: EngineView): boolean =>
  containerId !== null && (phase === 'starting' || phase === 'running')

function counted(engines: readonly EngineView[]): Fleet['engines'] {
  const running = engines.filter(isRunning)
  return {
    total: engines.length,
    running: running.length,
    healthy: running.filter(({ health }) => health === 'healthy').length,
    unhealthy: running.filter(({ health }) => health === 'unhealthy').length,
    free: running.filter(({ streams, draining }) => streams.length === 0 && !draining).length,
  }
}

const playing = (engines: readonly EngineView[]): number => engines.reduce((count, { streams }) => count + streams.length, 0)

export function presentFleet({ fleet }: Pick<Snapshot, 'fleet'>): Fleet {
  const { docker } = fleet
  return {
    pool: fleet.pool,
    wanted: fleet.wanted,
    min_replicas: fleet.minReplicas,
    max_replicas: fleet.maxReplicas,
    min_free_replicas: fleet.minFreeReplicas,
    engines: counted(fleet.engines),
    streams: playing(fleet.engines),
    docker: {
      reachable: docker.reachable,
      problem: docker.reachable ? null : { code: 'docker-unreachable', detail: docker.detail ?? 'Docker does not answer.' },
    },
    dry_run: fleet.reconcile.dryRun,
  }
}

/** `version` is Berth's own, `now` Unix milliseconds. */
export function presentSummary(snapshot: Snapshot, version: string, now: number): Summary {
  const { fleet, lease, stale, takenAt } = snapshot
  const counts = counted(fleet.engines)
  const holder = fleet.engines.find((engine) => isForwarded(engine, lease))
  const settled = lease.condition === null || lease.condition.code === 'disabled'
  const well = settled && !stale && fleet.docker.reachable && fleet.vpn.problem === null && counts.healthy >= fleet.wanted
  return {
    status: well ? 'ok' : 'attention',
    version,
    pool: fleet.pool,
    engines_wanted: fleet.wanted,
    engines_total: counts.total,
    engines_running: counts.running,
    engines_healthy: counts.healthy,
    streams_active: playing(fleet.engines),
    forwarded_engine: holder?.engineId ?? null,
    forwarded_container: holder?.containerName ?? null,
    forwarded_port: holder === undefined ? null : (lease.holder?.port ?? null),
    lease_epoch: lease.epoch,
    lease_condition: lease.condition?.code ?? null,
    vpn_enabled: fleet.vpn.enabled,
    vpn_connected: fleet.vpn.connected,
    vpn_public_ip: fleet.vpn.publicIp,
    vpn_country: fleet.vpn.country,
    last_change: toTime(lease.log.at(-1)?.grantedAt ?? null),
    stale,
    age_s: Math.max(0, Math.round((now - takenAt) / 100) / 10),
  }
}

/** What the older orchestrator called circuit breakers is the back-off of engines whose containers do not last: open while one waits. */
const backingOff = (engines: readonly EngineView[]): EngineView[] => engines.filter(({ phase }) => phase === 'backing-off')

/** Seconds after which a client asks again when nobody knows better. */
const ASK_AGAIN_S = 60

export interface StatusSettings {
  /** How long an engine that has played stays empty before it goes, `null`: none goes by itself. */
  emptyForMs: number | null
  variant: string
}

/** What proxies ask before they provision. */
export function presentOrchestrator(snapshot: Snapshot, settings: StatusSettings, now: number): OrchestratorStatus {
  const { fleet } = snapshot
  const counts = counted(fleet.engines)
  const vpn = presentVpn(snapshot)
  const waiting = backingOff(fleet.engines)
  const active = playing(fleet.engines)
  const full = fleet.engines.length >= fleet.maxReplicas
  const blocked = !fleet.docker.reachable
    ? { code: 'general_error' as const, message: fleet.docker.detail ?? 'Docker does not answer.' }
    : fleet.vpn.enabled && !fleet.vpn.connected
      ? { code: 'vpn_disconnected' as const, message: fleet.vpn.problem?.detail ?? 'The VPN is not connected.' }
      : full
        ? { code: 'max_capacity' as const, message: `${fleet.engines.length} engines run and MAX_REPLICAS is ${fleet.maxReplicas}.` }
        : null
  const healthy = blocked === null && !snapshot.stale && counts.healthy >= fleet.minReplicas
  return {
    status: healthy || (blocked?.code === 'max_capacity' && !snapshot.stale) ? 'healthy' : counts.running > 0 ? 'degraded' : 'unavailable',
    engines: { total: counts.total, running: counts.running, healthy: counts.healthy, unhealthy: counts.unhealthy },
    streams: { active, total: active + fleet.ended.length },
    capacity: {
      total: counts.total,
      used: counts.running - counts.free,
      available: Math.max(0, fleet.maxReplicas - (counts.running - counts.free)),
      max_replicas: fleet.maxReplicas,
      min_replicas: fleet.minReplicas,
    },
    vpn: {
      enabled: vpn.enabled,
      connected: vpn.connected,
      health: vpn.health,
      container: vpn.container,
      forwarded_port: vpn.forwarded_port,
    },
    provisioning: {
      can_provision: blocked === null,
      circuit_breaker_state: waiting.length > 0 ? 'half_open' : 'closed',
      last_failure: null,
      blocked_reason: blocked?.message ?? null,
      blocked_reason_details:
        blocked === null
          ? null
          : { ...blocked, recovery_eta_seconds: blocked.code === 'max_capacity' ? null : ASK_AGAIN_S, can_retry: true, should_wait: true },
    },
    config: {
      auto_delete: settings.emptyForMs !== null,
      grace_period_s: (settings.emptyForMs ?? 0) / 1000,
      engine_variant: settings.variant,
      debug_mode: false,
    },
    timestamp: toTime(now),
  }
}

/** `intervalMs`: how often engines are asked for their health. */
export function presentHealth({ fleet }: Snapshot, intervalMs: number): HealthStatus {
  const counts = counted(fleet.engines)
  const waiting = backingOff(fleet.engines).length
  const breaker = (count: number) => ({
    state: count > 0 ? ('half_open' as const) : ('closed' as const),
    failure_count: count,
    last_failure_time: null,
  })
  return {
    total_engines: counts.total,
    healthy_engines: counts.healthy,
    unhealthy_engines: counts.unhealthy,
    marked_for_replacement: counts.unhealthy,
    minimum_required: fleet.minReplicas,
    health_check_interval: intervalMs / 1000,
    circuit_breakers: {
      general: breaker(waiting),
      replacement: breaker(fleet.engines.filter(({ losses, phase }) => losses > 0 && phase === 'backing-off').length),
    },
  }
}
