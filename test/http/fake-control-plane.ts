/**
 * @module
 * A control plane of plain values for tests of the HTTP layer.
 */
import { BerthError } from '../../src/domain/errors.js'
import { findEngine } from '../../src/domain/find-engine.js'
import type {
  EngineCheck,
  EngineView,
  LeaseView,
  ReconcileView,
  RotationView,
  StreamSample,
  StreamView,
  Turnover,
  VpnView,
} from '../../src/domain/views.js'
import type {
  ControlPlane,
  HandOverRequest,
  PartStatus,
  ProvisionRequest,
  Snapshot,
  StreamStart,
} from '../../src/temporal/control-plane.js'
import { aLease } from '../domain/samples.js'

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
    draining: false,
    firstSeen: NOW - 120_000,
    startedAt: NOW - 119_000,
    losses: 0,
    problem: null,
    revision: 7,
    ...changes,
  }
}

export function streamView(changes: Partial<StreamView> = {}): StreamView {
  return {
    id: 'ch-42',
    keyType: 'content_id',
    key: '94c2fd8fb9bc8f2fc71a2cbe9d4b866f227a0209',
    playbackSessionId: 'session-1',
    statUrl: 'http://gluetun:19000/ace/stat/a/b',
    commandUrl: 'http://gluetun:19000/ace/cmd/a/b',
    isLive: true,
    engineId: 'e-1',
    containerId: hex('a'),
    startedAt: NOW - 30_000,
    endedAt: null,
    endReason: null,
    ...changes,
  }
}

export function turnover(epoch: number, changes: Partial<Turnover> = {}): Turnover {
  return {
    epoch,
    engineId: 'e-1',
    port: 51_413,
    containerId: hex('a'),
    grantedAt: NOW + epoch * 1_000,
    activeAt: NOW + epoch * 1_000 + 150,
    endedAt: null,
    began: 'first',
    ended: null,
    gapMs: null,
    ...changes,
  }
}

export const leaseView = (changes: Partial<LeaseView> = {}): LeaseView => aLease({ epoch: 17, ...changes })

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
  parts: {
    engines?: EngineView[]
    lease?: LeaseView
    vpn?: VpnView
    rotation?: RotationView
    reconcile?: ReconcileView
    stale?: boolean
    takenAt?: number
    observedAt?: number | null
    checks?: ReadonlyMap<string, EngineCheck>
    samples?: ReadonlyMap<string, StreamSample>
    ended?: StreamView[]
  } = {},
): Snapshot {
  return {
    fleet: {
      pool: 'default',
      wanted: 1,
      minReplicas: 1,
      maxReplicas: 20,
      minFreeReplicas: 0,
      emptyForMs: null,
      ended: parts.ended ?? [],
      engines: parts.engines ?? [],
      vpn: parts.vpn ?? vpnView(),
      docker: { reachable: true, detail: null },
      rotation: parts.rotation ?? { everyMs: null, due: null },
      listed: true,
      reconcile: parts.reconcile ?? { dryRun: false, wouldRemove: [] },
    },
    lease: parts.lease ?? leaseView(),
    takenAt: parts.takenAt ?? NOW,
    observedAt: parts.observedAt === undefined ? NOW - 500 : parts.observedAt,
    checks: parts.checks ?? new Map(),
    samples: parts.samples ?? new Map(),
    stale: parts.stale ?? false,
  }
}

/** Answers from `current` and remembers every change that was asked of it. */
export class FakeControlPlane implements ControlPlane {
  readonly provisioned: ProvisionRequest[] = []
  readonly removed: { id: string; requestId: string }[] = []
  readonly drained: { id: string; requestId: string }[] = []
  readonly restarted: { id: string; requestId: string; force: boolean }[] = []
  /** What `samplesOf` answers from. */
  readonly history = new Map<string, StreamSample[]>()
  readonly scaled: { wanted: number; requestId: string }[] = []
  readonly elected: (HandOverRequest & { candidate: string | null })[] = []
  readonly designated: (HandOverRequest & { engine: string | null })[] = []
  readonly rotated: HandOverRequest[] = []
  readonly started: StreamStart[] = []
  readonly ended: { streamId: string | null; containerId: string | null; reason: string | null }[] = []
  snapshots = 0
  /** Nothing is at hand: whoever asks waits. */
  reads = false
  existed: (engineId: string) => boolean = () => true
  /** What every method rejects with. */
  failure: Error | null = null
  parts: PartStatus[] = [{ part: 'temporal', ok: true, detail: null }]
  provisionedEngine: EngineView = engineView()

  constructor(public current: Snapshot = snapshotOf()) {}

  async snapshot(): Promise<Snapshot> {
    this.snapshots += 1
    return this.current
  }

  snapshotAtHand(): Snapshot | null {
    if (this.reads) return null
    this.snapshots += 1
    return this.current
  }

  async provision(request: ProvisionRequest): Promise<EngineView> {
    if (this.failure) throw this.failure
    this.provisioned.push(request)
    return this.provisionedEngine
  }

  async provisionLater(request: ProvisionRequest): Promise<{ engineId: string }> {
    return { engineId: (await this.provision(request)).engineId }
  }

  async remove(id: string, requestId: string): Promise<void> {
    this.#named(id)
    this.removed.push({ id, requestId })
  }

  async removeLater(id: string, requestId: string): Promise<{ engineId: string }> {
    const { engineId } = this.#named(id)
    this.removed.push({ id, requestId })
    return { engineId }
  }

  async drain(id: string, requestId: string): Promise<EngineView> {
    const engine = this.#named(id)
    this.drained.push({ id, requestId })
    return { ...engine, draining: true }
  }

  async restart(id: string, { requestId, force }: { requestId: string; force: boolean }): Promise<EngineView> {
    const engine = this.#named(id)
    if (engine.streams.length > 0 && !force) throw new BerthError('conflict', `engine ${engine.engineId} plays ${engine.streams.length}`)
    this.restarted.push({ id, requestId, force })
    return engine
  }

  samplesOf(streamId: string, sinceMs: number | null): StreamSample[] {
    return (this.history.get(streamId) ?? []).filter(({ ts }) => ts > (sinceMs ?? 0))
  }

  async scale(wanted: number, requestId: string): Promise<number> {
    if (this.failure) throw this.failure
    this.scaled.push({ wanted, requestId })
    return Math.min(wanted, this.current.fleet.maxReplicas)
  }

  async elect(request: HandOverRequest & { candidate: string | null }): Promise<LeaseView> {
    this.#mayHandOver(request, request.candidate)
    this.elected.push(request)
    return this.current.lease
  }

  async designate(request: HandOverRequest & { engine: string | null }): Promise<LeaseView> {
    this.#mayHandOver(request, request.engine)
    this.designated.push(request)
    return { ...this.current.lease, preferred: request.engine }
  }

  async rotate(request: HandOverRequest): Promise<LeaseView> {
    this.#mayHandOver(request, null)
    this.rotated.push(request)
    return this.current.lease
  }

  async streamStarted(stream: StreamStart): Promise<StreamView> {
    if (this.failure) throw this.failure
    const engine = this.current.fleet.engines.find(({ containerId, host, hostHttpPort }) =>
      stream.containerId === null ? host === stream.host && hostHttpPort === stream.port : containerId === stream.containerId,
    )
    if (engine === undefined) throw new BerthError('not-found', `there is no engine at ${stream.host}:${stream.port}`)
    this.started.push(stream)
    const { host: _, port: __, ...told } = stream
    return streamView({ ...told, engineId: engine.engineId, containerId: engine.containerId ?? '', startedAt: NOW })
  }

  async streamEnded(end: { streamId: string | null; containerId: string | null; reason: string | null }) {
    if (this.failure) throw this.failure
    this.ended.push(end)
    const playing = this.current.fleet.engines.flatMap(({ streams }) => streams)
    const stream = playing.find(({ id, containerId }) => (end.streamId === null ? containerId === end.containerId : id === end.streamId))
    if (stream === undefined) return { updated: false, stream: null }
    return { updated: true, stream: { ...stream, endedAt: NOW, endReason: end.reason } }
  }

  async logs(id: string, tail: number) {
    const { containerId } = this.#named(id)
    const line = { at: '2026-08-07T12:00:00.000Z', stream: 'stdout' as const, text: 'ready' }
    return { containerId: containerId ?? '', lines: Array.from({ length: Math.min(tail, 3) }, () => line) }
  }

  async environment(id: string) {
    const { containerId } = this.#named(id)
    return { containerId: containerId ?? '', environment: { CONF: '--bind-all', ACCESS_TOKEN: '********' } }
  }

  async retryNow(): Promise<number> {
    if (this.failure) throw this.failure
    return this.current.fleet.engines.filter(({ phase }) => phase === 'backing-off').length
  }

  async hasExisted(engineId: string): Promise<boolean> {
    return this.existed(engineId)
  }

  async refresh(): Promise<number> {
    throw new Error('nothing in the HTTP layer refreshes workflows')
  }

  async park(): Promise<void> {
    throw new Error('nothing in the HTTP layer parks the fleet')
  }

  async readiness(): Promise<PartStatus[]> {
    if (this.failure) throw this.failure
    return this.parts
  }

  #named(id: string): EngineView {
    if (this.failure) throw this.failure
    const engine = findEngine(this.current.fleet.engines, id)
    if (engine === undefined) throw new BerthError('not-found', `there is no engine "${id}"`)
    return engine
  }

  #mayHandOver(request: HandOverRequest, engine: string | null): void {
    if (this.failure) throw this.failure
    const { lease, fleet } = this.current
    if (request.epoch !== null && request.epoch !== lease.epoch) {
      throw new BerthError('precondition-failed', `the lease is at epoch ${lease.epoch}, not ${request.epoch}`)
    }
    if (engine !== null && findEngine(fleet.engines, engine) === undefined) {
      throw new BerthError('not-found', `there is no engine "${engine}"`)
    }
  }
}
