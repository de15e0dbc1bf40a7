/**
 * @module
 * Berth as a person runs it, on ports and a data folder of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Cleanup } from './cleanup.js'
import { freePort, freePortPair } from './ports.js'
import { commandLine, cpuTicks, descendants } from './process-facts.js'
import { until } from './until.js'

const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const WORKER = fileURLToPath(new URL('../worker/main.js', import.meta.url))
/** What `npm start` runs. */
export const START_SCRIPT = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))
const READY = 'berth: ready after'
const STOP_WITHIN_MS = 45_000

const Engines = z.array(
  z.object({
    engine_id: z.string(),
    container_id: z.string(),
    host: z.string(),
    port: z.number(),
    forwarded: z.boolean(),
    health_status: z.string(),
    started_at: z.string().nullable(),
  }),
)
export type BenchEngine = z.infer<typeof Engines>[number]

/** Those that are looked for when something does not come. */
const Others = z.array(
  z.object({ engine_id: z.string(), health_status: z.string(), phase: z.string(), problem: z.object({ code: z.string() }).nullable() }),
)

const Lease = z.object({
  epoch: z.number(),
  holder: z.object({ engine_id: z.string(), epoch: z.number(), phase: z.string(), container_id: z.string().nullable() }).nullable(),
})

/** The parts of one process tree. */
export const PARTS = ['up', 'worker', 'api', 'temporal'] as const
export type Part = (typeof PARTS)[number]

/** The API answered with a problem. */
export class Refused extends Error {
  override readonly name = 'Refused'

  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** One `berth up`. Of the environment it gets what it is given, and what it needs to run. */
export class Berth {
  readonly #env: NodeJS.ProcessEnv
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'berth-bench-'))
  #child: ChildProcess | null = null
  #output = ''
  #discarded = false

  private constructor(
    readonly url: string,
    readonly temporalPort: number,
    env: NodeJS.ProcessEnv,
  ) {
    const { PATH, HOME, BERTH_TEMPORAL_CLI } = process.env
    this.#env = { PATH, HOME, BERTH_TEMPORAL_CLI, RATE_LIMIT_MUTATIONS: '0', ...env, BERTH_DATA_DIR: this.#dataDir }
  }

  /** Chooses ports; nothing runs before `start`. `cleanup` stops it and deletes its data. */
  static async prepare(cleanup: Cleanup, env: NodeJS.ProcessEnv): Promise<Berth> {
    const [apiPort, temporalPort] = [await freePort(), await freePortPair()]
    const ports = { APP_PORT: String(apiPort), TEMPORAL_PORT: String(temporalPort) }
    return cleanup.make(
      'Berth',
      async () => new Berth(`http://127.0.0.1:${apiPort}`, temporalPort, { ...env, ...ports }),
      (berth) => berth.discard(),
    )
  }

  /** Runs `berth up`, or `program` with the same environment, and resolves with the milliseconds until it says that it is ready. */
  async start(program: readonly string[] = [CLI, 'up']): Promise<number> {
    if (this.#discarded) throw new Error('this Berth has been discarded')
    const began = performance.now()
    this.#output = ''
    // A group of its own: Ctrl-C is for the benchmark, which stops it in order.
    const child = spawn(process.execPath, [...program], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => {
        if (this.#output.includes(READY)) resolve()
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`Berth ended with ${code} before it was ready:\n${this.#output}`)))
    })
    return performance.now() - began
  }

  /** SIGTERM, and resolves when the process has ended. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === null || hasEnded(child)) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await ended
    clearTimeout(kill)
  }

  /** Ends it for good and deletes its data. */
  async discard(): Promise<void> {
    this.#discarded = true
    await this.stop()
    rmSync(this.#dataDir, { recursive: true, force: true })
  }

  /** A second worker of the same pool, outside of `berth up`; it is for the caller to end, and ends with this process. Resolves when it takes tasks. */
  async startWorker(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [WORKER], { env: this.#env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`the second worker ended with ${code}`)))
    })
    return child
  }

  /** Process id of a part, `null` while it does not run. */
  find(part: Part): number | null {
    try {
      return this.processes([part]).get(part) ?? null
    } catch {
      return null
    }
  }

  /** Process ids by part. */
  processes(parts: readonly Part[] = PARTS): Map<Part, number> {
    const top = this.#child?.pid
    if (top === undefined) throw new Error('Berth does not run')
    const tree = [top, ...descendants(top)].map((pid) => ({ pid, line: commandLine(pid) }))
    const signs: Record<Part, string> = { up: `${CLI} up`, worker: 'worker/main.js', api: 'http/main.js', temporal: 'start-dev' }
    return new Map(
      parts.map((part) => {
        const found = tree.findLast(({ line }) => line.includes(signs[part]))
        if (!found) throw new Error(`the process ${part} does not run`)
        return [part, found.pid]
      }),
    )
  }

  /** Every engine that has a container. */
  async engines(): Promise<BenchEngine[]> {
    return Engines.parse(await this.#get('/engines'))
  }

  /** `GET /engines` as it comes. */
  async engineBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await (await fetch(`${this.url}/engines`)).arrayBuffer())
  }

  async scale(wanted: number): Promise<void> {
    const response = await fetch(`${this.url}/scale/${wanted}`, { method: 'POST', signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Error(`POST /scale/${wanted}: ${response.status} ${await response.text()}`)
  }

  /** Posts JSON; resolves with the milliseconds until all of the answer was there. Rejects with `Refused` when it is not 200 or 202. */
  async post(path: string, body: object = {}, signal: AbortSignal = AbortSignal.timeout(60_000)): Promise<number> {
    const began = performance.now()
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal })
    const text = await response.text()
    if (response.status !== 200 && response.status !== 202) throw new Refused(`POST ${path}: ${response.status} ${text}`, response.status)
    return performance.now() - began
  }

  /** How many engines there are, those without a container too. */
  async allEngines(): Promise<number> {
    return z.array(z.unknown()).parse(await this.#get('/engines?all=true')).length
  }

  /** Waits until `count` engines are healthy, one of them is forwarded, and the lease says the same; resolves with them. */
  async settled(count: number): Promise<BenchEngine[]> {
    return until(
      `${count} healthy engines, one of them forwarded`,
      async () => {
        const [engines, { holder }] = [await this.engines(), Lease.parse(await this.#get('/lease'))]
        const holders = engines.filter((engine) => engine.forwarded)
        const healthy = engines.filter((engine) => engine.health_status === 'healthy')
        const agreed = holders.length === 1 && holder?.phase === 'active' && holder.container_id === holders[0]?.container_id
        if (engines.length === count && healthy.length === count && agreed) return engines
        const others = Others.parse(await this.#get('/engines?all=true')).filter(({ health_status }) => health_status !== 'healthy')
        const told = others.map(({ engine_id, phase, problem }) => `${engine_id} ${phase} ${problem?.code ?? ''}`.trim())
        throw new Error(
          `${engines.length} engines, ${healthy.length} healthy, ${holders.length} forwarded, lease ${holder?.phase ?? 'free'}; not healthy: ${told.join(', ') || 'none'}`,
        )
      },
      { withinMs: 180_000 },
    )
  }

  /** Waits until there is no engine. */
  async empty(): Promise<void> {
    await until('no engine is left', async () => ((await this.engines()).length === 0 ? true : null), { withinMs: 120_000 })
  }

  /** Waits until all of Berth together uses less than a twentieth of a core for half a second: what was done last is over. */
  async quiet(): Promise<void> {
    const pids = [...this.processes().values()]
    const used = () => pids.reduce((sum, pid) => sum + cpuTicks(pid), 0)
    let before = used()
    await until(
      'Berth is quiet',
      () => {
        const now = used()
        const spent = now - before
        before = now
        return spent <= 2 ? true : null
      },
      { everyMs: 500, withinMs: 60_000 },
    ).catch((error: unknown) => console.log(`  (measured although ${error instanceof Error ? error.message : String(error)})`))
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
