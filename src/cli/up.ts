/**
 * @module
 * `berth up`: Temporal, worker and API of one machine in one process tree, with one orderly stop.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig } from '../config/environment.js'
import { describeConfig } from '../config/describe.js'
import { unknownVariables } from '../config/unknown.js'
import { untilAskedToStop } from '../stop.js'
import { requireFreePorts, shown, UI_PORT_OFFSET } from './addresses.js'
import { forwardedLine, worthSaying } from './console-lines.js'
import { demoEnvironment } from './demo-environment.js'
import { demoSockets } from './demo-world.js'
import { sayForwarded } from './forwarded.js'
import { LogFile } from './log-file.js'
import { chooseMode } from './mode.js'
import { Part } from './part.js'
import { StartError } from './start-error.js'
import { endLeftBehind, removePid, temporalArguments, untilTemporalAnswers, writePid } from './temporal-server.js'

const HTTP_MAIN = fileURLToPath(new URL('../http/main.js', import.meta.url))
const WORKER_MAIN = fileURLToPath(new URL('../../worker/main.js', import.meta.url))
const DEMO_MAIN = fileURLToPath(new URL('../simulator/demo-main.js', import.meta.url))
const CLI_MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

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
  let saidForwarded = false
  const logPath = join(dataDir, 'berth.log')
  const logFile = new LogFile(logPath, (why) => say(`berth: ${logPath} cannot be written: ${why}. Berth goes on without it.`))
  const part = (name: string, file: string, onMessage?: (message: unknown) => void): Part =>
    new Part({
      name,
      command: process.execPath,
      arguments: [file],
      env,
      ipc: true,
      onMessage,
      onLine: (line) => {
        logFile.write(line)
        const text = worthSaying(name, line)
        if (text !== null && !stopping) say(text)
      },
      onDeath: (how, restartInMs) => say(`berth: ${name} died (${how}); started again in ${restartInMs} ms`),
    })
  const temporal = config.temporal.external ? null : temporalPart(config, dataDir, env, logFile, say)
  const demo = mode.demo ? part('demo', DEMO_MAIN) : null
  const worker = part('worker', WORKER_MAIN, (message) => {
    const text = forwardedLine(message)
    if (text === null) return
    saidForwarded = true
    say(text)
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
    await logFile.end()
  }

  try {
    if (temporal && (await endLeftBehind(dataDir))) say('berth: ended a Temporal server that a killed run had left behind')
    await requireFreePorts(config)
    const stopped = await Promise.race([asked, begin({ config, temporal, demo, worker, api, dataDir, say }).then(() => null)])
    if (stopped === null) {
      say(`berth: ready after ${((performance.now() - began) / 1000).toFixed(1)} s
  API          http://${shown(config.http.host)}:${config.http.port}
  Temporal UI  ${config.temporal.external ? 'your server’s' : `http://127.0.0.1:${config.temporal.port + UI_PORT_OFFSET}/namespaces/${config.temporal.namespace}/workflows`}
  log          ${logPath}`)
      void sayForwarded(config, say, () => stopping || saidForwarded)
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

function temporalPart(config: Config, dataDir: string, env: NodeJS.ProcessEnv, logFile: LogFile, say: (text: string) => void): Part {
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
    onLine: (line) => logFile.write(JSON.stringify({ part: 'temporal', msg: line })),
    onDeath: (how, restartInMs) => {
      say(`berth: temporal died (${how}); started again in ${restartInMs} ms`)
      setTimeout(() => {
        if (part.pid === undefined) return
        try {
          writePid(dataDir, part.pid)
        } catch (error) {
          say(`berth: temporal.pid cannot be written: ${error instanceof Error ? error.message : String(error)}`)
        }
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
