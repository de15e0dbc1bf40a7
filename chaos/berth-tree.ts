/**
 * @module
 * Berth under attack: `berth up` with its parts, and a second worker that reaches Temporal through a link that can be cut.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cleanup } from '../bench/cleanup.js'
import { freePort, freePortPair } from '../bench/ports.js'
import { commandLine, descendants } from '../bench/process-facts.js'
import { until } from '../bench/until.js'
import { DataDisk } from './data-disk.js'
import type { Journal } from './journal.js'
import { Link } from './link.js'
import { WrongClock } from './wrong-clock.js'

const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const WORKER = fileURLToPath(new URL('../worker/main.js', import.meta.url))
const READY = 'berth: ready after'
const STOP_WITHIN_MS = 45_000

export const PARTS = ['up', 'worker', 'api', 'temporal'] as const
export type Part = (typeof PARTS)[number]

/** One Berth on ports and a data folder of its own. Every process that it ends is its own child or descends from one. */
export class BerthTree {
  /** Of `berth up`, its worker and its API. */
  readonly clock: WrongClock
  readonly secondClock: WrongClock
  readonly #env: NodeJS.ProcessEnv
  #up: ChildProcess | null = null
  #second: ChildProcess | null = null
  #discarded = false

  private constructor(
    readonly apiPort: number,
    readonly temporalPort: number,
    /** Between the second worker and Temporal. */
    readonly link: Link,
    readonly disk: DataDisk,
    env: NodeJS.ProcessEnv,
    private readonly journal: Journal,
  ) {
    const { PATH, HOME, BERTH_TEMPORAL_CLI } = process.env
    const ports = { APP_PORT: String(apiPort), TEMPORAL_PORT: String(temporalPort) }
    this.clock = new WrongClock(join(journal.folder, 'clock'))
    this.secondClock = new WrongClock(join(journal.folder, 'second-clock'))
    this.#env = { PATH, HOME, BERTH_TEMPORAL_CLI, ...env, ...ports, BERTH_DATA_DIR: disk.folder }
  }

  /** Nothing of Berth runs before `start`. */
  static async prepare(env: NodeJS.ProcessEnv, journal: Journal, cleanup: Cleanup): Promise<BerthTree> {
    const [apiPort, temporalPort] = [await freePort(), await freePortPair()]
    const link = await cleanup.make(
      'the link to Temporal',
      () => Link.open(temporalPort),
      (opened) => opened.close(),
    )
    const disk = await DataDisk.open(cleanup)
    return cleanup.make(
      'Berth',
      async () => new BerthTree(apiPort, temporalPort, link, disk, env, journal),
      (tree) => tree.#discard(),
    )
  }

  get url(): string {
    return `http://127.0.0.1:${this.apiPort}`
  }

  /** Runs `berth up` and resolves when it says that it is ready. */
  async start(): Promise<void> {
    if (this.#discarded) throw new Error('this Berth has been discarded')
    let said = ''
    // A session of its own: Ctrl-C is the campaign's. The channel ends it when the campaign is gone.
    const env = { ...this.#env, ...this.clock.env() }
    const child = spawn(process.execPath, [CLI, 'up'], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true })
    this.#up = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        this.#keep('berth', chunk)
      })
    }
    await until('berth up is ready', () => (said.includes(READY) || hasEnded(child) ? true : null), { withinMs: 90_000 })
    if (hasEnded(child)) throw new Error(`berth up ended with ${child.exitCode} before it was ready:\n${said}`)
  }

  /** The process of a part; `null` when it does not run now. */
  pid(part: Part): number | null {
    const top = this.#up?.pid
    if (top === undefined || this.#up === null || hasEnded(this.#up)) return null
    if (part === 'up') return top
    const signs = { worker: 'worker/main.js', api: 'http/main.js', temporal: 'start-dev' }
    return descendants(top).find((pid) => commandLine(pid).includes(signs[part])) ?? null
  }

  /** Waits until the part runs; resolves with its process id. */
  async running(part: Part): Promise<number> {
    return until(`the part ${part} runs`, () => this.pid(part), { withinMs: 15_000 })
  }

  /** Waits until the part runs, and sends it a signal; resolves with the process id. */
  async signal(part: Part, signal: NodeJS.Signals): Promise<number> {
    const pid = await this.running(part)
    process.kill(pid, signal)
    this.journal.write('process', `${signal} to ${part} ${pid}`)
    return pid
  }

  /** SIGKILL of every process at once, the second worker too. */
  async killAll(): Promise<void> {
    const up = this.#up
    const pids = PARTS.map((part) => this.pid(part)).filter((pid) => pid !== null)
    const gone = up === null || hasEnded(up) ? Promise.resolve() : new Promise<void>((resolve) => up.once('exit', () => resolve()))
    for (const pid of pids) kill(pid, 'SIGKILL')
    this.#second?.kill('SIGKILL')
    this.journal.write('process', `SIGKILL to all: ${pids.join(' ')}`)
    await gone
  }

  get secondRuns(): boolean {
    return this.#second !== null && !hasEnded(this.#second)
  }

  /** Starts the second worker and resolves when it is ready, or has ended. With a failpoint it kills itself at that step. */
  async startSecond(failpoint: string | null = null): Promise<void> {
    if (this.#discarded) throw new Error('this Berth has been discarded')
    if (this.secondRuns) return
    const test = failpoint === null ? {} : { NODE_ENV: 'test', BERTH_FAILPOINT: `${failpoint}:kill` }
    const env = { ...this.#env, ...this.secondClock.env(), TEMPORAL_PORT: String(this.link.port), ...test }
    const child = spawn(process.execPath, [WORKER], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true })
    this.#second = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.#keep('second-worker', chunk))
    this.journal.write('process', `second worker ${child.pid}${failpoint === null ? '' : ` with failpoint "${failpoint}"`}`)
    child.once('exit', (code, signal) => this.journal.write('process', `second worker ${child.pid} ended (${signal ?? code})`))
    await new Promise<void>((resolve) => {
      child.on('message', () => resolve())
      child.once('exit', () => resolve())
      setTimeout(resolve, 20_000).unref()
    })
  }

  signalSecond(signal: NodeJS.Signals): void {
    this.#second?.kill(signal)
    this.journal.write('process', `${signal} to the second worker ${this.#second?.pid}`)
  }

  async stopSecond(): Promise<void> {
    const child = this.#second
    if (child === null || hasEnded(child)) return
    await stopped(child)
  }

  /** SIGTERM, and resolves when all is gone. */
  async stop(): Promise<void> {
    await this.stopSecond()
    if (this.#up === null || hasEnded(this.#up)) return
    const worker = this.pid('worker')
    if (worker !== null) kill(worker, 'SIGCONT')
    await stopped(this.#up)
  }

  /** All that Berth has logged and printed. */
  logs(): { name: string; text: string }[] {
    const files = ['berth', 'second-worker'].map((name) => ({ name: `${name}.out`, path: this.#outputPath(name) }))
    return [...files, { name: 'berth.log', path: this.#logPath() }]
      .filter(({ path }) => existsSync(path))
      .map(({ name, path }) => ({ name, text: readFileSync(path, 'utf8') }))
  }

  #keep(name: string, chunk: Buffer): void {
    appendFileSync(this.#outputPath(name), chunk)
  }

  #outputPath(name: string): string {
    return join(this.journal.folder, `${name}.out`)
  }

  async #discard(): Promise<void> {
    this.#discarded = true
    await this.stop()
    const log = this.#logPath()
    if (existsSync(log)) copyFileSync(log, join(this.journal.folder, 'berth.log'))
  }

  #logPath(): string {
    return join(this.disk.folder, 'berth.log')
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await gone
  clearTimeout(timer)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
