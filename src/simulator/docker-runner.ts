/**
 * @module
 * From a start to its end: a container gets a network namespace, its published ports and a process, and gives them back.
 */
import { attributesOf, environmentOf } from './docker-container.js'
import type { ContainerRun, SimulatedContainer } from './docker-container.js'
import type { DaemonClock } from './docker-clock.js'
import { DaemonError, noSuchContainer } from './docker-errors.js'
import type { EventLog } from './docker-events.js'
import { AddressPool, NetworkNamespace } from './docker-namespace.js'
import { PortAllocator } from './docker-ports.js'
import type { PortBinding, PublishedPorts } from './docker-ports.js'
import { startProcess } from './docker-process.js'
import { newId } from './docker-registry.js'
import type { ContainerRegistry } from './docker-registry.js'

export interface RunnerOptions {
  registry: ContainerRegistry
  events: EventLog
  clock: DaemonClock
  /** The address of a container of kind `vpn`. */
  vpnAddress: string
  /** Names of the networks that exist. */
  networks: readonly string[]
}

export class Runner {
  readonly #addresses = new AddressPool()
  readonly #ports = new PortAllocator()

  constructor(private readonly options: RunnerOptions) {}

  /** Starts it, or refuses and leaves why in its state. The process may end at once: that is an event of its own. */
  async run(container: SimulatedContainer): Promise<void> {
    const { clock } = this.options
    try {
      const joined = container.networkMode.startsWith('container:')
      const namespace = joined ? this.#namespaceToJoin(container) : this.#newNamespace(container)
      const published = joined ? null : await this.#publish(container, namespace)
      Object.assign(container.state, { status: 'running', exitCode: 0, error: '', oomKilled: false, startedAt: clock.now() })
      container.state.health = container.kind === 'vpn' ? 'starting' : null
      const process = startProcess({
        kind: container.kind,
        namespace,
        environment: environmentOf(container),
        args: container.command,
        log: (line) => container.logs.push({ ...line, at: clock.now() }),
      })
      const run = { process, namespace, ownsNamespace: !joined, published }
      container.run = { ...run, ended: process.exited.then((exitCode) => this.#ended(container, run, exitCode)) }
      this.options.events.emit('container', 'start', container.id, attributesOf(container))
    } catch (cause) {
      if (!(cause instanceof DaemonError)) throw cause
      container.state.error = cause.message
      if (container.state.exitCode === 0) container.state.exitCode = 128
      throw cause
    }
  }

  async #ended(container: SimulatedContainer, run: Omit<ContainerRun, 'ended'>, exitCode: number): Promise<number> {
    if (run.ownsNamespace) {
      run.namespace.destroy()
      this.#addresses.release(run.namespace.address)
    }
    await run.published?.close()
    const { state } = container
    Object.assign(state, { status: 'exited', exitCode, finishedAt: this.options.clock.now() })
    container.run = null
    this.options.events.emit('container', 'die', container.id, attributesOf(container, { exitCode: String(exitCode) }))
    return exitCode
  }

  #namespaceToJoin(container: SimulatedContainer): NetworkNamespace {
    const reference = container.networkMode.slice('container:'.length)
    const target = this.options.registry.find(reference)
    if (target === null) throw noSuchContainer(reference)
    if (target === container) throw new DaemonError(409, 'cannot join own network')
    if (target.run === null) throw new DaemonError(409, `cannot join network of a non running container: ${target.id}`)
    return target.run.namespace
  }

  #newNamespace(container: SimulatedContainer): NetworkNamespace {
    const { networkMode } = container
    if (networkMode !== 'default' && !this.options.networks.includes(networkMode)) {
      throw new DaemonError(404, `network ${networkMode} not found`)
    }
    return new NetworkNamespace(container.kind === 'vpn' ? this.options.vpnAddress : this.#addresses.take())
  }

  async #publish(container: SimulatedContainer, namespace: NetworkNamespace): Promise<PublishedPorts> {
    const bindings: PortBinding[] = Object.entries(container.body.HostConfig?.PortBindings ?? {}).flatMap(([containerPort, hosts]) =>
      (hosts ?? []).map((host) => ({ containerPort, hostIp: host.HostIp ?? '', hostPort: host.HostPort ?? '' })),
    )
    try {
      return await this.#ports.publish(`${container.name} (${newId()})`, namespace.address, bindings)
    } catch (cause) {
      this.#addresses.release(namespace.address)
      throw cause
    }
  }
}
