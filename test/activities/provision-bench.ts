/**
 * One pool in memory: Docker as data, a lease over the real `step`, and attempts to provision an engine that can be cut anywhere.
 */
import type { ProvisionInput } from '../../activities/api.js'
import type { LeaseClient } from '../../activities/lease-client.js'
import { type EngineSettings, type ProvisionDeps, provisionEngine } from '../../activities/provision.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
import { type ManagedContainer, RuntimeError } from '../../src/docker/runtime.js'
import type { EngineInput, Provisioned } from '../../src/domain/engine.js'
import { step } from '../../src/domain/lease.js'
import { initialLease, type LeaseAnswer, type LeaseCommand, type LeaseState } from '../../src/domain/lease-state.js'
import { viewOf } from '../../src/domain/lease-view.js'
import { type DockerCall, type DockerState, execute, forwardedRunning, runtimeOver, settle, withState } from './memory-docker.js'

export const SETTINGS: EngineSettings = {
  image: 'engine:test',
  variant: 'krinkuto11-amd64',
  namePrefix: 'berth',
  host: null,
  network: null,
  publishAddress: '127.0.0.1',
}

/** What a forwarded container of another Berth was made from. */
export const RIVAL = {
  ...SETTINGS,
  name: 'other-forwarded',
  engineId: 'x',
  pool: 'default',
  httpPort: 1,
  httpsPort: 2,
  labels: {},
  environment: {},
}
export const OF_GLUETUN = { kind: 'container', containerId: 'g1', containerName: 'gluetun' } as const

export const PORT = 51413

/** A lease that has recovered and knows a port. */
export function readyLease(port: number | null = PORT): LeaseState {
  const recovered = step(initialLease('default', 0, true, 0), { kind: 'recovered', survey: [] }, 0).state
  return step(recovered, { kind: 'portObserved', port, generation: { session: 1, sequence: 1 } }, 0).state
}

export function engineInput(engineId: string, httpPort = 6878): EngineInput {
  return {
    engineId,
    pool: 'default',
    httpPort,
    httpsPort: httpPort + 1000,
    hostHttpPort: httpPort,
    labels: {},
    environment: {},
    adopt: null,
  }
}

export function provisionInput(engineId: string, change: Partial<ProvisionInput> = {}): ProvisionInput {
  return { engine: engineInput(engineId), containerId: null, epoch: null, reason: 'new', nominated: false, follower: false, ...change }
}

/** Thrown by `checkpoint`: the attempt ends here. */
export class Cut extends Error {
  override readonly name = 'Cut'
}

export class Bench {
  docker: DockerState = { containers: [], created: 0 }
  lease: LeaseState
  /** Every call to Docker, in order. */
  readonly calls: DockerCall[] = []
  /** Most forwarded containers that ran at any moment. */
  overlap = 0
  /** Called after each call to Docker has been executed; what it throws is the reply. */
  afterCall: (call: DockerCall, count: number) => void = () => undefined
  /** Called before a message reaches the lease. */
  beforeMessage: (command: LeaseCommand) => void = () => undefined
  vpn: { id: string; running: boolean } | null = null
  /** Containers of another Berth on this daemon. */
  others: readonly ManagedContainer[] = []

  constructor(lease = readyLease()) {
    this.lease = lease
  }

  /** One message to the lease. */
  take(command: LeaseCommand): LeaseAnswer {
    this.beforeMessage(command)
    const result = step(this.lease, command, 0)
    this.lease = result.state
    return result.answer
  }

  readonly leaseClient: LeaseClient = {
    acquire: async (request) => this.take({ kind: 'acquire', ...request }),
    confirm: async (request) => this.take({ kind: 'confirm', ...request }),
    revoke: async (request) => this.take({ kind: 'revoke', ...request }),
    ended: async (request) => this.take({ kind: 'ended', ...request }),
    conflict: async (conflict) => void this.take({ kind: 'conflict', conflict }),
    view: async () => viewOf(this.lease),
  }

  call(call: DockerCall): unknown {
    this.calls.push(call)
    const { docker, reply } = execute(this.docker, call)
    this.docker = docker
    this.overlap = Math.max(this.overlap, forwardedRunning(docker).length)
    this.afterCall(call, this.calls.length)
    return settle(reply)
  }

  deps(checkpoint: (step: string) => void = () => undefined): ProvisionDeps {
    const runtime = { ...runtimeOver(async (call) => this.call(call), this.vpn), others: async () => [...this.others] }
    return { runtime, lease: this.leaseClient, vpn: createVpnLocator(runtime, this.vpn && 'gluetun'), settings: SETTINGS, checkpoint }
  }

  provision(input: ProvisionInput, checkpoint?: (step: string) => void): Promise<Provisioned> {
    return provisionEngine(input, this.deps(checkpoint))
  }

  /** One attempt that stops at checkpoint `at`; `true` if it got that far. */
  async provisionUntil(input: ProvisionInput, at: number): Promise<boolean> {
    let reached = 0
    try {
      await this.provision(input, (name) => {
        if (++reached === at) throw new Cut(name)
      })
      return false
    } catch (error) {
      if (error instanceof Cut) return true
      throw error
    }
  }

  /** The container's process dies. */
  die(containerId: string): void {
    this.docker = withState(this.docker, containerId, 'exited')
  }

  containersOf(engineId: string) {
    return this.docker.containers.filter((container) => container.engine.engineId === engineId)
  }
}

/** The daemon did it, and its answer got lost. */
export function replyLost(): never {
  throw new RuntimeError('unreachable', 'the daemon’s answer got lost')
}
