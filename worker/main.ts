/**
 * @module
 * The worker process of one pool: workflows and activities, beside one Docker daemon.
 */
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import type { Logger } from 'pino'
import { failpointOf } from '../activities/failpoint.js'
import { InFlight } from '../activities/in-flight.js'
import { createActivities } from '../activities/index.js'
import { type Config, loadConfig } from '../src/config/environment.js'
import { createDockerRuntime } from '../src/docker/dockerode-runtime.js'
import type { ContainerRuntime } from '../src/docker/runtime.js'
import { defaultImage } from '../src/engines/index.js'
import { createGluetunClient } from '../src/gluetun/control-client.js'
import { createLogger } from '../src/log.js'
import { untilAskedToStop } from '../src/stop.js'
import { temporalTarget } from '../src/temporal/connection.js'
import { ensureNamespace } from '../src/temporal/namespace.js'
import { poolTaskQueue } from '../src/temporal/names.js'
import { takeOverFromLost, workerIdentity } from './lost-workers.js'
import { watchPeers } from './peers.js'
import { keepPulse } from './pulse.js'
import { ensureSingletons, keepSingletons, knownInstance, type PoolSettings } from './singletons.js'

/** How long a worker that is to stop lets work on containers end first, at most. */
const DRAIN_MS = 3_000
/** A container that has died leads to work within this time: Docker's event, a signal and a workflow's task. */
const QUIET_MS = 400

/**
 * Thousands of signals that came while no worker ran are one activation: cut off after 5 s, the default, it ends the whole process, again and again. The SDK takes the
 * option and leaves it out of its types.
 */
const LONG_ACTIVATIONS: object = { isolateExecutionTimeout: '60 seconds' }

const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url))

/** Runs until asked to stop; resolves when every task has been handed back. */
async function main(): Promise<void> {
  const asked = untilAskedToStop()
  const config = loadConfig(process.env)
  const logger = createLogger('worker', config.logLevel)
  Runtime.install({
    logger: forwarded(logger),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} } },
  })
  const target = temporalTarget(config.temporal)
  const [connection, native] = await Promise.all([
    Connection.connect({ ...target.options, connectTimeout: '10 seconds' }),
    NativeConnection.connect(target.native),
  ])
  const { notes } = await ensureNamespace(connection, target.namespace)
  for (const note of notes) logger.warn(note)

  const identity = workerIdentity()
  const client = new Client({ connection, namespace: target.namespace, identity })
  const stopping = new AbortController()
  const inFlight = new InFlight()
  const { docker, engines } = config
  const instance = (config.instanceIsNamed ? null : await knownInstance(client, config.pool)) ?? config.instance
  if (instance !== config.instance) logger.info({ instance }, 'this pool was begun under another instance name, which goes on')
  const runtime = createDockerRuntime({
    dockerHost: docker.host,
    managedLabel: docker.managedLabel,
    instance,
    limits: { memoryMb: engines.memoryMb, cpus: engines.cpus, pidsLimit: engines.pidsLimit },
  })
  const takingOver = takeOverFromLost(client, config.pool, logger)
  const worker = await Worker.create({
    connection: native,
    namespace: target.namespace,
    taskQueue: poolTaskQueue(config.pool),
    identity,
    workflowBundle: { codePath: BUNDLE },
    activities: { ...createActivities(activityDeps(config, client, runtime, logger, { stopping: stopping.signal, inFlight })) },
    stickyQueueScheduleToStartTimeout: '1 second',
    ...LONG_ACTIVATIONS,
    maxConcurrentWorkflowTaskPolls: 4,
    maxConcurrentActivityTaskPolls: 4,
    maxConcurrentActivityTaskExecutions: 100,
    shutdownGraceTime: '5 seconds',
    shutdownForceTime: '20 seconds',
  })
  const running = worker.run()
  const settings: PoolSettings = { pool: config.pool, policy: policyOf(config), instance, portsInUse: () => portsOf(runtime, logger) }
  const [portsInUse] = await Promise.all([settings.portsInUse(), takingOver])
  await ensureSingletons(client, settings, portsInUse)
  const peers = new AbortController()
  const watched = Promise.all([
    watchPeers(client, config.pool, logger, peers.signal),
    keepSingletons(client, settings, logger, peers.signal),
  ])
  logger.info({ pool: config.pool, taskQueue: poolTaskQueue(config.pool) }, 'worker is ready')
  process.send?.({ kind: 'ready' })
  const pulse = keepPulse(config.health.file, () => takesTasks(worker, connection), stopping.signal, logger)

  await Promise.race([asked, running])
  peers.abort()
  // A hand-over that has begun, or is about to, ends in a moment, but only while this worker still decides.
  if (worker.getState() === 'RUNNING') await inFlight.quiet({ forMs: QUIET_MS, withinMs: DRAIN_MS })
  stopping.abort()
  if (worker.getState() === 'RUNNING') worker.shutdown()
  await Promise.all([running, watched, pulse])
  await native.close()
  await connection.close()
}

/** It polls, and the server that it polls answers. */
async function takesTasks(worker: Worker, connection: Connection): Promise<boolean> {
  if (worker.getState() !== 'RUNNING') return false
  return connection
    .withDeadline(Date.now() + 3_000, () => connection.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    )
}

/** Ports of the containers of ours and of other Berths that are there now, none when Docker cannot be asked: then nothing can be started either. */
async function portsOf(runtime: ContainerRuntime, logger: Logger): Promise<number[]> {
  try {
    const containers = [...(await runtime.list()), ...(await runtime.others())]
    return containers.flatMap(({ engine }) => [engine.httpPort, engine.httpsPort, engine.hostHttpPort]).filter((port) => port !== null)
  } catch (error) {
    logger.warn({ error: String(error) }, 'Docker cannot be asked; it is waited for')
    return []
  }
}

function activityDeps(
  config: Config,
  client: Client,
  runtime: ContainerRuntime,
  logger: Logger,
  ending: Pick<Parameters<typeof createActivities>[0], 'stopping' | 'inFlight'>,
): Parameters<typeof createActivities>[0] {
  const { engines, gluetun, docker, health } = config
  return {
    pool: config.pool,
    client,
    runtime,
    vpnContainer: gluetun.containerName,
    gluetun:
      gluetun.containerName === null
        ? null
        : (address) =>
            createGluetunClient({
              baseUrl: () => {
                const found = address()
                return gluetun.url ?? (found === null ? null : `http://${found}:${gluetun.apiPort}`)
              },
              auth: gluetun.auth,
            }),
    settings: {
      image:
        engines.image ??
        defaultImage(engines.variant, { arm32Version: engines.armVersions.arm32, arm64Version: engines.armVersions.arm64 }),
      variant: engines.variant,
      namePrefix: engines.namePrefix,
      host: engines.host,
      network: docker.network,
      publishAddress: config.http.host,
    },
    health,
    collectEveryMs: config.streams.collectEveryMs,
    portLossGraceMs: gluetun.portLossGraceMs,
    dryRun: docker.reconcileDryRun,
    failpoint: failpointOf(process.env),
    logger,
    ...ending,
    onForwarded: (forwarded) => process.send?.({ kind: 'forwarded', ...forwarded }),
  }
}

function policyOf(config: Config): PoolSettings['policy'] {
  return {
    ...config.fleet,
    httpPorts: config.engines.httpPorts,
    httpsPorts: config.engines.httpsPorts,
    vpnEnabled: config.gluetun.containerName !== null,
    vpnContainer: config.gluetun.containerName,
  }
}

/** Temporal's own lines go into ours. */
function forwarded(logger: Logger): DefaultLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const
  return new DefaultLogger('DEBUG', ({ level, message, meta }) => logger[levels[level]]({ ...meta }, message))
}

try {
  await main()
} catch (error) {
  const text = error instanceof Error ? error.message : String(error)
  createLogger('worker', 'fatal').fatal({ err: error }, `the worker cannot run: ${text}`)
  process.exit(1)
}
process.exit()
