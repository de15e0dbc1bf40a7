/**
 * @module
 * What can be done to a container: create, start, stop, kill, restart, pause, rename, remove. Events come in the daemon's order.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { attributesOf, newContainer } from './docker-container.js'
import type { ContainerKind, ContainerRun, SimulatedContainer } from './docker-container.js'
import { checkCreateBody } from './docker-create-body.js'
import type { CreateBody } from './docker-create-body.js'
import { DaemonError, invalidName, notRunning, removalInProgress } from './docker-errors.js'
import type { ImageStore } from './docker-images.js'
import { newId, randomName } from './docker-registry.js'
import { Runner } from './docker-runner.js'
import type { RunnerOptions } from './docker-runner.js'
import { SIGKILL, SIGTERM } from './docker-signals.js'

const CREATE_MS = 15
const START_MS = 150
const REMOVE_MS = 60
const DEFAULT_STOP_SECONDS = 10

export interface LifecycleOptions extends RunnerOptions {
  images: ImageStore
  /** Factor on every delay of a real daemon; 0 for none. */
  latency: number
  kindOf: (image: string, name: string) => ContainerKind
}

/** How a removal is held: forever in progress, or failed with the container left `dead`. */
export type HeldRemoval = 'in-progress' | 'dead'

export class Lifecycle {
  readonly #runner: Runner
  readonly #held = new Map<string, { how: HeldRemoval; released: Promise<void> }>()
  readonly #stopping = new AbortController()

  constructor(private readonly options: LifecycleOptions) {
    this.#runner = new Runner(options)
  }

  /** Resolves with the id. Once the name is taken the container will exist, whether or not anybody waits for it. */
  async create(requestedName: string | null, body: CreateBody): Promise<string> {
    const { registry, images, clock, kindOf } = this.options
    const name = requestedName?.replace(/^\//, '') ?? randomName()
    checkCreateBody(body)
    const image = body.Image ?? ''
    if (image === '') throw new DaemonError(400, 'No command specified')
    const found = images.find(image)
    if (found === null) throw new DaemonError(404, `No such image: ${image}`)
    const id = newId()
    registry.reserve(name, id)
    await this.#take(CREATE_MS)
    const networkMode = body.HostConfig?.NetworkMode || 'default'
    const target = networkMode.startsWith('container:') ? registry.find(networkMode.slice('container:'.length)) : null
    const container = newContainer({
      id,
      name,
      kind: kindOf(image, name),
      createdAt: clock.now(),
      image,
      imageId: found.id,
      body,
      networkMode: target === null ? networkMode : `container:${target.id}`,
    })
    registry.add(container)
    this.#emit(container, 'create')
    return id
  }

  /** Answers false when it runs already. */
  start(container: SimulatedContainer): Promise<boolean> {
    return inTurn(container, async () => {
      if (container.state.status === 'paused') throw new DaemonError(409, 'cannot start a paused container, try unpause instead')
      if (container.run !== null) return false
      if (container.removing || container.state.status === 'dead') {
        throw new DaemonError(409, 'container is marked for removal and cannot be started')
      }
      await this.#start(container)
      return true
    })
  }

  /** Answers false when it does not run. SIGTERM, then SIGKILL when it has not ended after `seconds`. */
  stop(container: SimulatedContainer, seconds = DEFAULT_STOP_SECONDS): Promise<boolean> {
    return inTurn(container, () => this.#stop(container, seconds))
  }

  /** `reference` is what the client called it: the daemon's message repeats it. */
  async restart(container: SimulatedContainer, reference: string, seconds = DEFAULT_STOP_SECONDS): Promise<void> {
    await inTurn(container, async () => {
      try {
        if (container.removing) throw new DaemonError(409, 'container is marked for removal and cannot be started')
        await this.#stop(container, seconds)
        await this.#start(container)
        this.#emit(container, 'restart')
      } catch (cause) {
        if (!(cause instanceof DaemonError)) throw cause
        throw new DaemonError(500, `Cannot restart container ${reference}: ${cause.message}`)
      }
    })
  }

  /** Resolves once it has ended when the signal is SIGKILL, else at once. */
  async kill(container: SimulatedContainer, reference: string, signal: number): Promise<void> {
    const { run } = container
    if (run === null) throw new DaemonError(409, `Cannot kill container: ${reference}: ${notRunning(container.id).message}`)
    this.#signal(container, run, signal)
    if (signal === SIGKILL) await run.ended
  }

  pause(container: SimulatedContainer): Promise<void> {
    return inTurn(container, async () => {
      if (container.run === null) throw notRunning(container.id)
      if (container.state.status === 'paused') throw new DaemonError(409, `Container ${container.id} is already paused`)
      container.run.process.pause()
      container.state.status = 'paused'
      this.#emit(container, 'pause')
    })
  }

  unpause(container: SimulatedContainer): Promise<void> {
    return inTurn(container, async () => {
      if (container.state.status !== 'paused' || container.run === null) {
        throw new DaemonError(500, `Container ${container.id} is not paused`)
      }
      this.#resume(container, container.run)
    })
  }

  rename(container: SimulatedContainer, newName: string): void {
    const name = newName.replace(/^\//, '')
    if (name === '') throw new DaemonError(400, 'Neither old nor new names may be empty')
    if (name === container.name) throw new DaemonError(400, 'Renaming a container with the same name as its current name')
    try {
      this.options.registry.reserve(name, container.id)
    } catch (cause) {
      if (!(cause instanceof DaemonError)) throw cause
      const reason = cause.status === 400 ? invalidName(`/${name}`).message : cause.message
      throw new DaemonError(cause.status, `Error when allocating new name: ${reason}`)
    }
    const oldName = container.name
    this.options.registry.release(oldName)
    container.name = name
    this.#emit(container, 'rename', { oldName: `/${oldName}` })
  }

  /** Only one removal of a container is under way at a time; a second caller is refused, not queued. */
  async remove(container: SimulatedContainer, reference: string, force: boolean): Promise<void> {
    if (container.removing) throw removalInProgress(reference)
    container.removing = true
    try {
      if (container.run !== null && !force) throw cannotRemoveRunning(container)
      await container.exclusively(() => this.#remove(container))
    } catch (cause) {
      container.removing = false
      throw cause
    }
  }

  /** Ends the main process from outside Docker: no `kill` event, only what follows from the end. */
  async crash(container: SimulatedContainer, exitCode: number, oomKilled = false): Promise<void> {
    const { run } = container
    if (run === null) throw notRunning(container.id)
    if (oomKilled) {
      container.state.oomKilled = true
      this.#emit(container, 'oom')
    }
    run.process.exit(exitCode)
    await run.ended
  }

  /** Docker's own health verdict changes; the daemon tells of it. */
  setHealth(container: SimulatedContainer, health: 'starting' | 'healthy' | 'unhealthy'): void {
    if (container.state.health === health) return
    container.state.health = health
    if (health !== 'starting') this.#emit(container, `health_status: ${health}`)
  }

  /** Removals of this name do not finish until the function that it answers is called. */
  holdRemoval(name: string, how: HeldRemoval): () => void {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held.set(name, { how, released })
    return () => {
      this.#held.delete(name)
      release()
    }
  }

  /** Whatever is being done is finished without further delay; nothing more can be started. Resolves when it is done. */
  async settle(): Promise<void> {
    this.#stopping.abort()
    const busy = this.options.registry.all().filter((container) => !container.removing)
    await Promise.all(busy.map((container) => container.exclusively(async () => {})))
  }

  async #remove(container: SimulatedContainer): Promise<void> {
    if (container.run !== null) {
      const { ended } = container.run
      this.#signal(container, container.run, SIGKILL)
      await ended
    }
    const held = this.#held.get(container.name)
    if (held?.how === 'dead') {
      container.state.status = 'dead'
      throw new DaemonError(500, `driver "overlay2" failed to remove root filesystem for ${container.id}: device or resource busy`)
    }
    if (held !== undefined) {
      container.state.status = 'removing'
      await held.released
    }
    await this.#take(REMOVE_MS)
    this.options.registry.delete(container)
    this.#emit(container, 'destroy')
    container.markRemoved()
  }

  async #start(container: SimulatedContainer): Promise<void> {
    await this.#take(START_MS)
    if (this.#stopping.signal.aborted) throw new DaemonError(503, 'the daemon is shutting down')
    await this.#runner.run(container)
    if (container.kind === 'vpn') this.setHealth(container, 'healthy')
  }

  async #stop(container: SimulatedContainer, seconds: number): Promise<boolean> {
    const { run } = container
    if (run === null) return false
    let ending = false
    if (seconds === 0) this.#emit(container, 'kill', { signal: String(SIGTERM) })
    else ending = this.#signal(container, run, SIGTERM)
    if (!ending) {
      if (seconds > 0) await this.#endedWithin(run, seconds)
      if (container.run === run) this.#signal(container, run, SIGKILL)
    }
    await run.ended
    this.#emit(container, 'stop')
    return true
  }

  /** Answers whether the signal ends the process. */
  #signal(container: SimulatedContainer, run: ContainerRun, signal: number): boolean {
    this.#emit(container, 'kill', { signal: String(signal) })
    if (signal !== SIGKILL && container.state.status === 'paused') this.#resume(container, run)
    if (signal !== SIGKILL) return run.process.signal(signal)
    run.process.exit(128 + SIGKILL)
    return true
  }

  async #endedWithin(run: ContainerRun, seconds: number): Promise<void> {
    const patience = new AbortController()
    const signal = AbortSignal.any([patience.signal, this.#stopping.signal])
    await Promise.race([run.ended, sleep(seconds * 1000 * this.options.latency, undefined, { signal }).catch(() => {})])
    patience.abort()
  }

  #resume(container: SimulatedContainer, run: ContainerRun): void {
    container.state.status = 'running'
    run.process.resume()
    this.#emit(container, 'unpause')
  }

  #emit(container: SimulatedContainer, action: string, extra: Record<string, string> = {}): void {
    this.options.events.emit('container', action, container.id, attributesOf(container, extra))
  }

  async #take(milliseconds: number): Promise<void> {
    if (this.options.latency === 0) return
    await sleep(milliseconds * this.options.latency, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}

/** After what was asked for before; a removal holds nobody up, since it may take for ever. */
function inTurn<T>(container: SimulatedContainer, operation: () => Promise<T>): Promise<T> {
  return container.removing ? operation() : container.exclusively(operation)
}

function cannotRemoveRunning(container: SimulatedContainer): DaemonError {
  const advice =
    container.state.status === 'paused'
      ? `You cannot remove a paused container ${container.id}. Unpause and then stop the container before attempting removal or force remove`
      : `You cannot remove a running container ${container.id}. Stop the container before attempting removal or force remove`
  return new DaemonError(409, advice)
}
