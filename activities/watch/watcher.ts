/**
 * @module
 * Watches one pool: Docker's events and full lists, the engines' health, the VPN.
 */
import { setMaxListeners } from 'node:events'
import type { Logger } from 'pino'
import { type ContainerEvent, type ContainerRuntime, type ManagedContainer, RuntimeError } from '../../src/docker/runtime.js'
import { compare, type Discrepancy, engineIdOf, type SeenContainer } from '../../src/domain/reconcile.js'
import { packChecks, type PackedCheck } from '../../src/domain/engine-check.js'
import { packSamples, type PackedSample } from '../../src/domain/stream-sample.js'
import type { EngineView, FleetView, LeaseView, ReconcileView } from '../../src/domain/views.js'
import type { GluetunClient } from '../../src/gluetun/client.js'
import { foreignHolder } from '../lease-conflict.js'
import { surveyed } from '../survey.js'
import type { VpnLocator } from '../vpn-locator.js'
import type { PoolFacts } from './facts.js'
import { HealthBook, type HealthOptions, type ProbeTarget } from './health.js'
import { every, pause } from './loop.js'
import { probeP2p } from './p2p.js'
import { probeEngine } from './probe.js'
import { Statistics } from './statistics.js'
import { VpnWatch } from './vpn-watch.js'

export interface WatcherOptions {
  pool: string
  runtime: ContainerRuntime
  vpn: VpnLocator
  /** `null` without a VPN. */
  gluetun: GluetunClient | null
  facts: PoolFacts
  logger: Logger
  health: HealthOptions
  /** How often each playing stream's statistics are asked for. Milliseconds. */
  collectEveryMs: number
  portLossGraceMs: number
  /** Nothing is removed; what would be is told. */
  dryRun: boolean
  /** What clients dial for an engine that is adopted. */
  hostOf: (vpnContainer: string | null) => string
  /** Called each second with what is worth keeping in the heartbeat. */
  onBeat: (details: WatcherBeat) => void
}

/** What readers of the heartbeat find: when Docker was last listed, how the containers and the playing streams do. */
export interface WatcherBeat {
  listedAt: number | null
  checks: PackedCheck[]
  samples: PackedSample[]
}

/** A full list is taken this often, and at once after anything that events tell of. Milliseconds. */
const LIST_EVERY_MS = 10_000
const LIST_AT_MOST_EVERY_MS = 250
const WORKFLOWS_EVERY_MS = 60_000
const BEAT_EVERY_MS = 1_000
const PROBE_TICK_MS = 100
const PROBE_TIMEOUT_MS = 2_000
const RECONNECT_AFTER_MS = 500
/** Another Berth that has not been seen to hold the port for this long does not hold it any more: it may only have been handing on. */
const CONFLICT_OVER_MS = 30_000
const CONFLICT_LOOK_EVERY_MS = 1_000

/**
 * Runs until `signal` aborts; then resolves.
 *
 * 1. Events only make it faster: whatever they miss, the next full list finds.
 * 2. The view is read before the list, so nothing that is being made is taken for a stranger.
 * 3. While Docker cannot be asked nothing is said but that.
 * 4. A fleet that starts from nothing is told when every container that runs has been told of.
 * 5. Two watchers of one pool are harmless: facts name the container they are about, and the port's generation orders observations.
 */
export async function watch(options: WatcherOptions, signal: AbortSignal): Promise<void> {
  const watcher = new Watcher(options, signal)
  await watcher.run()
}

class Watcher {
  readonly #options: WatcherOptions
  readonly #signal: AbortSignal
  readonly #book: HealthBook
  readonly #startedAt = new Map<string, number>()
  readonly #vpnWatch: VpnWatch
  readonly #statistics: Statistics
  readonly #outOfMemory = new Set<string>()
  #listedAt: number | null = null
  #listNow: () => void = () => undefined
  readonly #vacantSince = new Map<number, number>()
  #checkedAt = performance.now()
  /** Whether Docker answered the last time, `null` before the first. */
  #docker: boolean | null = null
  #vpnWasRunning: boolean | null = null
  /** When another Berth was last seen to hold the port, while it is said to; this watcher's beginning at first. */
  #conflictSeenAt = performance.now()
  #inConflict = false
  #saidReconcile = ''
  #wouldRemove: ReconcileView['wouldRemove'] = []

  constructor(options: WatcherOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#book = new HealthBook(options.health)
    this.#vpnWatch = new VpnWatch(options)
    this.#statistics = new Statistics({
      facts: options.facts,
      intervalMs: options.collectEveryMs,
      targetOf: (containerId) => this.#book.target(containerId),
      onFailure: this.#quiet('asking for streams'),
    })
  }

  async run(): Promise<void> {
    const lease = await this.#options.facts.lease()
    this.#vpnWatch.begin(lease)
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#signal, stop.signal])
    // Every probe and pause listens to it.
    setMaxListeners(0, signal)
    const loops = [
      this.#follow(signal),
      this.#list(signal),
      this.#probe(signal),
      this.#vpnWatch.run(signal),
      this.#beat(signal),
      this.#lookAgain(signal),
      this.#statistics.run(signal),
    ]
    try {
      await Promise.all(loops)
    } finally {
      stop.abort()
      await Promise.allSettled(loops)
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    await every(BEAT_EVERY_MS, signal, async () => {
      const [checks, samples] = [packChecks(this.#book.checks()), packSamples(this.#statistics.samples)]
      this.#options.onBeat({ listedAt: this.#listedAt, checks, samples })
    })
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { runtime, vpn, logger } = this.#options
    while (!signal.aborted) {
      try {
        for await (const message of runtime.events(vpn.name, signal)) {
          if (message.kind === 'connected') this.#listNow()
          else await this.#event(message.event, signal)
        }
      } catch (error) {
        if (signal.aborted) return
        logger.warn({ code: 'WATCH-02', error: String(error) }, 'Docker’s event stream broke; listing again')
      }
      await pause(RECONNECT_AFTER_MS, signal)
    }
  }

  async #event(event: ContainerEvent, signal: AbortSignal): Promise<void> {
    const { pool } = this.#options
    if (!event.managed) {
      await this.#options.vpn.find(0).catch(this.#quiet('inspecting Gluetun'))
      this.#listNow()
      return
    }
    if (event.engine.pool !== null && event.engine.pool !== pool) return
    const engineId = engineIdOf({ id: event.containerId, engine: event.engine })
    switch (event.action) {
      case 'oom':
        this.#outOfMemory.add(event.containerId)
        return
      case 'die':
        return this.#lost(engineId, event)
      case 'destroy':
        // What died was told then, and what never ran is nobody's container yet.
        this.#outOfMemory.delete(event.containerId)
        return
      case 'start':
        return this.#started(event)
      case 'rename':
      case 'pause':
      case 'unpause':
        if (!signal.aborted) this.#listNow()
    }
  }

  async #lost(engineId: string, event: ContainerEvent): Promise<void> {
    this.#book.drop(event.containerId)
    this.#startedAt.delete(event.containerId)
    const reason = this.#reasonOf(event)
    await this.#attempt('telling of a lost container', () => this.#options.facts.containerLost(engineId, event.containerId, reason))
  }

  async #started(event: ContainerEvent): Promise<void> {
    await this.#attempt('inspecting a started container', async () => {
      const container = await this.#options.runtime.inspect(event.containerId)
      if (container?.state !== 'running') return
      if (container.startedAt !== null) this.#startedAt.set(container.id, container.startedAt)
      const target = this.#targetOf(container)
      if (target) this.#book.add(target, null)
      if (container.engine.forwarded) await this.#stray(container)
    })
  }

  /** Exit code 137 is SIGKILL: from outside, unless the kernel did it for want of memory. */
  #reasonOf(event: ContainerEvent): string {
    if (this.#outOfMemory.has(event.containerId)) return 'out-of-memory'
    return event.exitCode === 137 ? 'killed' : 'died'
  }

  async #list(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nudged = new Promise<void>((resolve) => {
        this.#listNow = resolve
      })
      await this.#attempt('comparing with Docker', () => this.#reconcile())
      await pause(LIST_AT_MOST_EVERY_MS, signal)
      await Promise.race([nudged, pause(LIST_EVERY_MS, signal)])
    }
  }

  async #reconcile(): Promise<void> {
    const { facts, runtime, vpn, pool } = this.#options
    const fleet = await facts.fleet()
    const lease = await facts.lease()
    let containers: ManagedContainer[]
    try {
      await vpn.find(0)
      containers = await runtime.list()
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      this.#docker = false
      await this.#tellDocker({ reachable: false, detail: error.message }, fleet)
      return
    }
    this.#listedAt = Date.now()
    await this.#tellDocker({ reachable: true, detail: null }, fleet)
    this.#vpnWatch.believes(lease.port)
    await this.#retryAfterReturn(fleet)
    await this.#learnStarts(containers)
    const seen = containers.map((container) => this.#seen(container))
    const gluetun = vpn.last()
    const observation = {
      pool,
      engines: fleet.engines,
      lease,
      containers: seen,
      vpn: vpn.name === null ? null : { id: gluetun?.id ?? '', running: gluetun?.running ?? false, startedAt: gluetun?.startedAt ?? null },
      now: Date.now(),
    }
    const byId = new Map(containers.map((container) => [container.id, container]))
    const discrepancies = compare(observation)
    this.#wouldRemove = []
    for (const discrepancy of discrepancies) await this.#mend(discrepancy, byId, lease)
    if (!fleet.listed) await this.#tellListed(discrepancies, containers, lease)
    await this.#tellReconcile(fleet.reconcile)
    await this.#lookForConflict(lease)
    const several = lease.condition?.code === 'several-forwarded'
    if (several && !discrepancies.some(({ kind }) => kind === 'forwarded-stray')) await facts.noStrays()
    this.#syncHealth(containers, fleet.engines)
    await this.#checkWorkflows(fleet.engines)
    await this.#vpnWatch.tell(fleet.vpn)
  }

  async #mend(discrepancy: Discrepancy, byId: ReadonlyMap<string, ManagedContainer>, lease: LeaseView): Promise<void> {
    const { facts, runtime, logger } = this.#options
    switch (discrepancy.kind) {
      case 'lost': {
        const heard = await facts.containerLost(discrepancy.engineId, discrepancy.containerId, discrepancy.reason)
        if (!heard) await this.#forget(discrepancy.engineId)
        return
      }
      case 'found': {
        const container = byId.get(discrepancy.container.id)
        const found = container && this.#foundOf(discrepancy.engineId, container, lease)
        if (found) await facts.found(found)
        return
      }
      case 'forwarded-stray': {
        const container = byId.get(discrepancy.containerId)
        if (container) await this.#stray(container)
        return
      }
      case 'leftover': {
        const engine = await facts.engine(discrepancy.engineId)
        const steady = engine === null || engine.phase === 'running' || engine.phase === 'starting'
        if (!steady || engine?.containerId === discrepancy.containerId) return
        if (this.#options.dryRun) {
          const name = byId.get(discrepancy.containerId)?.name ?? ''
          this.#wouldRemove.push({
            containerId: discrepancy.containerId,
            name,
            reason: `its engine ${discrepancy.engineId} does not use it`,
          })
          return
        }
        logger.info({ code: 'WATCH-04', containerId: discrepancy.containerId }, 'removing a container that its engine does not use')
        await runtime.remove(discrepancy.containerId)
        return
      }
      case 'holder-missing':
        return facts.revoke(discrepancy.epoch, 'holder-missing')
      case 'vacant': {
        const since = this.#vacantSince.get(discrepancy.epoch)
        this.#vacantSince.clear()
        this.#vacantSince.set(discrepancy.epoch, since ?? Date.now())
        if (since !== undefined && Date.now() - since >= LIST_EVERY_MS && lease.holder === null) {
          this.#vacantSince.clear()
          await facts.vacant(discrepancy.epoch, discrepancy.preferred)
        }
      }
    }
  }

  /** The lease decides what becomes of it; by now it may be the one that the lease has cleared. */
  async #stray(container: ManagedContainer): Promise<void> {
    const { facts, runtime, logger, dryRun } = this.#options
    const lease = await facts.lease()
    if (lease.recovering || lease.holder?.containerId === container.id) return
    // What the list or the event said may be over by now: it was the holder's, and has been handed on from.
    const now = await runtime.inspect(container.id)
    if (now?.state !== 'running' && now?.state !== 'paused') return
    logger.warn(
      { code: 'WATCH-06', containerId: container.id, name: container.name },
      'a forwarded container runs that the lease did not start',
    )
    if (dryRun) {
      this.#wouldRemove.push({
        containerId: container.id,
        name: container.name,
        reason: 'it runs as forwarded and the lease did not start it',
      })
      if (container.engine.epoch !== null || lease.holder !== null) return
    }
    await facts.forwardedFound(await surveyed(container, { runtime, answers: async () => true }, false))
    this.#listNow()
  }

  async #tellListed(discrepancies: readonly Discrepancy[], containers: readonly ManagedContainer[], lease: LeaseView): Promise<void> {
    const pending =
      discrepancies.some(({ kind }) => kind === 'found' || (kind === 'forwarded-stray' && !this.#options.dryRun)) ||
      (lease.recovering && containers.some((container) => container.engine.forwarded))
    if (pending) return this.#listNow()
    await this.#options.facts.listed()
  }

  async #tellReconcile(known: ReconcileView): Promise<void> {
    const view: ReconcileView = { dryRun: this.#options.dryRun, wouldRemove: this.#wouldRemove }
    const text = JSON.stringify(view)
    if (text === JSON.stringify(known) || text === this.#saidReconcile) return
    for (const { name, containerId, reason } of view.wouldRemove)
      this.#options.logger.warn({ code: 'RECONCILE-01', containerId, name, reason }, 'RECONCILE_DRY_RUN: this container would be removed')
    if (await this.#options.facts.reconcile(view)) this.#saidReconcile = text
  }

  /** While we hold the port nobody else can; without it, somebody may. */
  async #lookForConflict(lease: LeaseView): Promise<void> {
    const { facts, runtime, vpn } = this.#options
    const told = lease.condition?.code === 'lease-conflict' ? lease.condition.detail : null
    if (vpn.name === null || (lease.holder !== null && told === null)) return
    const foreign = await foreignHolder(runtime, vpn)
    const isNew = told !== null && !this.#inConflict
    this.#inConflict = foreign !== null || told !== null
    if (foreign !== null || isNew) this.#conflictSeenAt = performance.now()
    if (foreign === null && (told === null || performance.now() - this.#conflictSeenAt < CONFLICT_OVER_MS)) return
    if (foreign !== told) await facts.conflict(foreign)
  }

  /** Between two full lists too: another Berth that hands on often would be missed by chance, again and again. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { runtime, vpn } = this.#options
    await every(CONFLICT_LOOK_EVERY_MS, signal, async () => {
      if (!this.#inConflict) return
      await this.#attempt('looking for another Berth', async () => {
        if ((await foreignHolder(runtime, vpn)) !== null) this.#conflictSeenAt = performance.now()
      })
    })
  }

  /** An engine whose workflow was ended from outside, or was stuck: the fleet forgets it, and the next list adopts its container if that still runs. */
  async #forget(engineId: string): Promise<void> {
    this.#options.logger.warn({ code: 'WATCH-03', engineId }, 'an engine’s workflow does not go on; the fleet forgets it')
    await this.#options.facts.engineGone(engineId)
  }

  async #checkWorkflows(engines: readonly EngineView[]): Promise<void> {
    if (performance.now() - this.#checkedAt < WORKFLOWS_EVERY_MS) return
    this.#checkedAt = performance.now()
    for (const { engineId, phase } of engines) {
      if (phase !== 'removing' && !(await this.#options.facts.engineRuns(engineId))) await this.#forget(engineId)
    }
  }

  #foundOf(engineId: string, container: ManagedContainer, { holder }: LeaseView) {
    const { httpPort, httpsPort, hostHttpPort, variant, forwarded, epoch, p2pPort } = container.engine
    if (httpPort === null) return null
    const shares = container.networkMode.startsWith('container:')
    const vpnContainer = shares ? this.#options.vpn.name : null
    const held = holder?.containerId === container.id ? holder : null
    return {
      engineId,
      httpPort,
      httpsPort: httpsPort ?? 0,
      hostHttpPort: hostHttpPort ?? httpPort,
      labels: {},
      container: {
        containerId: container.id,
        containerName: container.name,
        image: container.image,
        variant,
        host: this.#options.hostOf(vpnContainer),
        vpnContainer,
        forwarded: forwarded ? { epoch: epoch ?? held?.epoch ?? null, p2pPort: p2pPort ?? held?.port ?? null } : null,
        startedAt: this.#startedAt.get(container.id) ?? container.createdAt,
      },
      legacy: container.engine.engineId === null,
    }
  }

  async #tellDocker(docker: { reachable: boolean; detail: string | null }, fleet: FleetView): Promise<void> {
    if (fleet.docker.reachable !== docker.reachable) await this.#options.facts.dockerChanged(docker)
  }

  /** Engines that wait for what has just come back need not wait out their back-off. */
  async #retryAfterReturn(fleet: FleetView): Promise<void> {
    const vpnRunning = this.#options.vpn.name === null || (this.#options.vpn.last()?.running ?? false)
    const returned = this.#docker === false || (this.#vpnWasRunning === false && vpnRunning)
    this.#docker = true
    this.#vpnWasRunning = vpnRunning
    if (!returned) return
    for (const engine of fleet.engines) if (engine.phase === 'backing-off') await this.#options.facts.retryNow(engine.engineId)
  }

  async #learnStarts(containers: readonly ManagedContainer[]): Promise<void> {
    const unknown = containers.filter((container) => container.state === 'running' && !this.#startedAt.has(container.id))
    await Promise.all(
      unknown.map(async (container) => {
        const inspected = await this.#options.runtime.inspect(container.id)
        if (inspected?.startedAt) this.#startedAt.set(container.id, inspected.startedAt)
      }),
    )
    const present = new Set(containers.map((container) => container.id))
    for (const id of this.#startedAt.keys()) if (!present.has(id)) this.#startedAt.delete(id)
  }

  #seen(container: ManagedContainer): SeenContainer {
    return { ...container, startedAt: this.#startedAt.get(container.id) ?? null }
  }

  #syncHealth(containers: readonly ManagedContainer[], engines: readonly EngineView[]): void {
    const running = containers.filter((container) => container.state === 'running' || container.state === 'paused')
    const targets = running.flatMap((container) => this.#targetOf(container) ?? [])
    const known = new Map(engines.map((engine) => [engine.containerId, engine.health]))
    this.#book.sync(targets, (target) => known.get(target.containerId) ?? null)
  }

  #targetOf(container: ManagedContainer): ProbeTarget | null {
    const { httpPort, p2pPort, pool } = container.engine
    const address = container.networkMode.startsWith('container:') ? (this.#options.vpn.last()?.address ?? null) : container.address
    if (httpPort === null || address === null || (pool !== null && pool !== this.#options.pool)) return null
    return { engineId: engineIdOf(container), containerId: container.id, address, port: httpPort, p2pPort }
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { facts } = this.#options
    await every(PROBE_TICK_MS, signal, async () => {
      for (const target of this.#book.due()) {
        void this.#ask(target, signal)
      }
      for (const { engineId, report } of this.#book.changes()) {
        await this.#attempt('telling of an engine’s health', () => facts.healthChanged(engineId, report))
      }
    })
  }

  /** Its health first, which others wait for. */
  async #ask(target: ProbeTarget, signal: AbortSignal): Promise<void> {
    const result = await probeEngine(target.address, target.port, PROBE_TIMEOUT_MS, signal)
    if (signal.aborted) return
    this.#book.record(target.containerId, result, this.#vpnWatch.isNetworkUp())
    if (result.healthy) this.#book.recordP2p(target.containerId, await probeP2p(target, PROBE_TIMEOUT_MS, signal))
  }

  /** A step that is tried again by itself later: its failure is said and nothing is concluded. */
  async #attempt(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.#quiet(what)(error)
    }
  }

  #quiet(what: string): (error: unknown) => void {
    return (error) => {
      if (!this.#signal.aborted) this.#options.logger.warn({ code: 'WATCH-05', error: String(error) }, `${what} failed; tried again`)
    }
  }
}
