/**
 * @module
 * `berth up`: Temporal, worker and API of one machine in one process tree, with one orderly stop.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig } from '../config/environment.js'
import { describeConfig } from '../config/describe.js'
import { unknownVariables } from '../config/unknown.js'
import { untilAskedToStop } from '../stop.js'
import { DEMO_GLUETUN, demoSockets } from './demo-world.js'
import { chooseMode } from './mode.js'
import { kindOf, Part } from './part.js'
import { endLeftBehind, removePid, temporalArguments, UI_PORT_OFFSET, untilTemporalAnswers, writePid } from './temporal-server.js'

const HTTP_MAIN = fileURLToPath(new URL('../http/main.js', import.meta.url))
const WORKER_MAIN = fileURLToPath(new URL('../../worker/main.js', import.meta.url))
const DEMO_MAIN = fileURLToPath(new URL('../simulator/demo-main.js', import.meta.url))
const CLI_MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/** A demo shows more when there are followers. */
const DEMO_REPLICAS = '3'
const DEMO_PORTS = 20
/** The first answers of a worker that has just started may take as long. Milliseconds. */
const SETTLE_MS = 1_500

/** How long an address may be in use before it counts as somebody else's. Milliseconds. */
const LET_GO_MS = 2_000

/** What stops `up` before it runs: shown as it is, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** Runs everything until SIGINT, SIGTERM or the end of the parent process; resolves when every process it started is gone. */
export async function up(options: { demo: boolean }): Promise<void> {
  const began = performance.now()
  const mode = await chooseMode(options.demo, process.env)
  const say = (text: string): void => console.log(text)
  say(`berth: ${mode.demo ? 'demo' : 'real'} (${mode.because})`)
  const baseConfig = loadConfig(process.env)
  const dataDir = mode.demo ? join(baseConfig.dataDir, 'demo') : baseConfig.dataDir
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const env = mode.demo ? await demoEnvironment(baseConfig) : { ...process.env }
  const config = loadConfig(env)
  for (const { variable, detail } of unknownVariables(process.env)) say(`berth: ${variable} ${detail}`)
  for (const note of config.notes) say(`berth: ${note}`)
  say(describeConfig(config))

  const asked = untilAskedToStop()
  let stopping = false
  const logFile = createWriteStream(join(dataDir, 'berth.log'), { flags: 'a' })
  const part = (name: string, file: string, onMessage?: (message: unknown) => void): Part =>
    new Part({
      name,
      command: process.execPath,
      arguments: [file],
      env,
      ipc: true,
      onMessage,
      onLine: (line) => {
        logFile.write(`${line}\n`)
        const text = worthSaying(name, line)
        if (text !== null && !stopping) say(text)
      },
      onDeath: (how, restartInMs) => say(`berth: ${name} died (${how}); started again in ${restartInMs} ms`),
    })
  const temporal = config.temporal.external ? null : temporalPart(config, dataDir, env, logFile, say)
  const demo = mode.demo ? part('demo', DEMO_MAIN) : null
  const worker = part('worker', WORKER_MAIN, (message) => {
    const text = forwardedLine(message)
    if (text !== null) say(text)
  })
  const api = part('api', HTTP_MAIN)

  const stop = async (): Promise<void> => {
    stopping = true
    await api.stop(5_000)
    if (config.onStop === 'remove') await removeEngines(env, say)
    await worker.stop(25_000)
    await demo?.stop(5_000)
    await temporal?.stop(10_000)
    if (temporal) removePid(dataDir)
    if (mode.demo) rmSync(dirname(demoSockets(baseConfig.dataDir).docker), { recursive: true, force: true })
    await new Promise<void>((resolve) => logFile.end(() => resolve()))
  }

  try {
    if (temporal && (await endLeftBehind(dataDir))) say('berth: ended a Temporal server that a killed run had left behind')
    await requireFreePorts(config)
    const stopped = await Promise.race([asked, begin({ config, temporal, demo, worker, api, dataDir, say }).then(() => null)])
    if (stopped === null) {
      say(`berth: ready after ${((performance.now() - began) / 1000).toFixed(1)} s
  API          http://${shown(config.http.host)}:${config.http.port}
  Temporal UI  ${config.temporal.external ? 'your server’s' : `http://127.0.0.1:${config.temporal.port + UI_PORT_OFFSET}/namespaces/${config.temporal.namespace}/workflows`}
  log          ${join(dataDir, 'berth.log')}`)
      void sayForwarded(config, say, () => stopping)
    }
    say(`berth: stopping (${stopped ?? (await asked)})`)
  } finally {
    await stop()
  }
  say(
    config.onStop === 'keep' && !mode.demo
      ? 'berth: stopped. Engines run on and are found again at the next start; "berth down" before a stop removes them.'
      : 'berth: stopped',
  )
}

interface Parts {
  config: Config
  temporal: Part | null
  demo: Part | null
  worker: Part
  api: Part
  dataDir: string
  say: (text: string) => void
}

async function begin({ config, temporal, demo, worker, api, dataDir }: Parts): Promise<void> {
  const demoStarted = demo?.start()
  if (temporal) {
    await temporal.start()
    if (temporal.pid !== undefined) writePid(dataDir, temporal.pid)
    await untilTemporalAnswers(config.temporal.port, 30_000)
  }
  await demoStarted
  await Promise.all([worker.start(), api.start()])
}

function temporalPart(
  config: Config,
  dataDir: string,
  env: NodeJS.ProcessEnv,
  logFile: NodeJS.WritableStream,
  say: (text: string) => void,
): Part {
  const binary = env.BERTH_TEMPORAL_CLI
  if (!binary) {
    throw new StartError(
      'The temporal binary is not known. Use "npm start", which obtains it, or set BERTH_TEMPORAL_CLI, or TEMPORAL_ADDRESS for a server of your own.',
    )
  }
  const part: Part = new Part({
    name: 'temporal',
    command: binary,
    arguments: temporalArguments({ binary, dataDir, port: config.temporal.port, namespace: config.temporal.namespace }),
    env: { PATH: env.PATH, HOME: env.HOME },
    ipc: false,
    onLine: (line) => logFile.write(`${JSON.stringify({ part: 'temporal', msg: line })}\n`),
    onDeath: (how, restartInMs) => {
      say(`berth: temporal died (${how}); started again in ${restartInMs} ms`)
      setTimeout(() => {
        if (part.pid !== undefined) writePid(dataDir, part.pid)
      }, restartInMs + 50)
    },
  })
  return part
}

async function removeEngines(env: NodeJS.ProcessEnv, say: (text: string) => void): Promise<void> {
  const child = spawn(process.execPath, [CLI_MAIN, 'down'], { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (code !== 0) say('berth: not every engine could be removed; those left are found again at the next start')
}

async function demoEnvironment(config: Config): Promise<NodeJS.ProcessEnv> {
  const sockets = demoSockets(config.dataDir)
  const gluetunPort = await freePort()
  const from = await demoPorts()
  return {
    MIN_REPLICAS: DEMO_REPLICAS,
    ENGINE_HOST: '127.0.0.1',
    GLUETUN_PORT_RANGE_1: `${from}-${from + DEMO_PORTS - 1}`,
    ...process.env,
    DOCKER_HOST: `unix://${sockets.docker}`,
    GLUETUN_CONTAINER_NAME: DEMO_GLUETUN,
    GLUETUN_URL: `http://127.0.0.1:${gluetunPort}`,
    BERTH_DATA_DIR: join(config.dataDir, 'demo'),
    BERTH_DEMO_DOCKER: sockets.docker,
    BERTH_DEMO_CONTROL: sockets.control,
    BERTH_DEMO_GLUETUN_PORT: String(gluetunPort),
  }
}

/** The first block of engine ports of which none is in use: another demo may run on this machine. */
async function demoPorts(): Promise<number> {
  for (let from = 19_000; from < 20_000; from += DEMO_PORTS) {
    const failures = await Promise.all(Array.from({ length: DEMO_PORTS }, (_, offset) => bind('127.0.0.1', from + offset)))
    if (failures.every((failure) => failure === null)) return from
  }
  throw new StartError('The demo finds no 20 free ports between 19000 and 19999 for its engines: end what uses them.')
}

/** Every address that is about to be used, with the variable that changes it. */
async function requireFreePorts(config: Config): Promise<void> {
  const wanted = [{ host: config.http.host, port: config.http.port, variable: 'APP_PORT', what: 'the API' }]
  if (!config.temporal.external) {
    const { port } = config.temporal
    wanted.push({ host: '127.0.0.1', port, variable: 'TEMPORAL_PORT', what: 'Temporal' })
    wanted.push({
      host: '127.0.0.1',
      port: port + UI_PORT_OFFSET,
      variable: 'TEMPORAL_PORT',
      what: 'Temporal’s web UI (1000 above TEMPORAL_PORT)',
    })
  }
  const taken: string[] = []
  for (const { host, port, variable, what } of wanted) {
    const failure = await bindWithin(host, port, LET_GO_MS)
    if (failure !== null) taken.push(`  ${host}:${port} for ${what}: ${failure}; set ${variable} to another port`)
  }
  if (taken.length > 0) throw new StartError(`Berth cannot listen:\n${taken.join('\n')}`)
}

/** A part of a run that was just killed lets go of its port in a moment. */
async function bindWithin(host: string, port: number, withinMs: number): Promise<string | null> {
  const deadline = Date.now() + withinMs
  while (true) {
    const failure = await bind(host, port)
    if (failure === null || Date.now() > deadline) return failure
    await delay(100)
  }
}

async function bind(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'in use by another process' : error.message),
    )
    probe.listen(port, host, () => probe.close(() => resolve(null)))
  })
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port'))))
    })
  })
}

/** Pino's number for a warning. */
const WARN = 40

interface LogLine {
  level?: number
  msg?: string
  code?: string
  error?: string
  method?: string
  path?: string
  err?: { message?: string }
}

/** Warnings and errors of a part's structured log, as a person reads them; `null` for the rest. */
function worthSaying(name: string, line: string): string | null {
  if (!line.startsWith('{')) return `${name}: ${line}`
  try {
    const { level, msg, code, error, method, path, err } = JSON.parse(line) as LogLine
    if ((level ?? 0) < WARN) return null
    const details = [method && path ? `${method} ${path}` : null, error ?? err?.message ?? null].filter((detail) => detail !== null)
    return [`${name}: ${msg ?? ''}${code ? ` [${code}]` : ''}`, ...details].join(': ')
  } catch {
    return `${name}: ${line}`
  }
}

function forwardedLine(message: unknown): string | null {
  if (kindOf(message) !== 'forwarded') return null
  const { engineId, port, epoch, containerName } = message as { engineId: string; port: number; epoch: number; containerName: string }
  return `berth: forwarded is engine ${engineId} on port ${port} (epoch ${epoch}, container ${containerName})`
}

/** Says who is forwarded when that was so before this start: a new one is told by the worker. */
async function sayForwarded(config: Config, say: (text: string) => void, stopped: () => boolean): Promise<void> {
  if (config.gluetun.containerName === null) return say('berth: no VPN is configured (GLUETUN_CONTAINER_NAME), so no engine is forwarded')
  await delay(SETTLE_MS)
  let explained = false
  for (let attempt = 0; attempt < 240 && !stopped(); attempt++) {
    await delay(500)
    const lease = await leaseOf(config).catch(() => null)
    if (lease?.holder?.phase === 'active') {
      if (attempt === 0)
        say(`berth: forwarded is engine ${lease.holder.engine_id} on port ${lease.holder.port} (epoch ${lease.holder.epoch})`)
      return
    }
    if (!explained && attempt > 10 && lease?.condition) {
      explained = true
      say(`berth: nobody is forwarded yet: ${lease.condition.detail}`)
    }
  }
}

async function leaseOf(config: Config): Promise<{
  holder: { engine_id: string; port: number; epoch: number; phase: string } | null
  condition: { detail: string } | null
} | null> {
  const response = await fetch(`http://${shown(config.http.host)}:${config.http.port}/lease`, { signal: AbortSignal.timeout(2_000) })
  return response.ok ? ((await response.json()) as Awaited<ReturnType<typeof leaseOf>>) : null
}

function shown(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}
