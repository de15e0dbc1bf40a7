/**
 * @module
 * Berth's own Docker simulator with a counting proxy before it: for more engines than this machine has memory for as containers.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { createDockerSimulator } from '../src/simulator/docker-engine.js'
import { GluetunStandIn } from '../src/simulator/gluetun-stand-in.js'
import { untilAskedToStop } from '../src/stop.js'
import type { Cleanup } from './cleanup.js'
import { countRequests } from './counting-proxy.js'
import { answerQuestions, HelperProcess } from './helper-process.js'

const GLUETUN_NAME = 'gluetun'
const IMAGE = 'berth-bench/engine:latest'
const Facts = z.object({ socketPath: z.string(), gluetunUrl: z.string(), requests: z.number() })
const Question = z.enum(['facts', 'kill'])
const Killed = z.object({ containerId: z.string() }).nullable()

/** A simulated daemon in a process of its own. */
export class SimulatedDocker {
  private constructor(
    private readonly helper: HelperProcess,
    /** What `berth up` needs to use it. */
    readonly env: Record<string, string>,
  ) {}

  /** Starts it; `cleanup` ends it. */
  static async start(cleanup: Cleanup): Promise<SimulatedDocker> {
    const helper = await HelperProcess.start('simulated-docker', cleanup)
    const { socketPath, gluetunUrl } = await helper.ask('facts', Facts)
    return new SimulatedDocker(helper, {
      DOCKER_HOST: `unix://${socketPath}`,
      GLUETUN_CONTAINER_NAME: GLUETUN_NAME,
      GLUETUN_URL: gluetunUrl,
      ENGINE_IMAGE: IMAGE,
    })
  }

  /** The engine that has run longest dies; resolves with its container when Docker has told of it, with `null` when none runs. */
  async kill(): Promise<string | null> {
    return (await this.helper.ask('kill', Killed))?.containerId ?? null
  }

  /** Requests to Docker since the start. */
  async requests(): Promise<number> {
    return (await this.helper.ask('facts', Facts)).requests
  }
}

/** Runs until asked to stop. */
export async function runSimulatedDocker(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-docker-'))
  const simulated = join(folder, 'daemon.sock')
  const socketPath = join(folder, 'docker.sock')
  const docker = createDockerSimulator({
    socketPath: simulated,
    images: [IMAGE],
    gluetun: { name: GLUETUN_NAME, address: ownAddress() },
  })
  const gluetun = new GluetunStandIn({ ports: [41_000] })
  const started = (async () => {
    await docker.start()
    return { gluetunUrl: await gluetun.start(), count: await countRequests(socketPath, simulated) }
  })()
  answerQuestions(async (question) => {
    const { gluetunUrl, count } = await started
    if (Question.parse(question) === 'facts') return { socketPath, gluetunUrl, requests: count() }
    const oldest = docker.containers().findLast(({ ports }) => ports !== null)
    if (oldest === undefined) return null
    await docker.killContainer(oldest.id, 'die')
    return { containerId: oldest.id }
  })
  await untilAskedToStop()
  await started.catch(() => null)
  await docker.stop()
  await gluetun.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** A loopback address of its own, so that the engines' ports are nobody else's; elsewhere than on Linux there is only one. */
function ownAddress(): string {
  if (process.platform !== 'linux') return '127.0.0.1'
  const part = () => 2 + Math.floor(Math.random() * 250)
  return `127.${part()}.${part()}.${part()}`
}
