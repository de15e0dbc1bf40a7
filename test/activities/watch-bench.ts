/**
 * The watcher over a Docker in memory and workflows that only keep what they are told.
 */
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import type { PoolFacts } from '../../activities/watch/facts.js'
import { watch, type WatcherBeat } from '../../activities/watch/watcher.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
import type { ContainerEvent, ContainerRuntime, InspectedContainer } from '../../src/docker/runtime.js'
import { initialFleet, viewOf } from '../../src/domain/fleet.js'
import type { EngineView, FleetView, LeaseView } from '../../src/domain/views.js'
import { aLease, POLICY } from '../domain/samples.js'
import { containerOf, type DockerState, execute, runtimeOver, settle } from './memory-docker.js'
import { SETTINGS } from './provision-bench.js'

const DEADLINE_MS = 8_000
const OF_GLUETUN = { kind: 'container', containerId: 'g1', containerName: 'gluetun' } as const

/** Resolves when `look` says so. */
async function until(look: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!look()) {
    if (Date.now() > deadline) throw new Error(`not so within ${DEADLINE_MS} ms: ${look.toString()}`)
    await delay(5)
  }
}

/** A container of an engine, a follower unless `epoch` is given; `null` is an older orchestrator's forwarded one. */
export function aContainer(engineId: string, change: Partial<InspectedContainer> = {}, epoch?: number | null): InspectedContainer {
  const forwarded = epoch === undefined ? null : { index: 0, epoch: epoch ?? 0, p2pPort: 51413 }
  const spec = {
    ...SETTINGS,
    name: `berth-${engineId}`,
    engineId,
    pool: 'default',
    httpPort: 6878,
    httpsPort: 45000,
    labels: {},
    environment: {},
  }
  const made = containerOf({ ...spec, network: OF_GLUETUN, forwarded }, `container-of-${engineId}`, { state: 'running', ...change })
  const older = { engineId: null, pool: null, epoch: null, p2pPort: null }
  return { ...made, engine: { ...made.engine, ...(epoch === null ? older : {}), ...change.engine } }
}

type Told = { [Name in keyof PoolFacts]: { fact: Name; told: Parameters<PoolFacts[Name]> } }[keyof PoolFacts]

/** One watcher at work. What it sees may be changed at any time. */
export class WatchBench {
  docker: DockerState
  others: InspectedContainer[] = []
  fleet: FleetView = viewOf(initialFleet('default', POLICY))
  lease: LeaseView = aLease()
  /** The last heartbeat. */
  beat: WatcherBeat | null = null
  /** Where Gluetun is; without an address nobody is probed. */
  address: string | null = null
  /** Called before the lease is asked. */
  beforeLease: () => void = () => undefined
  /** Whether the fleet's workflow is there to hear. */
  heard = true
  /** What the workflows were told, in order. */
  readonly #told: Told[] = []
  readonly #stop = new AbortController()
  readonly #events: ContainerEvent[] = []
  #lists = 0
  #onEvent: () => void = () => undefined
  #onOthers: () => void = () => undefined
  #running: Promise<void> | null = null

  constructor(...containers: InspectedContainer[]) {
    this.docker = { containers, created: 0 }
  }

  /** Begins to watch; resolves when everything has been compared with Docker once. */
  async start(options: { dryRun?: boolean } = {}): Promise<this> {
    const runtime = this.#runtime()
    const vpn = createVpnLocator(runtime, 'gluetun')
    const health = { intervalMs: 60_000, failureThreshold: 3, startupTimeoutMs: 60_000 }
    const facts = this.#facts()
    this.#running = watch(
      {
        pool: 'default',
        runtime,
        vpn,
        gluetun: null,
        facts,
        logger: pino({ level: 'silent' }),
        health,
        collectEveryMs: 20,
        portLossGraceMs: 1_000,
        dryRun: options.dryRun ?? false,
        hostOf: () => 'gluetun',
        onBeat: (beat) => {
          this.beat = beat
        },
      },
      this.#stop.signal,
    )
    await this.#listed(2)
    return this
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Resolves when everything as it is now has been compared with Docker once more. */
  compared(): Promise<void> {
    // One comparison may have begun before; the next one is over when the one after it begins.
    return this.#listed(3)
  }

  async #listed(count: number): Promise<void> {
    const wanted = this.#lists + count
    await until(() => {
      if (this.#lists < wanted) this.event('rename', 'anything')
      return this.#lists >= wanted
    })
  }

  /** These belong to another Berth until somebody has looked for them without comparing everything. */
  async seesOthers(others: InspectedContainer[]): Promise<void> {
    const before = this.others
    let looked = false
    this.#onOthers = () => {
      looked = true
    }
    const lists = this.#lists
    this.others = others
    await until(() => looked)
    this.others = before
    this.#onOthers = () => undefined
    if (this.#lists !== lists) throw new Error('everything was compared meanwhile')
  }

  /** Docker tells of a container of ours. */
  event(action: ContainerEvent['action'], containerId: string): void {
    const container = this.docker.containers.find(({ id }) => id === containerId) ?? aContainer('nobody')
    const { name, labels, engine, managed } = container
    this.#events.push({ action, containerId, name, labels, engine, managed, exitCode: null, timeNano: '0' })
    this.#onEvent()
  }

  /** Resolves with what this fact was told with, once it was. */
  async tells<Name extends keyof PoolFacts>(fact: Name): Promise<Parameters<PoolFacts[Name]>> {
    await until(() => this.told(fact).length > 0)
    return this.told(fact)[0] as Parameters<PoolFacts[Name]>
  }

  /** What this fact was told with, each time. */
  told<Name extends keyof PoolFacts>(fact: Name): Parameters<PoolFacts[Name]>[] {
    return this.#told.flatMap((one) => (one.fact === fact ? [one.told as Parameters<PoolFacts[Name]>] : []))
  }

  #runtime(): ContainerRuntime {
    const call: Parameters<typeof runtimeOver>[0] = async (one) => {
      if (one.op === 'list') this.#lists += 1
      const { docker, reply } = execute(this.docker, one)
      this.docker = docker
      return settle(reply)
    }
    const base = runtimeOver(call, { id: 'g1', running: true })
    return {
      ...base,
      others: async () => {
        this.#onOthers()
        return [...this.others]
      },
      inspectVpn: async (name) => ({
        id: 'g1',
        name,
        running: true,
        health: 'healthy',
        startedAt: 0,
        address: this.address,
        provider: null,
      }),
      events: (_, signal) => this.#stream(signal),
    }
  }

  async *#stream(signal: AbortSignal): AsyncGenerator<{ kind: 'connected' } | { kind: 'event'; event: ContainerEvent }> {
    yield { kind: 'connected' }
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    while (!signal.aborted) {
      for (let event = this.#events.shift(); event; event = this.#events.shift()) yield { kind: 'event', event }
      await Promise.race([aborted, new Promise<void>((resolve) => (this.#onEvent = resolve))])
    }
  }

  #facts(): PoolFacts {
    const keep = <Name extends keyof PoolFacts>(fact: Name, told: Parameters<PoolFacts[Name]>): void => {
      this.#told.push({ fact, told } as Told)
    }
    const kept =
      <Name extends keyof PoolFacts>(fact: Name) =>
      async (...told: Parameters<PoolFacts[Name]>): Promise<boolean> => {
        keep(fact, told)
        return this.heard
      }
    return {
      fleet: async () => this.fleet,
      lease: async () => {
        this.beforeLease()
        return this.lease
      },
      engine: async (engineId): Promise<EngineView | null> => this.fleet.engines.find((engine) => engine.engineId === engineId) ?? null,
      engineRuns: async () => true,
      engineGone: kept('engineGone'),
      containerLost: kept('containerLost'),
      healthChanged: kept('healthChanged'),
      sessionUnknown: kept('sessionUnknown'),
      retryNow: kept('retryNow'),
      revoke: async (...told) => keep('revoke', told),
      portObserved: kept('portObserved'),
      vacant: kept('vacant'),
      found: kept('found'),
      listed: async () => {
        keep('listed', [])
        if (this.heard) this.fleet = { ...this.fleet, listed: true }
        return this.heard
      },
      forwardedFound: kept('forwardedFound'),
      noStrays: kept('noStrays'),
      conflict: kept('conflict'),
      reconcile: kept('reconcile'),
      vpnChanged: kept('vpnChanged'),
      dockerChanged: kept('dockerChanged'),
    }
  }
}
