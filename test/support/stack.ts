/**
 * @module
 * docker-compose.yml as a person runs it, on a Docker daemon of the test's own with images of its own.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { type Dockerd, startDockerd } from './dockerd.js'
import { makeStackImages } from './stack-images.js'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const API_KEY = 'a-key-of-the-test'
const PROJECT = 'berth-image-test'

/**
 * What differs from a person's machine: builds reach the registry through the host's network, the Gluetun stand-in needs no tunnel, and health is
 * asked more often, as a test is in a hurry.
 */
const OVERRIDE = `
services:
  temporal: { healthcheck: { interval: 2s } }
  worker: { build: { network: host }, healthcheck: { interval: 2s } }
  api: { healthcheck: { interval: 2s } }
  gluetun:
    devices: !reset []
    environment: { VPN_PORT: '41000' }
`

/** Runs Compose with these arguments and settings on docker-compose.yml; resolves with its exit code and all that it printed. */
export async function compose(
  args: readonly string[],
  settings: Record<string, string>,
  { dockerHost = '', override = '' } = {},
): Promise<{ code: number; output: string }> {
  const program = process.env.BERTH_COMPOSE
  if (!program || !existsSync(program)) throw new Error('BERTH_COMPOSE names no Docker Compose: run "npm test" once, it obtains one')
  const folder = mkdtempSync(join(tmpdir(), 'berth-compose-'))
  try {
    // Never a developer's own .env.
    const env = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(folder, 'env'), env.join(''))
    writeFileSync(join(folder, 'override.yml'), override)
    const files = ['docker-compose.yml', ...(override === '' ? [] : [join(folder, 'override.yml')])]
    const all = ['--project-directory', ROOT, '--env-file', join(folder, 'env'), ...files.flatMap((file) => ['-f', file]), ...args]
    const clean = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: dockerHost, DOCKER_BUILDKIT: '0', COMPOSE_BAKE: 'false' }
    const { stdout, stderr } = await run(program, all, { cwd: ROOT, env: clean, maxBuffer: 1 << 26 })
    return { code: 0, output: `${stdout}${stderr}` }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
    if (typeof code !== 'number') throw error
    return { code, output: `${stdout}${stderr}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export class Stack {
  private constructor(
    readonly dockerd: Dockerd,
    readonly docker: Docker,
    private readonly settings: Record<string, string>,
    readonly url: string,
  ) {}

  /** The daemon and the images; nothing runs yet. */
  static async prepare(): Promise<Stack> {
    // Parts reach each other by name and over bridges, as on a person's machine.
    const dockerd = await startDockerd({ iptables: true })
    await makeStackImages(dockerd.dockerHost)
    const [apiPort, enginePort] = [await freePorts(1), await freePorts(4)]
    const settings = {
      API_KEY,
      GLUETUN_API_KEY: 'a-key-of-gluetun',
      VPN_SERVICE_PROVIDER: 'protonvpn',
      DOCKER_SOCKET: dockerd.socketPath,
      DOCKER_GID: String(statSync(dockerd.socketPath).gid),
      APP_PORT: String(apiPort),
      GLUETUN_PORT_RANGE_1: `${enginePort}-${enginePort + 3}`,
      HEALTH_CHECK_INTERVAL_S: '2',
    }
    return new Stack(dockerd, new Docker({ socketPath: dockerd.socketPath }), settings, `http://127.0.0.1:${apiPort}`)
  }

  /** Runs `docker compose <args>`; rejects with all that it printed when it fails. */
  async compose(...args: string[]): Promise<string> {
    const options = { dockerHost: this.dockerd.dockerHost, override: OVERRIDE }
    const { code, output } = await compose(['-p', PROJECT, ...args], this.settings, options)
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')} ended with ${code}:\n${output.slice(-4_000)}\n${await this.ends()}`)
    return output
  }

  /** How each container is, what its last health check said and the end of its log. */
  private async ends(): Promise<string> {
    const all = await this.docker.listContainers({ all: true })
    const each = all.map(async ({ Id, Names }) => {
      const container = this.docker.getContainer(Id)
      const { State } = await container.inspect()
      const log = await container.logs({ stdout: true, stderr: true, tail: 20 })
      return `${Names.join()} ${State.Status} ${State.Health?.Status ?? ''}\n${State.Health?.Log.at(-1)?.Output ?? ''}\n${log.toString()}`
    })
    return (await Promise.all(each)).join('\n')
  }

  /** The container of one service. */
  async inspect(service: string): Promise<Docker.ContainerInspectInfo> {
    const label = [`com.docker.compose.project=${PROJECT}`, `com.docker.compose.service=${service}`]
    const [found] = await this.docker.listContainers({ all: true, filters: JSON.stringify({ label }) })
    if (!found) throw new Error(`there is no container of the service ${service}`)
    return this.docker.getContainer(found.Id).inspect()
  }

  /** Running engines with the forwarded label. */
  async forwarded(): Promise<Docker.ContainerInspectInfo[]> {
    const found = await this.docker.listContainers({ filters: JSON.stringify({ label: ['acestream.forwarded=true'] }) })
    return Promise.all(found.map(({ Id }) => this.docker.getContainer(Id).inspect()))
  }

  async stop(): Promise<void> {
    await this.dockerd.stop()
  }
}

/** The first of `count` ports in a row that are free on loopback. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`no ${count} free ports in a row`)
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
