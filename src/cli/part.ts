/**
 * @module
 * One process of `berth up`: started, restarted when it dies, stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { PART_OF } from '../stop.js'

export interface PartOptions {
  name: string
  command: string
  arguments: string[]
  env: NodeJS.ProcessEnv
  /** Speaks Node's IPC: `{ kind: 'ready' }` says that it is ready, and a closed channel that its parent is gone. */
  ipc: boolean
  onMessage?: (message: unknown) => void
  /** Each line that it writes. */
  onLine: (line: string) => void
  /** It ended although nobody asked; it is started again after `restartInMs`. */
  onDeath: (how: string, restartInMs: number) => void
}

/** A part that lived this long starts again at once. Milliseconds. */
const STABLE_AFTER_MS = 10_000
const FIRST_RESTART_MS = 200
const LONGEST_RESTART_MS = 5_000

/**
 * 1. `start` resolves when the part says that it is ready, at once for one that does not speak IPC; it rejects when it ends before that.
 * 2. Once started it is started again whenever it dies, with a back-off, until `stop`.
 * 3. `stop` asks with SIGTERM, kills after `killAfterMs`, and resolves when the process is gone.
 */
export class Part {
  readonly #options: PartOptions
  #child: ChildProcess | null = null
  #stopping = false
  #startedAt = 0
  #restartMs = FIRST_RESTART_MS
  #restart: NodeJS.Timeout | undefined

  constructor(options: PartOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const child = this.#spawn()
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => reject(new Error(`${this.#options.name} ended before it was ready (${howOf(code, signal)})`)))
      if (!this.#options.ipc) return resolve()
      child.on('message', (message) => {
        if (kindOf(message) === 'ready') resolve()
      })
    })
    child.once('exit', (code, signal) => this.#died(howOf(code, signal)))
    if (child.exitCode !== null) this.#died(howOf(child.exitCode, child.signalCode))
  }

  async stop(killAfterMs: number): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restart)
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    await gone
    clearTimeout(kill)
  }

  #spawn(): ChildProcess {
    const { command, env, ipc, onLine, onMessage } = this.#options
    const stdio = ipc ? (['ignore', 'pipe', 'pipe', 'ipc'] as const) : (['ignore', 'pipe', 'pipe'] as const)
    // A process group of its own: Ctrl-C reaches `berth up` only, which stops its parts in order.
    const own = ipc ? { ...env, [PART_OF]: String(process.pid) } : env
    const child = spawn(command, this.#options.arguments, { env: own, stdio: [...stdio], detached: true })
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', onLine)
    if (onMessage) child.on('message', onMessage)
    this.#child = child
    this.#startedAt = performance.now()
    return child
  }

  #died(how: string): void {
    if (this.#stopping) return
    const stable = performance.now() - this.#startedAt >= STABLE_AFTER_MS
    this.#restartMs = stable ? FIRST_RESTART_MS : Math.min(LONGEST_RESTART_MS, this.#restartMs * 2)
    this.#options.onDeath(how, this.#restartMs)
    this.#restart = setTimeout(() => {
      const child = this.#spawn()
      child.once('error', (error) => this.#died(error.message))
      child.once('exit', (code, signal) => this.#died(howOf(code, signal)))
    }, this.#restartMs)
  }
}

/** The `kind` of a message between our own processes. */
export function kindOf(message: unknown): string | null {
  return typeof message === 'object' && message !== null && 'kind' in message && typeof message.kind === 'string' ? message.kind : null
}

function howOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `killed by ${signal}` : `exit code ${code}`
}
