/**
 * @module
 * Engines, VPN and readiness as clients read them. Pure.
 */
import type { EngineState } from '../contracts/engines.js'
import type { Ready } from '../contracts/health.js'
import { toTime } from '../contracts/time.js'
import type { Vpn, VpnStatus } from '../contracts/vpn.js'
import { ourLabels } from '../domain/labels.js'
import { forwardedOne } from '../domain/ports.js'
import type { EngineView, LeaseView, VpnView } from '../domain/views.js'
import type { PartStatus, Snapshot } from '../temporal/control-plane.js'
import type { HttpConfig } from './dependencies.js'

/** What marks containers as this Berth's. */
export type Ownership = Pick<HttpConfig, 'docker' | 'instance'>

/** Phases in which the last container is known to be gone. */
const ABSENT: readonly string[] = ['provisioning', 'backing-off']

/** The lease's word: this very container of this engine was cleared to start and has not been revoked. */
export function isForwarded(engine: Pick<EngineView, 'engineId' | 'containerId'>, lease: Pick<LeaseView, 'holder'>): boolean {
  const { holder } = lease
  return (
    holder?.phase === 'active' &&
    holder.containerId !== null &&
    holder.engineId === engine.engineId &&
    holder.containerId === engine.containerId
  )
}

/** One engine. */
export function presentEngine(told: EngineView, snapshot: Pick<Snapshot, 'lease' | 'observedAt' | 'checks'>, ours: Ownership): EngineState {
  const engine = upToDate(told, snapshot.lease)
  const check = engine.containerId === null ? undefined : snapshot.checks.get(engine.containerId)
  return {
    container_id: engine.containerId,
    container_name: engine.containerName,
    host: engine.host ?? engine.vpnContainer ?? 'localhost',
    port: engine.hostHttpPort,
    labels: labelsOf(engine, ours),
    forwarded: isForwarded(engine, snapshot.lease),
    first_seen: toTime(engine.firstSeen),
    last_seen: toTime(snapshot.observedAt),
    streams: engine.streams.map(({ id }) => id),
    health_status: engine.health,
    last_health_check: toTime(check?.at ?? null),
    last_stream_usage: toTime(engine.lastStreamUsage),
    last_cache_cleanup: null,
    cache_size_bytes: null,
    vpn_container: engine.vpnContainer,
    engine_variant: engine.variant,
    platform: engine.platform,
    version: engine.version,
    forwarded_port: engine.p2pPort,
    p2p_connected: check?.connected ?? null,
    p2p_listening: check?.listening ?? null,
    engine_id: engine.engineId,
    draining: engine.draining,
    phase: engine.phase,
    lease_epoch: engine.epoch,
    health_since: toTime(engine.healthSince),
    started_at: toTime(engine.startedAt),
    losses: engine.losses,
    problem: engine.problem,
  }
}

/** The container's labels: the caller's, and ours as they were written at its creation. */
function labelsOf(engine: EngineView, ours: Ownership): Record<string, string> {
  const { engineId, pool, httpPort, httpsPort, hostHttpPort, vpnContainer, epoch, p2pPort } = engine
  const forwarded = engine.forwarded && epoch !== null && p2pPort !== null ? { index: 0, epoch, p2pPort } : null
  const facts = { engineId, pool, variant: engine.variant ?? '', httpPort, httpsPort, hostHttpPort, vpnContainer, forwarded }
  return { ...engine.labels, ...ourLabels(facts, ours.docker.managedLabel, ours.instance) }
}

/**
 * The lease knows of a hand-over before the engine has told of it. The active holder has the container that was cleared to start and no other;
 * a forwarded container of anybody else is on its way out.
 */
function upToDate(engine: EngineView, { holder, recovering }: Pick<LeaseView, 'holder' | 'recovering'>): EngineView {
  const isHolder = holder?.phase === 'active' && holder.engineId === engine.engineId
  const outdated = isHolder ? holder.containerId !== engine.containerId : engine.forwarded && !recovering
  return outdated && !ABSENT.includes(engine.phase) ? { ...engine, phase: 'provisioning', health: 'unknown', healthSince: null } : engine
}

/** Engines by port. One whose container does not run is left out unless `all` is asked for: clients would dial it. */
export function presentEngines(snapshot: Snapshot, all: boolean, ours: Ownership): EngineState[] {
  return snapshot.fleet.engines
    .map((engine) => presentEngine(engine, snapshot, ours))
    .filter((engine) => all || (engine.container_id !== null && !ABSENT.includes(engine.phase)))
    .toSorted((a, b) => a.port - b.port || (a.engine_id < b.engine_id ? -1 : 1))
}

/** The VPN as the older orchestrator tells of it, which could have two. */
export function presentVpnStatus(snapshot: Snapshot): VpnStatus {
  const vpn = presentVpn(snapshot)
  return {
    mode: vpn.enabled ? 'single' : 'disabled',
    ...vpn,
    vpn1: vpn.enabled ? vpn : null,
    vpn2: null,
    emergency_mode: { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: 0 },
  }
}

/** The VPN; its fields are empty when there is none. Of several ports it shows the one that counts (`forwardedOne`). */
export function presentVpn({ fleet: { vpn }, lease, observedAt }: Pick<Snapshot, 'fleet' | 'lease'> & { observedAt: number | null }): Vpn {
  if (!vpn.enabled) return NO_VPN
  const checked = toTime(observedAt)
  return {
    enabled: true,
    status: vpn.containerRunning ? vpn.status : 'stopped',
    container_name: vpn.containerName,
    container: vpn.containerName,
    health: vpnHealth(vpn),
    connected: vpn.connected,
    forwarded_port: forwardedOne(vpn.forwardedPorts, lease.port),
    public_ip: vpn.publicIp,
    provider: vpn.provider,
    country: vpn.country,
    city: vpn.city,
    region: vpn.region,
    last_check: checked,
    last_check_at: checked,
    forwarded_ports: vpn.forwardedPorts,
    problem: vpn.problem,
  }
}

const NO_VPN: Vpn = {
  enabled: false,
  status: 'disabled',
  container_name: null,
  container: null,
  health: 'unknown',
  connected: false,
  forwarded_port: null,
  public_ip: null,
  provider: null,
  country: null,
  city: null,
  region: null,
  last_check: null,
  last_check_at: null,
  forwarded_ports: [],
  problem: null,
}

/** Without a health check of Docker's the tunnel itself decides, as clients take `healthy` for "usable". */
function vpnHealth(vpn: VpnView): Vpn['health'] {
  if (!vpn.containerRunning) return 'unhealthy'
  if (vpn.containerHealth !== 'none') return vpn.containerHealth
  return vpn.connected ? 'healthy' : 'unknown'
}

/** Each part by its name; ready only when all are. */
export function presentReadiness(parts: readonly PartStatus[]): Ready {
  return {
    status: parts.every((part) => part.ok) ? 'ready' : 'not-ready',
    parts: Object.fromEntries(parts.map(({ part, ok, code = null, detail }) => [part, { ok, code, detail }])),
  }
}
