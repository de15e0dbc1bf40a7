/**
 * @module
 * Metrics in Prometheus' text form, told from the snapshot alone.
 */
import { Gauge, Registry } from 'prom-client'
import type { Snapshot } from '../temporal/control-plane.js'
import { isForwarded } from './present.js'
import { presentFleet } from './present-fleet.js'

const PHASES = ['provisioning', 'starting', 'running', 'backing-off', 'removing'] as const

/** One scrape. `now`: Unix milliseconds. */
export async function metricsOf(snapshot: Snapshot, version: string, now: number): Promise<string> {
  const registry = new Registry()
  const { fleet, lease } = snapshot
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] })
  const counts = presentFleet(snapshot)

  const engines = gauge('acestream_engines', 'Engines by phase', ['state'])
  for (const state of PHASES) engines.set({ state }, fleet.engines.filter(({ phase }) => phase === state).length)
  gauge('acestream_engines_wanted', 'Engines that are to be kept').set(fleet.wanted)
  gauge('acestream_engines_healthy', 'Engines that answer as healthy').set(counts.engines.healthy)
  gauge('acestream_engines_free', 'Engines that run and play nothing').set(counts.engines.free)
  gauge('acestream_engine_losses', 'Containers that the present engines have lost').set(
    fleet.engines.reduce((sum, { losses }) => sum + losses, 0),
  )
  gauge('acestream_streams_active', 'Streams that play').set(counts.streams)

  const holder = fleet.engines.find((engine) => isForwarded(engine, lease))
  const scope = { vpn: fleet.vpn.containerName ?? '', index: String(lease.index) }
  gauge('acestream_lease_held', '1 while an engine holds the forwarded port', ['vpn', 'index']).set(scope, holder ? 1 : 0)
  gauge('acestream_lease_epoch', 'The newest epoch of the lease').set(lease.epoch)
  gauge('acestream_forwarded_port', 'The port that the VPN forwards, 0 for none').set(lease.port ?? 0)
  const last = lease.log.findLast(({ gapMs }) => gapMs !== null)
  gauge('acestream_lease_last_gap_seconds', 'How long the port was without a holder at the last turnover').set((last?.gapMs ?? 0) / 1000)

  const listening = snapshot.checks.get(holder?.containerId ?? '')?.listening ?? null
  if (listening !== null)
    gauge('acestream_p2p_listening', '1 while the forwarded port takes connections, 0 while not').set(Number(listening))

  gauge('gluetun_up', '1 while the VPN is connected').set(fleet.vpn.connected ? 1 : 0)
  gauge('acestream_docker_up', '1 while Docker answers').set(fleet.docker.reachable ? 1 : 0)
  gauge('acestream_state_age_seconds', 'How old the state is that these numbers tell of').set(Math.max(0, now - snapshot.takenAt) / 1000)
  gauge('acestream_build_info', 'Always 1', ['version']).set({ version }, 1)
  return registry.metrics()
}
