/**
 * @module
 * Temporal servers for tests: the one whose clock skips ahead, and the development server for what that one lacks. Each test works in a pool
 * of its own, with a worker of its own; whatever it started is ended after it.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Context, heartbeat } from '@temporalio/activity'
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { bundleWorkflowCode, DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Activities, ProvisionInput } from '../../activities/api.js'
import { startEngineWorkflows } from '../../activities/start-engines.js'
import { tellWorkflow } from '../../activities/tell-workflow.js'
import type { EngineInput, Provisioned } from '../../src/domain/engine.js'
import type { FleetPolicy } from '../../src/domain/fleet.js'
import type { EngineView, FleetView, LeaseView } from '../../src/domain/views.js'
import { engineWorkflowId, fleetWorkflowId, leaseWorkflowId, poolTaskQueue, watchWorkflowId } from '../../src/temporal/names.js'
import { ensureNamespace } from '../../src/temporal/namespace.js'
import * as messages from '../../workflows/messages.js'
import { type Told, toldQuery } from '../workflows/recorder.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/berth-tests')
/** What the tests' workers run. */
/** As the worker does; the SDK leaves it out of its types. */
const LONG_ACTIVATIONS: object = { isolateExecutionTimeout: '60 seconds' }

export const WORKFLOWS = join(ROOT, 'test/workflows/recorder.ts')
/** Bundles of older sources are removed after this long. */
const KEPT_MS = 60 * 60 * 1000
const SOURCES = ['workflows', 'src', 'activities/api.ts', 'test/workflows/recorder.ts', 'package-lock.json']

/** Real milliseconds that a condition may take: far above what it takes on a busy machine. */
const DEADLINE_MS = 15_000
const LOOK_EVERY_MS = 15
const QUERY_DEADLINE_MS = 3_000

/** Causes of a failed workflow task that mean broken code: it threw, or does not replay. */
const BROKEN = [14, 24]

/** Only errors are said: what a test provokes is expected. */
export function installRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  })
}

/** Resolves with the first answer of `look` that is neither `false`, `null` nor `undefined`; an answer that throws is asked again until the deadline. */
export async function eventually<T>(look: () => Promise<T> | T, deadlineMs = DEADLINE_MS): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    try {
      const found = await look()
      if (found !== false && found !== null && found !== undefined) return found as NonNullable<Exclude<T, false>>
      if (performance.now() > deadline) throw new Error(`not so within ${deadlineMs} ms: ${look.toString()}`)
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await delay(LOOK_EVERY_MS)
  }
}

/** Path of a Temporal program; fetched as the set-up does it when no variable names it. */
async function program(kind: 'cli' | 'test-server'): Promise<string> {
  const named = kind === 'cli' ? process.env.BERTH_TEMPORAL_CLI : process.env.BERTH_TEMPORAL_TEST_SERVER
  if (named) return named
  const folder = new URL('../../scripts/setup/', import.meta.url)
  const setup: Setup = await import(new URL(kind === 'cli' ? 'temporal-binary.mjs' : 'test-server-binary.mjs', folder).href)
  const obtained = await (setup.obtainTemporal?.(() => {}, { external: false }) ?? setup.obtainTestServer?.(() => {}))
  if (!obtained?.value) throw new Error(`the set-up has no program for ${kind}`)
  return obtained.value
}

/** What the set-up's scripts export; each has one of them. */
interface Setup {
  obtainTemporal?: (say: () => void, options: { external: boolean }) => Promise<{ value?: string }>
  obtainTestServer?: (say: () => void) => Promise<{ value?: string }>
}

/** The bundle over one file of workflows; kept on disk as long as no source changes, since bundling takes seconds. */
export async function workflowBundle(workflowsPath: string): Promise<{ codePath: string }> {
  const digest = createHash('sha256').update(workflowsPath)
  for (const source of SOURCES) for (const file of filesOf(join(ROOT, source))) digest.update(file).update(readFileSync(file))
  const codePath = join(CACHE, `bundle-${digest.digest('hex').slice(0, 16)}.js`)
  if (existsSync(codePath)) return { codePath }
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
  mkdirSync(CACHE, { recursive: true })
  for (const old of readdirSync(CACHE))
    if (statSync(join(CACHE, old)).mtimeMs < Date.now() - KEPT_MS) rmSync(join(CACHE, old), { force: true })
  const staging = `${codePath}.${process.pid}`
  writeFileSync(staging, code)
  renameSync(staging, codePath)
  return { codePath }
}

function filesOf(path: string): string[] {
  if (path.endsWith('.ts') || path.endsWith('.json')) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** Lets activities wait, with a heartbeat, until it is opened or they are cancelled. */
export class Gate {
  #open: () => void = () => {}
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve
  })
  /** How many activities have come to it. */
  waiting = 0

  open(): void {
    this.#open()
  }

  async pass(): Promise<void> {
    this.waiting += 1
    const beat = setInterval(() => heartbeat(), 200)
    try {
      await Promise.race([this.#opened, Context.current().cancelled])
    } finally {
      clearInterval(beat)
    }
  }
}

/** Everything that the fakes were asked, in order. */
export interface Asked {
  provision: ProvisionInput[]
  retire: { engineId: string; pool: string; reason: string }[]
  survey: { pool: string; index: number }[]
  fence: { pool: string; index: number; epoch: number }[]
  removeForwarded: { pool: string; index: number; containerIds: string[] }[]
  tellWorkflow: { workflowId: string; signal: string; argument: unknown }[]
  startEngines: { engines: EngineInput[] }[]
  watchPool: { pool: string }[]
  readLogs: { containerId: string; tail: number }[]
  readEnvironment: { containerId: string }[]
}

/** A container that provisioning reports. */
export function container(containerId: string, changes: Partial<Provisioned> = {}): Provisioned {
  return {
    outcome: 'started',
    containerId,
    containerName: `name-of-${containerId}`,
    image: 'image',
    variant: 'krinkuto11-amd64',
    host: 'gluetun',
    vpnContainer: 'gluetun',
    forwarded: null,
    ...changes,
  }
}

export const POLICY: FleetPolicy = {
  minReplicas: 0,
  maxReplicas: 20,
  httpPorts: { from: 19_000, to: 19_099 },
  httpsPorts: { from: 45_000, to: 45_099 },
  vpnEnabled: true,
  vpnContainer: 'gluetun',
}

/** One pool on a test server: a worker with fake activities, the workflows by name, and what the fakes were asked. */
export class Pool {
  readonly name = `t${randomUUID().slice(0, 8)}`
  readonly asked: Asked = {
    provision: [],
    retire: [],
    survey: [],
    fence: [],
    removeForwarded: [],
    tellWorkflow: [],
    startEngines: [],
    watchPool: [],
    readLogs: [],
    readEnvironment: [],
  }
  readonly #environment: TestWorkflowEnvironment
  readonly #activities: Activities
  readonly #engineIds = new Set<string>()
  readonly #options: PoolOptions
  #worker: { worker: Worker; running: Promise<void> } | null = null
  #made = 0

  constructor(environment: TestWorkflowEnvironment, fakes: Partial<Activities>, options: PoolOptions) {
    this.#environment = environment
    this.#options = options
    const real: Activities = {
      provision: async () => container(`c${++this.#made}`),
      retire: async () => {},
      survey: async () => ({ survey: [], port: null, conflict: null }),
      fence: async () => {},
      removeForwarded: async () => 'removed',
      tellWorkflow: (input) => tellWorkflow(environment.client, input),
      startEngines: async ({ engines }) => {
        for (const { engineId } of engines) this.#engineIds.add(engineId)
        await startEngineWorkflows(environment.client, engines)
      },
      watchPool: async () => new Gate().pass(),
      readLogs: async () => [],
      readEnvironment: async () => ({}),
    }
    this.#activities = recorded({ ...real, ...fakes }, this.asked)
  }

  get client(): TestWorkflowEnvironment['client'] {
    return this.#environment.client
  }

  /** Begins to work on the pool's task queue; safe to repeat. */
  async work(): Promise<void> {
    if (this.#worker) return
    const worker = await Worker.create({
      connection: this.#environment.nativeConnection,
      ...(this.#environment.namespace ? { namespace: this.#environment.namespace } : {}),
      taskQueue: poolTaskQueue(this.name),
      identity: 'test worker',
      workflowBundle: await workflowBundle(WORKFLOWS),
      activities: { ...this.#activities },
      workflowThreadPoolSize: 1,
      ...(this.#options.cached === false ? { maxCachedWorkflows: 0 } : {}),
      ...(this.#options.activitiesAtOnce ? { maxConcurrentActivityTaskExecutions: this.#options.activitiesAtOnce } : {}),
      stickyQueueScheduleToStartTimeout: '1 second',
      ...LONG_ACTIVATIONS,
      shutdownForceTime: '5 seconds',
    })
    this.#worker = { worker, running: worker.run() }
  }

  /** Stops working; the workflows stay. */
  async rest(): Promise<void> {
    const taken = this.#worker
    this.#worker = null
    if (!taken) return
    taken.worker.shutdown()
    await taken.running
  }

  get lease(): WorkflowHandle {
    return this.client.workflow.getHandle(leaseWorkflowId(this.name, 0))
  }

  get fleet(): WorkflowHandle {
    return this.client.workflow.getHandle(fleetWorkflowId(this.name))
  }

  get watch(): WorkflowHandle {
    return this.client.workflow.getHandle(watchWorkflowId(this.name))
  }

  engine(engineId: string): WorkflowHandle {
    this.#engineIds.add(engineId)
    return this.client.workflow.getHandle(engineWorkflowId(this.name, engineId))
  }

  async startLease(enabled = true): Promise<WorkflowHandle> {
    return this.#start('forwardedLease', this.lease.workflowId, { pool: this.name, index: 0, enabled })
  }

  /** Told, unless `listed` is false, that every running container is known. */
  async startFleet(policy: Partial<FleetPolicy> = {}, portsInUse: number[] = [], listed = true): Promise<WorkflowHandle> {
    const fleet = await this.#start('fleet', this.fleet.workflowId, { pool: this.name, policy: { ...POLICY, ...policy }, portsInUse })
    if (listed) await fleet.signal(messages.containersListed)
    return fleet
  }

  async startWatch(): Promise<WorkflowHandle> {
    return this.#start('watch', this.watch.workflowId, { pool: this.name })
  }

  async startEngine(engineId: string, changes: Partial<EngineInput> = {}): Promise<WorkflowHandle> {
    await startEngineWorkflows(this.client, [{ ...this.engineInput(engineId), ...changes }])
    return this.engine(engineId)
  }

  /** Has something stand in for the fleet's workflow that keeps what it is told. */
  async standInFleet(): Promise<WorkflowHandle> {
    return this.#start('recorder', this.fleet.workflowId)
  }

  /** The same for the lease's workflow. */
  async standInLease(): Promise<WorkflowHandle> {
    return this.#start('recorder', this.lease.workflowId)
  }

  /** The same for an engine's workflow. */
  async standInEngine(engineId: string): Promise<WorkflowHandle> {
    return this.#start('recorder', this.engine(engineId).workflowId)
  }

  engineInput(engineId: string): EngineInput {
    return {
      engineId,
      pool: this.name,
      httpPort: 19_000,
      httpsPort: 45_000,
      hostHttpPort: 19_000,
      labels: { owner: 'test' },
      environment: {},
      adopt: null,
    }
  }

  leaseView(): Promise<LeaseView> {
    return this.#soon(() => this.lease.query(messages.leaseQuery))
  }

  engineView(engineId: string): Promise<EngineView> {
    return this.#soon(() => this.engine(engineId).query(messages.engineQuery))
  }

  fleetView(): Promise<FleetView> {
    return this.#soon(() => this.fleet.query(messages.fleetQuery))
  }

  /** The test server never answers a query that meets a run just ending; `eventually` asks again. */
  #soon<T>(call: () => Promise<T>): Promise<T> {
    return this.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, call)
  }

  /** Lets the server's clock run ahead. */
  sleep(duration: Parameters<TestWorkflowEnvironment['sleep']>[0]): Promise<void> {
    return this.#environment.sleep(duration)
  }

  /** The server's clock, which is the workflows'. */
  now(): Promise<number> {
    return this.#environment.currentTimeMs()
  }

  async #start(type: string, workflowId: string, ...args: unknown[]): Promise<WorkflowHandle> {
    await this.client.workflow.start(type, {
      workflowId,
      taskQueue: poolTaskQueue(this.name),
      args,
      workflowIdConflictPolicy: 'USE_EXISTING',
    })
    return this.client.workflow.getHandle(workflowId)
  }

  /** Ends every workflow, then the worker. Resolves with what was wrong: workflow tasks that failed. */
  async close(): Promise<string[]> {
    const handles = [this.watch, this.fleet, this.lease, ...[...this.#engineIds].map((engineId) => this.engine(engineId))]
    const failures = await Promise.all(handles.map((handle) => ended(handle)))
    await this.rest()
    return failures.flat()
  }
}

function recorded(activities: Activities, asked: Asked): Activities {
  const names = Object.keys(activities) as (keyof Activities)[]
  const wrapped = names.map((name) => {
    const run = activities[name] as (input: unknown) => Promise<unknown>
    const log = asked[name] as unknown[]
    return [name, async (input: unknown) => (log.push(input), run(input))] as const
  })
  return Object.fromEntries(wrapped) as unknown as Activities
}

async function ended(handle: WorkflowHandle): Promise<string[]> {
  try {
    const { status } = await handle.describe()
    const { events } = await handle.fetchHistory()
    if (status.name === 'RUNNING') await handle.terminate('the test is over')
    return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      failed && BROKEN.includes(Number(failed.cause)) ? [`${handle.workflowId}: ${failed.failure?.message}`] : [],
    )
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}

/** A server for all tests of one file, and the way to a pool on it. */
export interface TestServer {
  pool(fakes?: Partial<Activities>, options?: PoolOptions): Promise<Pool>
}

export interface PoolOptions {
  /** How many activities the worker runs at once. */
  activitiesAtOnce?: number
  /** `false` has every workflow task replay the whole history, as after a restart of the worker. */
  cached?: boolean
}

/**
 * Servers for the tests of this file: one development server for all, or one with a skipping clock for each pool, since a clock shared by tests
 * stands still for work that one of them left behind. After each test its pools are closed, and the test fails when a workflow task failed in it:
 * that is a workflow stuck or code that does not replay.
 */
export function useTemporal(kind: 'time-skipping' | 'dev'): TestServer {
  let shared: TestWorkflowEnvironment | undefined
  const opened: { pool: Pool; own: TestWorkflowEnvironment | null }[] = []

  beforeAll(async () => {
    installRuntime()
    await workflowBundle(WORKFLOWS)
    if (kind === 'dev') shared = await startDevServer()
  })
  afterEach(async () => {
    const failures = await Promise.all(
      opened.splice(0).map(async ({ pool, own }) => {
        const found = await pool.close()
        await own?.teardown()
        return found
      }),
    )
    expect(failures.flat(), 'workflow tasks that failed').toEqual([])
  })
  afterAll(async () => {
    await shared?.teardown()
  })

  return {
    async pool(fakes = {}, options = {}) {
      const own = shared ? null : await startTimeSkipping()
      const pool = new Pool((shared ?? own) as TestWorkflowEnvironment, fakes, options)
      opened.push({ pool, own })
      await pool.work()
      return pool
    },
  }
}

async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await program('test-server') } },
    client: { identity: 'test' },
  })
  const namespace = environment.namespace ?? 'default'
  const searchAttributes = { EngineState: 2, Forwarded: 5, ContainerId: 2, LeaseEpoch: 3, Pool: 2 }
  await environment.connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
  return environment
}

async function startDevServer(): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await program('cli') },
      log: { format: 'pretty', level: 'never' },
      extraArgs: ['--output', 'none'],
    },
  })
  await ensureNamespace(environment.connection, environment.namespace ?? 'default')
  return environment
}

/** What a stand-in was told with signals of this name, in order. */
export async function toldTo<T = unknown>(standIn: WorkflowHandle, signal: string): Promise<T[]> {
  const told: Told[] = await standIn.query(toldQuery)
  return told.filter((one) => one.signal === signal).map((one) => one.argument as T)
}
