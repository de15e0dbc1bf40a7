/** Views and states that tests start from. */
import type { EngineInput } from '../../src/domain/engine.js'
import type { FleetPolicy } from '../../src/domain/fleet.js'
import { step } from '../../src/domain/lease.js'
import { initialLease, type LeaseCommand, type LeaseState, type LeaseStep, type SurveyedContainer } from '../../src/domain/lease-state.js'
import { viewOf } from '../../src/domain/lease-view.js'
import type { EngineView, LeaseView, StreamView } from '../../src/domain/views.js'

/** When decisions are made. */
export const NOW = 1_000_000

export const POLICY: FleetPolicy = {
  minReplicas: 2,
  maxReplicas: 5,
  httpPorts: { from: 6878, to: 6882 },
  httpsPorts: { from: 45000, to: 45004 },
  vpnEnabled: true,
  vpnContainer: 'gluetun',
}

export function anEngineInput(engineId: string, change: Partial<EngineInput> = {}): EngineInput {
  return {
    engineId,
    pool: 'default',
    httpPort: 6878,
    httpsPort: 45000,
    hostHttpPort: 6878,
    labels: {},
    environment: {},
    adopt: null,
    ...change,
  }
}

/** A healthy follower. */
export function anEngine(engineId: string, change: Partial<EngineView> = {}): EngineView {
  return {
    engineId,
    pool: 'default',
    phase: 'running',
    containerId: `container-of-${engineId}`,
    containerName: `berth-${engineId}`,
    image: 'engine:test',
    variant: 'krinkuto11-amd64',
    host: 'gluetun',
    httpPort: 6878,
    httpsPort: 45000,
    hostHttpPort: 6878,
    vpnContainer: 'gluetun',
    labels: {},
    forwarded: false,
    epoch: null,
    p2pPort: null,
    health: 'healthy',
    healthSince: 0,
    version: '3.2.11',
    platform: 'linux',
    streams: [],
    lastStreamUsage: null,
    draining: false,
    firstSeen: 0,
    startedAt: 0,
    losses: 0,
    problem: null,
    revision: 1,
    ...change,
  }
}

/** What an engine plays. */
export function aStream(id: string, change: Partial<StreamView> = {}): StreamView {
  return {
    id,
    keyType: 'infohash',
    key: 'k',
    playbackSessionId: `session-of-${id}`,
    statUrl: 'http://gluetun:6878/stat',
    commandUrl: 'http://gluetun:6878/cmd',
    isLive: true,
    engineId: 'a',
    containerId: 'container-of-a',
    startedAt: 0,
    endedAt: null,
    endReason: null,
    ...change,
  }
}

/** A lease that nobody holds, although it could be held. */
export function aLease(change: Partial<LeaseView> = {}): LeaseView {
  return {
    pool: 'default',
    index: 0,
    enabled: true,
    recovering: false,
    epoch: 3,
    port: 51413,
    portGeneration: { session: 1, sequence: 1 },
    preferred: null,
    nominee: null,
    holder: null,
    condition: null,
    log: [],
    ...change,
  }
}

/** Freezes everything inside, so that a mutation throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(frozen)
  }
  return value
}

export const PORT = 51413
/** Takes commands one after another, a millisecond apart. */
export class LeaseRun {
  state: LeaseState
  now = 1000

  constructor(enabled = true) {
    this.state = initialLease('default', 0, enabled, 0)
  }

  take(command: LeaseCommand): LeaseStep {
    const result = step(frozen(this.state), frozen(command), ++this.now)
    this.state = result.state
    return result
  }

  recovered(): this {
    this.take({ kind: 'recovered', survey: [] })
    return this
  }

  port(port: number | null): LeaseStep {
    const { session, sequence } = this.state.port.generation
    return this.take({ kind: 'portObserved', port, generation: { session, sequence: sequence + 1 } })
  }

  acquire(engineId: string, nominated = false) {
    return this.take({ kind: 'acquire', engineId, nominated }).answer
  }

  confirm(engineId: string, epoch: number, containerId = `container-of-${engineId}`) {
    return this.take({ kind: 'confirm', engineId, epoch, containerId }).answer
  }

  revoke(epoch: number, reason = 'died', by: string | null = null) {
    return this.take({ kind: 'revoke', epoch, reason, by })
  }

  ended(epoch: number, engineId: string | null = null, nominated = false) {
    return this.take({ kind: 'ended', epoch, request: engineId === null ? null : { engineId, nominated } })
  }

  elect(requestId: string | null = null, change: { candidate?: string | null; force?: boolean; epoch?: number | null } = {}) {
    return this.take({ kind: 'elect', reason: 'forced', requestId, candidate: null, force: false, epoch: null, ...change })
  }

  designate(engineId: string | null, requestId: string | null = null, epoch: number | null = null, force = false) {
    return this.take({ kind: 'designate', engineId, requestId, epoch, force, reason: 'designated' })
  }

  rotate(requestId: string | null = null, change: { force?: boolean; epoch?: number | null } = {}) {
    return this.take({ kind: 'rotate', reason: 'asked', requestId, force: false, epoch: null, ...change })
  }

  /** The fleet hands on from `engineId`, to `candidate` if it chose one. */
  turnOver(engineId: string, candidate: string | null = null, containerId: string | null = `container-of-${engineId}`) {
    return this.take({ kind: 'turn-over', engineId, containerId, reason: 'unhealthy', candidate })
  }

  /** A forwarded container runs that the lease did not clear to start. */
  found(container: SurveyedContainer) {
    return this.take({ kind: 'forwarded-found', container })
  }

  conflict(conflict: string | null) {
    return this.take({ kind: 'conflict', conflict })
  }

  get condition(): string | null {
    return viewOf(this.state).condition?.code ?? null
  }

  /** The epoch is over and nobody holds the port. */
  over(epoch: number): this {
    this.revoke(epoch)
    this.ended(epoch)
    return this
  }
}

/** A running container with the forwarded label, on the forwarded port. */
export function surveyed(containerId: string, epoch: number | null, change: Partial<SurveyedContainer> = {}): SurveyedContainer {
  return { containerId, engineId: `engine-of-${containerId}`, epoch, p2pPort: PORT, running: true, ...change }
}

/** A recovered lease with a port. */
export function freeLease(): LeaseRun {
  const run = new LeaseRun().recovered()
  run.port(PORT)
  return run
}

/** The same, held by `a` with epoch 1 and an active container. */
export function heldLease(): LeaseRun {
  const run = freeLease()
  run.acquire('a')
  run.confirm('a', 1)
  return run
}
