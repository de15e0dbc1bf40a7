/**
 * @module
 * A started simulator with a client, and waiting for conditions.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import Docker from 'dockerode'
import { onTestFinished } from 'vitest'
import { createDockerSimulator } from '../../src/simulator/docker-engine.js'
import type { DockerSimulator, DockerSimulatorOptions } from '../../src/simulator/docker-engine.js'

export const ENGINE_IMAGE = 'berth-test/engine:1'
export const IDLE_IMAGE = 'busybox:1'

/** A simulator without delays that ends with the test. */
export async function startSimulator(
  options: Partial<DockerSimulatorOptions> = {},
): Promise<{ simulator: DockerSimulator; docker: Docker }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-simulator-'))
  const socketPath = join(folder, 'docker.sock')
  const simulator = createDockerSimulator({ socketPath, images: [ENGINE_IMAGE, IDLE_IMAGE], latency: 0, ...options })
  await simulator.start()
  onTestFinished(async () => {
    await simulator.stop()
    await rm(folder, { recursive: true })
  })
  return { simulator, docker: new Docker({ socketPath }) }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves with the first answer of `check` that is neither false nor null; throws after the deadline. */
export async function until<T>(what: string, check: () => T | Promise<T>, deadlineMs = 5_000): Promise<Exclude<T, false | null>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const answer = await check()
    if (answer !== false && answer !== null) return answer as Exclude<T, false | null>
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await turn()
  }
}

/** Whether an engine answers there within a second. */
export async function answersAt(port: number, host = '127.0.0.1'): Promise<boolean> {
  const url = `http://${host}:${port}/webui/api/service?method=get_version`
  return fetch(url, { signal: AbortSignal.timeout(1_000), headers: { connection: 'close' } }).then(
    (response) => response.ok,
    () => false,
  )
}

/** The create body of an engine with these ports. */
export function engine(
  ports: { http: number; p2p?: number },
  extra: Partial<Docker.ContainerCreateOptions> = {},
): Docker.ContainerCreateOptions {
  const p2p = ports.p2p === undefined ? [] : [`P2P_PORT=${ports.p2p}`]
  return { Image: ENGINE_IMAGE, ...extra, Env: [`HTTP_PORT=${ports.http}`, ...p2p, ...(extra.Env ?? [])] }
}
