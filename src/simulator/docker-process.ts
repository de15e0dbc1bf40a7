/**
 * @module
 * What runs inside a simulated container: an engine stand-in, or a process that only waits.
 */
import { readEngineSettings } from './engine-settings.js'
import { startEngine } from './engine-stand-in.js'
import type { Engine } from './engine-stand-in.js'
import type { NetworkNamespace } from './docker-namespace.js'

export type LogLine = { stream: 'stdout' | 'stderr'; text: string }

/** The main process of one run of a container. */
export interface ContainerProcess {
  /** Resolves with the exit code once it has ended and every port of it is closed. */
  readonly exited: Promise<number>
  /** Ends it with this code. Signals that a process may handle come through `signal`. */
  exit(code: number): void
  /** A signal that a process can handle; answers whether it ends it. SIGKILL is `exit(137)`. */
  signal(signal: number): boolean
  pause(): void
  resume(): void
}

const SIGINT = 2
const SIGTERM = 15

export interface ProcessOptions {
  kind: 'engine' | 'idle' | 'vpn'
  namespace: NetworkNamespace
  environment: Record<string, string>
  args: readonly string[]
  log: (line: LogLine) => void
}

/** Starts the process; it may exit by itself at once, as one does whose port is in use. */
export function startProcess(options: ProcessOptions): ContainerProcess {
  return options.kind === 'engine' ? startEngineProcess(options) : startIdleProcess(options.kind === 'vpn')
}

/** A process without ports. As the first of its container it ignores a signal that it has no handler for. */
function startIdleProcess(endsOnSignal: boolean): ContainerProcess {
  let end: (code: number) => void = () => {}
  const exited = new Promise<number>((resolve) => {
    end = resolve
  })
  const signal = (number: number): boolean => {
    const ends = endsOnSignal && (number === SIGTERM || number === SIGINT)
    if (ends) end(0)
    return ends
  }
  return { exited, exit: end, signal, pause: () => {}, resume: () => {} }
}

function startEngineProcess({ namespace, environment, args, log }: ProcessOptions): ContainerProcess {
  const { exitAfterMs, ...settings } = readEngineSettings(environment, args)
  let engine: Engine | null = null
  let exitCode: number | null = null
  let paused = false
  let settle: (code: number) => void = () => {}
  const exited = new Promise<number>((resolve) => {
    settle = resolve
  })
  const leave = namespace.join(() => void engine?.stop())
  const timer = exitAfterMs === null ? null : setTimeout(() => exit(1), exitAfterMs)

  function exit(code: number): void {
    if (exitCode !== null) return
    exitCode = code
    if (timer !== null) clearTimeout(timer)
    leave()
    void starting.then(() => engine?.stop()).then(() => settle(code))
  }

  const starting = startEngine({ host: namespace.address, ...settings }).then(
    async (started) => {
      engine = started
      if (paused) started.pause()
      if (!namespace.alive) await started.stop()
      log({ stream: 'stdout', text: `engine listens on http ${settings.httpPort}, p2p ${settings.p2pPort ?? 'none'}` })
    },
    (cause: unknown) => {
      log({ stream: 'stderr', text: `engine cannot listen: ${cause instanceof Error ? cause.message : String(cause)}` })
      queueMicrotask(() => exit(1))
    },
  )

  return {
    exited,
    exit,
    signal: (number) => {
      const ends = number === SIGTERM || number === SIGINT
      if (ends) exit(0)
      return ends
    },
    pause: () => {
      paused = true
      engine?.pause()
    },
    resume: () => {
      paused = false
      engine?.resume()
    },
  }
}
