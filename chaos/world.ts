/**
 * @module
 * What Berth works on in a campaign: a Docker daemon that is simulated or real, Gluetun, and containers of somebody else.
 */
import type Docker from 'dockerode'
import type { Cleanup } from '../bench/cleanup.js'
import { LABEL } from '../src/domain/labels.js'
import type { DockerParts, Secrets, WorldKind } from './docker-parts.js'
import { ForeignGuard } from './foreign-guard.js'
import type { Gluetun } from './gluetun.js'
import { type Question, type Rule, RuleAdded, RuleRemoved, Done } from './questions.js'
import { startRealDocker } from './real-docker.js'
import { startSimulatedDocker } from './simulated-docker.js'
import type { Violations } from './violations.js'

/** A world that runs. */
export class World {
  private constructor(
    readonly kind: WorldKind,
    readonly parts: DockerParts,
    readonly foreign: ForeignGuard,
  ) {}

  static async start(kind: WorldKind, seed: number, secrets: Secrets, violations: Violations, cleanup: Cleanup): Promise<World> {
    const parts = await (kind === 'docker' ? startRealDocker : startSimulatedDocker)(seed, secrets, cleanup)
    const world = new World(kind, parts, new ForeignGuard(parts.docker, violations))
    await world.foreign.watch(await parts.gluetun.parts.id())
    await world.makeForeign('foreign-plain', {})
    await world.makeForeign('foreign-forwarded', { [LABEL.forwarded]: 'true', [LABEL.epoch]: '999999', [LABEL.p2pPort]: '41000' })
    return world
  }

  get docker(): Docker {
    return this.parts.docker
  }

  get gluetun(): Gluetun {
    return this.parts.gluetun
  }

  /** A container of somebody else, running and guarded. */
  async makeForeign(name: string, labels: Record<string, string>): Promise<string> {
    const container = await this.docker.createContainer({ name, Image: this.parts.foreignImage, Labels: labels })
    await this.foreign.whileOurs([container.id], async () => {
      await container.start()
      await this.foreign.watch(container.id)
    })
    return container.id
  }

  async removeForeign(id: string): Promise<void> {
    this.foreign.unwatch(id)
    await this.docker.getContainer(id).remove({ force: true })
  }

  /** Puts a rule between Berth and the daemon; resolves with how to take it away, which resolves with how often it hit. */
  async addRule(rule: Rule): Promise<() => Promise<number>> {
    const { id } = await this.parts.outside.ask({ ask: 'add-rule', rule }, RuleAdded)
    return async () => (await this.parts.outside.ask({ ask: 'remove-rule', id }, RuleRemoved)).hits
  }

  async tell(question: Question): Promise<void> {
    await this.parts.outside.ask(question, Done)
  }

  /** Every container of ours, whatever its state. */
  async managed(label: string): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: JSON.stringify({ label: [label] }) })
  }

  /** The running managed container with the forwarded label, `null` when there is none. */
  async forwarded(label: string): Promise<Docker.ContainerInfo | null> {
    const found = await this.docker.listContainers({ filters: JSON.stringify({ label: [label, `${LABEL.forwarded}=true`] }) })
    return found[0] ?? null
  }

  /** What was guarded and stopped with the daemon runs again. */
  async startForeign(): Promise<void> {
    for (const id of this.foreign.ids()) {
      const container = this.docker.getContainer(id)
      if (!(await container.inspect()).State.Running) await container.start()
    }
  }
}
