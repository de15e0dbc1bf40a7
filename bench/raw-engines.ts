/**
 * @module
 * The floor: engines made through bare dockerode, of the same body as Berth's and with nothing of its protocol.
 */
import type Docker from 'dockerode'
import { LABEL } from '../src/domain/labels.js'
import { untilAnswers } from './engine-answers.js'
import type { DockerWorld } from './docker-world.js'

/** Far from the ports that Berth gives its engines, which share the network. */
const FIRST_HTTP_PORT = 29_000
const FIRST_HTTPS_PORT = 29_500
const P2P_PORT = 29_999

/** On every container of the floor. */
export const FLOOR_LABEL = 'berth.bench'

/** A container like one of Berth's, on other ports, that Berth takes no notice of. */
export class RawEngines {
  private constructor(
    private readonly world: DockerWorld,
    private readonly body: Docker.ContainerCreateOptions,
    private readonly ports: { http: string; https: string; p2p: string | null },
  ) {}

  /** Takes image, environment and host configuration from one of Berth's containers. */
  static async like(world: DockerWorld, containerId: string): Promise<RawEngines> {
    const { Config, HostConfig } = await world.docker.getContainer(containerId).inspect()
    const label = (name: string) => Config.Labels[name] ?? null
    const http = label(LABEL.httpPort)
    const https = label(LABEL.httpsPort)
    if (http === null || https === null) throw new Error('the container does not say its ports')
    const body = { Image: Config.Image, Env: Config.Env, HostConfig, Healthcheck: Config.Healthcheck }
    return new RawEngines(world, body, { http, https, p2p: label(LABEL.p2pPort) })
  }

  /** Creates and starts number `index`. */
  async make(index: number): Promise<Docker.Container> {
    const container = await this.world.docker.createContainer(this.#bodyOf(index))
    await container.start()
    return container
  }

  /** Creates and starts number `index`, and resolves with the time of its first answer. */
  async begin(index: number): Promise<{ container: Docker.Container; answeredAt: number }> {
    const container = await this.make(index)
    return { container, answeredAt: await untilAnswers(this.world.address, FIRST_HTTP_PORT + index) }
  }

  #bodyOf(index: number): Docker.ContainerCreateOptions {
    const { http, https, p2p } = this.ports
    const moved = (text: string): string => {
      const ours = text.replaceAll(http, String(FIRST_HTTP_PORT + index)).replaceAll(https, String(FIRST_HTTPS_PORT + index))
      return p2p === null ? ours : ours.replaceAll(p2p, String(P2P_PORT))
    }
    return { ...this.body, name: `floor-${index}`, Env: (this.body.Env ?? []).map(moved), Labels: { [FLOOR_LABEL]: 'floor' } }
  }
}
