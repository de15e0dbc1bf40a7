/**
 * @module
 * The real thing for a test: a Docker daemon of its own, Gluetun and engine stand-ins as containers, and Berth as a person runs it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import { bind, freePort } from '../../src/cli/addresses.js'
import { type Dockerd, startDockerd } from './dockerd.js'
import { ENGINE_IMAGE, GLUETUN_COMMAND, importEngineImage } from './images.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CLI = join(ROOT, 'dist/src/cli/main.js')
const WORKER = join(ROOT, 'dist/worker/main.js')

/** One engine as `GET /engines` shows it: the fields that tests look at. */
export interface Engine {
  engine_id: string
  container_id: string
  container_name: string
  host: string
  port: number
  forwarded: boolean
  forwarded_port: number | null
  health_status: string
  last_health_check: string | null
  p2p_connected: boolean | null
  p2p_listening: boolean | null
  phase: string
  lease_epoch: number | null
  started_at: string | null
  labels: Record<string, string>
}

/** What a request was answered with. */
interface Sent {
  status: number
  body: unknown
}

export interface Lease {
  epoch: number
  port: number | null
  holder: { engine_id: string; epoch: number; port: number; phase: string; container_id: string | null } | null
  condition: { code: string; detail: string } | null
  preferred: string | null
  reconcile: { dry_run: boolean; would_remove: { container_id: string; name: string; reason: string }[] }
  rotation: { due: { waiting_for: string; reason: string } | null }
  log: { epoch: number; engine_id: string; began: string; ended: string | null; gap_ms: number | null }[]
}

/** Resolves with what `look` finds once it is not null; rejects with what was last seen when `withinMs` has passed. */
export async function eventually<T>(what: string, look: () => Promise<T | null>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs
  let last: unknown = 'nothing'
  while (true) {
    try {
      const found = await look()
      if (found !== null) return found
      last = 'not yet'
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A daemon with the stand-ins' image, and a Gluetun container on it. */
export class DockerWorld {
  private constructor(
    readonly dockerd: Dockerd,
    readonly docker: Docker,
  ) {}

  static async start(): Promise<DockerWorld> {
    const dockerd = await startDockerd()
    await importEngineImage(dockerd.dockerHost)
    return new DockerWorld(dockerd, new Docker({ socketPath: dockerd.socketPath }))
  }

  /** Removes every container but none of the images. */
  async clear(): Promise<void> {
    const all = await this.docker.listContainers({ all: true })
    await Promise.all(all.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })))
  }

  async stop(): Promise<void> {
    await this.dockerd.stop()
  }

  /** Makes and starts a Gluetun container that forwards `port` (0: none yet). */
  async startGluetun(port: number, name = 'gluetun'): Promise<Gluetun> {
    const container = await this.docker.createContainer({
      name,
      Image: ENGINE_IMAGE,
      Cmd: GLUETUN_COMMAND,
      User: '0:0',
      Env: [`VPN_PORT=${port}`, 'CONTROL_PORT=9998', 'VPN_SERVICE_PROVIDER=protonvpn', 'OPENVPN_PASSWORD=never-to-be-seen'],
    })
    await container.start()
    return new Gluetun(this.docker, container.id)
  }

  /** Makes and starts an engine as the older orchestrator did: its labels, its environment, its restart policy. Resolves with the container's id. */
  async startLegacyEngine(httpPort: number, legacy: { forwarded?: boolean; p2pPort?: number; gluetun?: string } = {}): Promise<string> {
    const { forwarded = false, p2pPort, gluetun = 'gluetun' } = legacy
    const httpsPort = httpPort + 26_000
    const container = await this.docker.createContainer({
      name: `acestream-${httpPort}`,
      Image: ENGINE_IMAGE,
      Env: [
        `CONF=--http-port=${httpPort}\n--https-port=${httpsPort}\n--bind-all`,
        `HTTP_PORT=${httpPort}`,
        `HTTPS_PORT=${httpsPort}`,
        'BIND_ALL=true',
        ...(p2pPort === undefined ? [] : [`P2P_PORT=${p2pPort}`]),
      ],
      Labels: {
        'ondemand.app': 'myservice',
        'acestream.http_port': String(httpPort),
        'acestream.https_port': String(httpsPort),
        'host.http_port': String(httpPort),
        'acestream.vpn_container': gluetun,
        ...(forwarded ? { 'acestream.forwarded': 'true' } : {}),
      },
      HostConfig: { NetworkMode: `container:${gluetun}`, RestartPolicy: { Name: 'unless-stopped' } },
    })
    await container.start()
    return container.id
  }

  /** When a container was last started: a later time is a restart. */
  async startedAt(containerId: string): Promise<string> {
    return (await this.docker.getContainer(containerId).inspect()).State.StartedAt
  }

  /** Starts a stopped Gluetun container again. */
  async startGluetunAgain(name = 'gluetun'): Promise<void> {
    await this.docker.getContainer(name).start()
  }

  /** Running containers of ours. */
  async running(): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ filters: JSON.stringify({ label: ['ondemand.app=myservice'] }) })
  }

  /** Running containers with the forwarded label: what `docker ps --filter label=acestream.forwarded=true` shows. */
  async forwarded(): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ filters: JSON.stringify({ label: ['acestream.forwarded=true'] }) })
  }
}

/** The Gluetun stand-in's own switches. */
export class Gluetun {
  constructor(
    private readonly docker: Docker,
    readonly id: string,
  ) {}

  async address(): Promise<string> {
    const { NetworkSettings } = await this.docker.getContainer(this.id).inspect()
    const [network] = Object.values(NetworkSettings.Networks)
    if (!network) throw new Error('Gluetun has no network')
    return network.IPAddress
  }

  /** 0: none. */
  async setPort(port: number): Promise<void> {
    await this.put('/port', { port })
  }

  async setVpn(state: 'up' | 'down'): Promise<void> {
    await this.put('/vpn', { state })
  }

  async setFault(kind: string | null): Promise<void> {
    await this.put('/fault', { kind })
  }

  private async put(path: string, body: object): Promise<void> {
    const response = await fetch(`http://${await this.address()}:9998${path}`, { method: 'PUT', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`Gluetun stand-in: ${response.status} ${await response.text()}`)
  }
}

/** A worker that was killed is there again by then, on a busy machine too. */
const ASKED_AGAIN_MS = 15_000

/** Demos of this process so far: those of one machine have engines on the same address, and none may take another's ports. */
let demos = 0

/** Berth as `berth up` on ports and a data folder of its own. */
export class Berth {
  readonly dataDir: string
  #child: ChildProcess | null = null
  #output = ''

  private constructor(
    readonly apiPort: number,
    readonly temporalPort: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly args: string[] = [],
  ) {
    this.dataDir = mkdtempSync(join(tmpdir(), 'berth-e2e-'))
  }

  static async prepare(world: { dockerd: Pick<Dockerd, 'dockerHost'> }, env: NodeJS.ProcessEnv = {}): Promise<Berth> {
    if (!existsSync(CLI)) throw new Error('dist is not there: run "npm run build" first')
    const [api, temporal] = [await freePort(), await freePairOfPorts()]
    return new Berth(api, temporal, {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      BERTH_TEMPORAL_CLI: process.env.BERTH_TEMPORAL_CLI,
      DOCKER_HOST: world.dockerd.dockerHost,
      GLUETUN_CONTAINER_NAME: 'gluetun',
      ENGINE_IMAGE,
      ENGINE_MEMORY_MB: '512',
      HEALTH_CHECK_INTERVAL_S: '2',
      ...env,
    })
  }

  /** `berth up --demo`: needs no Docker. */
  static async demo(env: NodeJS.ProcessEnv = {}): Promise<Berth> {
    if (!existsSync(CLI)) throw new Error('dist is not there: run "npm run build" first')
    const [api, temporal] = [await freePort(), await freePairOfPorts()]
    const { PATH, HOME, BERTH_TEMPORAL_CLI, VITEST_POOL_ID = '0' } = process.env
    const from = 19_000 + Number(VITEST_POOL_ID) * 100 + 20 * (demos++ % 5)
    const ports = { GLUETUN_PORT_RANGE_1: `${from}-${from + 19}` }
    return new Berth(api, temporal, { PATH, HOME, BERTH_TEMPORAL_CLI, ...ports, ...env }, ['--demo'])
  }

  /** Runs `berth <args>` on the same data folder; resolves with its exit code and what it printed. */
  async cli(...args: string[]): Promise<{ code: number | null; output: string }> {
    const env = { ...this.env, BERTH_DATA_DIR: this.dataDir, APP_PORT: String(this.apiPort), TEMPORAL_PORT: String(this.temporalPort) }
    const child = spawn(process.execPath, [CLI, ...args], { env })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, output }
  }

  get url(): string {
    return `http://127.0.0.1:${this.apiPort}`
  }

  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts `berth up` and resolves when it says that it is ready. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#output = ''
    const child = spawn(process.execPath, [CLI, 'up', ...this.args], {
      env: {
        ...this.env,
        BERTH_DATA_DIR: this.dataDir,
        APP_PORT: String(this.apiPort),
        TEMPORAL_PORT: String(this.temporalPort),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    await eventually(
      'berth up is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`berth up ended with ${child.exitCode}:\n${this.#output}`)
        return this.#output.includes('berth: ready after') ? true : null
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#output}`)
    })
  }

  /** SIGTERM, and resolves with the exit code when the process has ended. */
  async stop(): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    return ended
  }

  /** What its parts have logged. */
  log(): string {
    return readFileSync(join(this.dataDir, 'berth.log'), 'utf8')
  }

  /** Copies the data while nothing runs; `restore` brings that state back. */
  backUp(): void {
    cpSync(this.dataDir, `${this.dataDir}.backup`, { recursive: true })
  }

  restore(): void {
    rmSync(this.dataDir, { recursive: true, force: true })
    cpSync(`${this.dataDir}.backup`, this.dataDir, { recursive: true })
    rmSync(`${this.dataDir}.backup`, { recursive: true, force: true })
  }

  /** Ends it and deletes its data. */
  async discard(): Promise<void> {
    await this.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** Process ids of `berth up` and of its parts by name. */
  parts(): Record<'up' | 'worker' | 'api' | 'temporal', number> {
    const named = (text: string): number => children(this.pid).find((pid) => commandLine(pid).includes(text)) ?? 0
    return { up: this.pid, worker: named('worker/main.js'), api: named('http/main.js'), temporal: named('start-dev') }
  }

  /** A second worker of this pool, outside of `berth up`; resolves when it takes tasks. */
  async startWorker(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const child = spawn(process.execPath, [WORKER], {
      env: { ...this.env, BERTH_DATA_DIR: this.dataDir, APP_PORT: String(this.apiPort), TEMPORAL_PORT: String(this.temporalPort), ...env },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
    })
    return child
  }

  /** kill -9 of every process at once. */
  async killAll(): Promise<void> {
    const child = this.#child
    const ended = new Promise((resolve) => child?.once('exit', resolve))
    for (const pid of Object.values(this.parts())) if (pid > 0) process.kill(pid, 'SIGKILL')
    await ended
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  /** As a client asks: a change that was refused for want of a worker, or of an answer of Temporal's in time, is asked for again once a worker answers. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Sent> {
    const deadline = Date.now() + ASKED_AGAIN_MS
    while (true) {
      const { refused, ...sent } = await this.#sendOnce(method, path, body, headers)
      if (!refused || Date.now() > deadline) return sent
      await eventually('a worker answers', () => this.#workerAnswers(), ASKED_AGAIN_MS)
    }
  }

  async #sendOnce(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Sent & { refused: boolean }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    const refused = response.status === 503 && /worker answers in time|Temporal cannot be asked|Temporal could not answer/.test(text)
    return { status: response.status, body: text === '' ? null : JSON.parse(text), refused }
  }

  async #workerAnswers(): Promise<true | null> {
    const { parts } = await this.get<{ parts: { worker: { ok: boolean } } }>('/api/v1/readiness')
    return parts.worker.ok ? true : null
  }

  engines(): Promise<Engine[]> {
    return this.get('/engines')
  }

  lease(): Promise<Lease> {
    return this.get('/lease')
  }

  /** Waits until `count` engines are healthy and, unless `forwarded` is false, exactly one of them is forwarded; resolves with them. */
  async settled(count: number, { forwarded = true, withinMs = 60_000 } = {}): Promise<Engine[]> {
    return eventually(
      `${count} healthy engines, ${forwarded ? 'one' : 'none'} forwarded`,
      async () => {
        const engines = await this.engines()
        const healthy = engines.filter((engine) => engine.health_status === 'healthy')
        const holders = engines.filter((engine) => engine.forwarded)
        if (engines.length === count && healthy.length === count && holders.length === (forwarded ? 1 : 0)) return engines
        throw new Error(
          JSON.stringify(engines.map(({ engine_id, phase, health_status, forwarded: f }) => ({ engine_id, phase, health_status, f }))),
        )
      },
      withinMs,
    )
  }

  /** The `temporal` command on this Berth's server; resolves with what it prints. */
  async temporal(...args: string[]): Promise<string> {
    const child = spawn(this.env.BERTH_TEMPORAL_CLI ?? 'temporal', [
      ...args,
      '--address',
      `127.0.0.1:${this.temporalPort}`,
      '--namespace',
      'berth',
    ])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    if (code !== 0) throw new Error(`temporal ${args.join(' ')}: ${output}`)
    return output
  }
}

/** Direct and indirect children of a process. */
function children(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    } catch {
      // It has ended meanwhile.
    }
  }
  const found: number[] = []
  for (let open = [pid]; open.length > 0; ) {
    const next = open.flatMap((each) => parents.get(each) ?? [])
    found.push(...next)
    open = next
  }
  return found
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Processes that run now and name `text` on their command line. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => commandLine(pid).includes(text))
}

/** A port whose neighbour 1000 above is free too: Temporal's, with its web UI. */
async function freePairOfPorts(): Promise<number> {
  while (true) {
    const port = await freePort()
    if (port > 64_000) continue
    if ((await bind('127.0.0.1', port + 1000)) === null) return port
  }
}
