/**
 * @module
 * A control plane of plain values for tests of the HTTP layer.
 */
import { BerthError } from '../../src/domain/errors.js'
import type { EngineView, LeaseView, VpnView } from '../../src/domain/views.js'
import type { ControlPlane, PartStatus, ProvisionRequest, Snapshot } from '../../src/temporal/control-plane.js'

export const NOW = Date.UTC(2026, 7, 7, 12, 0, 0)

export const hex = (digit: string): string => digit.repeat(64)

export function engineView(changes: Partial<EngineView> = {}): EngineView {
  return {
    engineId: 'e-1',
    pool: 'default',
    phase: 'running',
    containerId: hex('a'),
    containerName: 'berth-e-1',
    image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
    variant: 'krinkuto11-amd64',
    host: 'gluetun',
    httpPort: 19_000,
    httpsPort: 45_000,
    hostHttpPort: 19_000,
    vpnContainer: 'gluetun',
    labels: { 'ondemand.app': 'myservice', 'acestream.http_port': '19000' },
    forwarded: false,
    epoch: null,
    p2pPort: null,
    health: 'healthy',
    healthSince: NOW - 60_000,
    version: '3.2.3',
    platform: 'linux',
    streams: [],
    lastStreamUsage: null,
    firstSeen: NOW - 120_000,
    startedAt: NOW - 119_000,
    losses: 0,
    problem: null,
    revision: 7,
    ...changes,
  }
}

export function leaseView(changes: Partial<LeaseView> = {}): LeaseView {
  return {
    pool: 'default',
    index: 0,
    enabled: true,
    recovering: false,
    epoch: 17,
    port: 51_413,
    portGeneration: { session: 1, sequence: 1 },
    preferred: null,
    holder: null,
    condition: null,
    log: [],
    ...changes,
  }
}

export function vpnView(changes: Partial<VpnView> = {}): VpnView {
  return {
    enabled: true,
    containerName: 'gluetun',
    containerRunning: true,
    containerHealth: 'healthy',
    status: 'running',
    connected: true,
    forwardedPorts: [51_413],
    publicIp: '203.0.113.7',
    country: 'Netherlands',
    region: 'North Holland',
    city: 'Amsterdam',
    provider: 'protonvpn',
    problem: null,
    ...changes,
  }
}

export function snapshotOf(
  parts: { engines?: EngineView[]; lease?: LeaseView; vpn?: VpnView; stale?: boolean; takenAt?: number; observedAt?: number | null } = {},
): Snapshot {
  return {
    fleet: {
      pool: 'default',
      wanted: 1,
      minReplicas: 1,
      maxReplicas: 20,
      engines: parts.engines ?? [],
      vpn: parts.vpn ?? vpnView(),
      docker: { reachable: true, detail: null },
    },
    lease: parts.lease ?? leaseView(),
    takenAt: parts.takenAt ?? NOW,
    observedAt: parts.observedAt === undefined ? NOW - 500 : parts.observedAt,
    stale: parts.stale ?? false,
  }
}

/** Answers from `current` and remembers every change that was asked of it. */
export class FakeControlPlane implements ControlPlane {
  readonly provisioned: ProvisionRequest[] = []
  readonly removed: { id: string; requestId: string }[] = []
  readonly scaled: { wanted: number; requestId: string }[] = []
  readonly elected: { reason: string; requestId: string }[] = []
  snapshots = 0
  /** What every method rejects with. */
  failure: Error | null = null
  parts: PartStatus[] = [{ part: 'temporal', ok: true, detail: null }]
  provisionedEngine: EngineView = engineView()

  constructor(public current: Snapshot = snapshotOf()) {}

  async snapshot(): Promise<Snapshot> {
    this.snapshots += 1
    return this.current
  }

  async provision(request: ProvisionRequest): Promise<EngineView> {
    if (this.failure) throw this.failure
    this.provisioned.push(request)
    return this.provisionedEngine
  }

  async remove(id: string, requestId: string): Promise<void> {
    if (this.failure) throw this.failure
    const { engines } = this.current.fleet
    if (!engines.some((engine) => [engine.engineId, engine.containerId, engine.containerName].includes(id))) {
      throw new BerthError('not-found', `there is no engine "${id}"`)
    }
    this.removed.push({ id, requestId })
  }

  async scale(wanted: number, requestId: string): Promise<number> {
    if (this.failure) throw this.failure
    this.scaled.push({ wanted, requestId })
    return Math.min(wanted, this.current.fleet.maxReplicas)
  }

  async elect(reason: string, requestId: string): Promise<LeaseView> {
    if (this.failure) throw this.failure
    this.elected.push({ reason, requestId })
    return this.current.lease
  }

  async park(): Promise<void> {
    throw new Error('nothing in the HTTP layer parks the fleet')
  }

  async readiness(): Promise<PartStatus[]> {
    if (this.failure) throw this.failure
    return this.parts
  }
}
