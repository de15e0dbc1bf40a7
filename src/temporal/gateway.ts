/**
 * @module
 * The control plane over a Temporal connection: all that HTTP and CLI may ask of the workflows.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Client,
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { BerthError } from '../domain/errors.js'
import { unpackChecks } from '../domain/engine-check.js'
import { findEngine, findPlayer } from '../domain/find-engine.js'
import { limit } from '../domain/limit.js'
import { unpackSamples } from '../domain/stream-sample.js'
import type { EngineCheck, EngineView, LeaseView, LogLine, StreamSample } from '../domain/views.js'
import * as messages from '../../workflows/messages.js'
import { Batch } from './batch.js'
import type { ControlPlane, HandOverRequest, PartStatus, ProvisionRequest, Snapshot } from './control-plane.js'
import { hedged } from './hedged.js'
import {
  engineWorkflowId,
  environmentWorkflowId,
  fleetWorkflowId,
  leaseWorkflowId,
  logsWorkflowId,
  poolTaskQueue,
  watchWorkflowId,
} from './names.js'
import { SnapshotCache } from './snapshot.js'
import { StreamSamples } from './stream-samples.js'

/** Milliseconds for a read, and for one update. */
const READ_DEADLINE_MS = 1_500
/** A read whose answer is late is asked for again. */
const READ_AGAIN = { afterMs: 300, most: 4 }
const UPDATE_DEADLINE_MS = 5_000
/** How long `provision` and `remove` wait for the container. */
const WAIT_MS = 30_000
const WAIT_STEP_MS = 100
/** A reading at a container is given up by the server after this. */
const READING_WITHIN = '10 seconds'
/** A snapshot serves this long. */
const SNAPSHOT_AGE_MS = 250
/** At most this many updates of this process are under way at once: a workflow takes ten by default and refuses the others. */
const UPDATES_AT_ONCE = 8
/** Elections that are asked for at once are one update: the lease remembers as many requests. */
const ELECTIONS_AT_ONCE = 200
/** Engines that are asked for at once, and what players tell of one engine, are one update of so many: bodies of 64 KiB each stay below Temporal's 2 MiB. */
const TOLD_AT_ONCE = 20
/** So long the first of them waits for the others: half the updates when twenty players tell at once, and all engines begin together. */
const TOLD_WITHIN_MS = 10
/** A player is found among engines that were known so long ago at most, and among those of now when it is not. */
const PLAYER_AGE_MS = 1_000
/** What the worker last saw is told by its heartbeat, which arrives with up to 4 s of delay. */
const OBSERVED_AGE_MS = 2_000

/** What the worker's heartbeat says. */
interface Observed {
  listedAt: number | null
  checks: ReadonlyMap<string, EngineCheck>
  samples: ReadonlyMap<string, StreamSample>
}

/** The control plane of one pool. It gathers samples of streams only with `gather`. */
export function createGateway(
  client: Client,
  pool: string,
  gather: { collectEveryMs: number; historyMax: number } | null = null,
): ControlPlane {
  const fleet = client.workflow.getHandle(fleetWorkflowId(pool))
  const lease = client.workflow.getHandle(leaseWorkflowId(pool, 0))
  const watcher = client.workflow.getHandle(watchWorkflowId(pool))
  const turn = limit(UPDATES_AT_ONCE)
  let observed: Observed & { readAt: number } = { listedAt: null, checks: new Map(), samples: new Map(), readAt: Number.NEGATIVE_INFINITY }

  const cache = new SnapshotCache(async () => {
    const takenAt = Date.now()
    const [fleetView, leaseView, { listedAt, checks, samples }] = await reading(() =>
      Promise.all([
        hedged(() => fleet.query(messages.fleetQuery), READ_AGAIN),
        hedged(() => lease.query(messages.leaseQuery), READ_AGAIN),
        observedNow(),
      ]),
    )
    const snapshot: Snapshot = { fleet: fleetView, lease: leaseView, takenAt, observedAt: listedAt, checks, samples, stale: false }
    history?.take(snapshot)
    return snapshot
  })
  const history = gather && new StreamSamples(() => cache.get(SNAPSHOT_AGE_MS), gather)
  history?.begin()

  async function reading<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + READ_DEADLINE_MS, call)
    } catch (error) {
      throw translated(error)
    }
  }

  async function asking<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + UPDATE_DEADLINE_MS, () => asOftenAsOvertaken(call))
    } catch (error) {
      throw translated(error)
    }
  }

  async function telling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await turn(() => asking(call))
    } finally {
      cache.invalidate()
    }
  }

  /** What only a worker can answer: while none does, it is refused and has not been asked. */
  async function updating<T>(call: () => Promise<T>): Promise<T> {
    await cache.fresh(SNAPSHOT_AGE_MS)
    return telling(call)
  }

  /** What waits for a container is not begun while Docker cannot be asked. */
  async function withDocker(): Promise<void> {
    const { docker } = (await cache.fresh(SNAPSHOT_AGE_MS)).fleet
    if (!docker.reachable) throw noDocker(docker.detail, 'Nothing was changed.')
  }

  async function observedNow(): Promise<Observed> {
    if (performance.now() - observed.readAt < OBSERVED_AGE_MS) return observed
    observed = { ...(await heartbeatOf(watcher)), readAt: performance.now() }
    return observed
  }

  type Waited = EngineView | 'gone' | null

  async function waitFor(what: string, done: (snapshot: Snapshot) => Waited | Promise<Waited>): Promise<EngineView | null> {
    const deadline = Date.now() + WAIT_MS
    while (Date.now() < deadline) {
      const snapshot = await cache.get(WAIT_STEP_MS).catch(untilItAnswers)
      const found = snapshot === null || snapshot.stale ? null : await done(snapshot)
      if (found !== null) return found === 'gone' ? null : found
      if (snapshot?.fleet.docker.reachable === false)
        throw noDocker(snapshot.fleet.docker.detail, `${what} is under way and goes on when Docker answers.`)
      await delay(WAIT_STEP_MS)
    }
    throw new BerthError('timeout', `${what} is under way and not done after ${WAIT_MS / 1000} s. It goes on: ask GET /engines.`)
  }

  const elections = new Batch(
    async (_key: string, requests: (HandOverRequest & { candidate: string | null })[]) => {
      const [first, ...others] = requests
      if (first === undefined) throw new BerthError('internal', 'an election that nobody asked for')
      const alsoFor = others.map(({ requestId }) => requestId)
      // One id may come twice, alone and with others: only alone it names the update itself.
      const updateId = alsoFor.length === 0 ? `elect:${first.requestId}` : undefined
      const view = leaseOf(await updating(() => lease.executeUpdate(messages.elect, { args: [{ ...first, alsoFor }], updateId })))
      return requests.map(() => view)
    },
    { most: ELECTIONS_AT_ONCE },
  )
  const streams = new Batch(
    async (engineId: string, told: messages.StreamTold[]) => {
      const { answers, report } = await tellEngine(engineId, told)
      cache.noted(report)
      return answers
    },
    { most: TOLD_AT_ONCE, gatherMs: TOLD_WITHIN_MS },
  )
  const provisions = new Batch(
    (_key: string, requests: ProvisionRequest[]) =>
      updating(() => fleet.executeUpdate(messages.provisionEngines, { args: [{ requests }] })),
    { most: TOLD_AT_ONCE, gatherMs: TOLD_WITHIN_MS },
  )
  const engineOfPool = (engineId: string) => client.workflow.getHandle(engineWorkflowId(pool, engineId))

  /** The engine that an operator names; refused when streams would be cut that nobody said may be. `null` names none. */
  async function chosen(name: string | null, force: boolean, epoch: number | null): Promise<string | null> {
    const { fleet: known, lease: held } = await cache.get(0)
    if (epoch !== null && epoch !== held.epoch)
      throw new BerthError('precondition-failed', `the lease is at epoch ${held.epoch}, not ${epoch}: read it again and decide anew`)
    const engine = name === null ? null : findEngine(known.engines, name)
    if (engine === undefined) throw new BerthError('not-found', `there is no engine ${JSON.stringify(name)}: GET /engines lists them`)
    const holder = known.engines.find(({ engineId }) => engineId === held.holder?.engineId) ?? null
    if (engine !== null && engine.engineId === holder?.engineId) return engine.engineId
    if (engine?.draining) throw new BerthError('conflict', `engine ${engine.engineId} is draining and will go: name another one`)
    const busy = [holder, engine].filter((each) => each !== null && each.streams.length > 0)
    if (!force && busy.length > 0) {
      const told = busy.map((each) => `${each?.engineId} plays ${each?.streams.length}`).join(', ')
      throw new BerthError('conflict', `this would cut streams (${told}): wait until they end, rotate instead, or say "force": true`)
    }
    return engine?.engineId ?? null
  }

  /** The engine that `isMeant` finds, in what was read anew when it is in nothing at hand. */
  async function found(isMeant: (engines: EngineView[]) => EngineView | undefined): Promise<EngineView | undefined> {
    return isMeant((await cache.fresh(PLAYER_AGE_MS)).fleet.engines) ?? isMeant((await cache.fresh(0)).fleet.engines)
  }

  async function provisioning(request: ProvisionRequest): Promise<string> {
    return engineOf(await provisions.ask('provision', request))
  }

  async function removing(id: string, requestId: string): Promise<string> {
    const { fleet: known } = await cache.get(0)
    const engineId = findEngine(known.engines, id)?.engineId ?? id
    const updateId = `delete:${requestId}`
    return engineOf(await updating(() => fleet.executeUpdate(messages.deleteEngine, { args: [{ engineId, requestId }], updateId })))
  }

  /** Whether its workflow is known to have run to its end; false of one that has yet to begin. */
  async function hasEnded(engineId: string): Promise<boolean> {
    try {
      return (await reading(() => engineOfPool(engineId).describe())).status.name === 'COMPLETED'
    } catch {
      return false
    }
  }

  /** That the engine has ended meanwhile means that it is gone, not that nobody works. */
  async function tellEngine(engineId: string, told: messages.StreamTold[]) {
    try {
      return await asking(() => engineOfPool(engineId).executeUpdate(messages.streamsTold, { args: [{ told }] }))
    } catch (error) {
      if (error instanceof BerthError && error.cause instanceof WorkflowNotFoundError && (await hasEnded(engineId)))
        throw new BerthError('not-found', `engine ${engineId} was removed a moment ago: GET /engines lists those that are there`)
      throw error
    }
  }

  /** The engine as it is before something is asked of it. */
  async function named(id: string): Promise<EngineView> {
    const engine = findEngine((await cache.get(0)).fleet.engines, id)
    if (engine === undefined) throw new BerthError('not-found', `there is no engine ${JSON.stringify(id)}: GET /engines lists them`)
    return engine
  }

  /** What a workflow of its own reads at the container of an engine. */
  async function readAtContainer<Read>(
    id: string,
    { what, workflow, workflowId, input }: { what: string; workflow: string; workflowId: string; input: object },
  ): Promise<{ containerId: string; read: Read }> {
    await withDocker()
    const { engineId, containerId } = await named(id)
    if (containerId === null) throw new BerthError('not-found', `engine ${engineId} has no container now`)
    try {
      const read = await client.withDeadline(Date.now() + UPDATE_DEADLINE_MS, () =>
        client.workflow.execute<(asked: { containerId: string }) => Promise<Read>>(workflow, {
          workflowId,
          taskQueue: poolTaskQueue(pool),
          workflowExecutionTimeout: READING_WITHIN,
          args: [{ ...input, containerId }],
        }),
      )
      return { containerId, read }
    } catch (error) {
      if (error instanceof WorkflowFailedError)
        throw new BerthError('unavailable', `the ${what} of engine ${engineId} cannot be read now; its container may be gone`, {
          cause: error,
          retryAfterSeconds: 2,
        })
      throw translated(error)
    }
  }

  return {
    snapshot: (maxAgeMs = SNAPSHOT_AGE_MS) => cache.get(maxAgeMs),

    snapshotAtHand: (maxAgeMs = SNAPSHOT_AGE_MS) => cache.atHand(maxAgeMs),

    async provision(request) {
      await withDocker()
      const engineId = await provisioning(request)
      let shown = false
      const view = await waitFor(`Engine ${engineId}`, async ({ fleet: { engines } }) => {
        const engine = engines.find((candidate) => candidate.engineId === engineId)
        if (!engine) return shown || (await hasEnded(engineId)) ? 'gone' : null
        shown = true
        if (engine.phase === 'backing-off' && engine.problem) {
          throw new BerthError('provisioning-failed', `${engine.problem.detail} Engine ${engineId} is tried again by itself.`, {
            code: engine.problem.code,
            retryAfterSeconds: 10,
          })
        }
        return engine.containerId !== null && (engine.phase === 'starting' || engine.phase === 'running') ? engine : null
      })
      if (view === null)
        throw new BerthError('not-found', `Engine ${engineId}, which this request asked for, was removed: ask with a new Idempotency-Key.`)
      return view
    },

    async provisionLater(request) {
      return { engineId: await provisioning(request) }
    },

    async removeLater(id, requestId) {
      return { engineId: await removing(id, requestId) }
    },

    async drain(id, requestId) {
      const engine = await named(id)
      const request = { engineId: engine.engineId, requestId }
      engineOf(await updating(() => fleet.executeUpdate(messages.drainEngine, { args: [request], updateId: `drain:${requestId}` })))
      return { ...engine, draining: true }
    },

    async restart(id, { requestId, force }) {
      const engine = await named(id)
      const request = { engineId: engine.engineId, requestId, force }
      engineOf(await updating(() => fleet.executeUpdate(messages.restartEngine, { args: [request], updateId: `restart:${requestId}` })))
      return engine
    },

    samplesOf: (streamId, sinceMs) => history?.since(streamId, sinceMs) ?? [],

    async remove(id, requestId) {
      await withDocker()
      const engineId = await removing(id, requestId)
      await waitFor(`The removal of engine ${engineId}`, ({ fleet: { engines } }) =>
        engines.some((engine) => engine.engineId === engineId) ? null : 'gone',
      )
    },

    async scale(wanted, requestId) {
      const answer = await updating(() =>
        fleet.executeUpdate(messages.scale, { args: [{ wanted, requestId }], updateId: `scale:${requestId}` }),
      )
      return answer.kind === 'wanted' ? answer.wanted : wanted
    },

    async elect({ candidate, requestId, reason, force, epoch }) {
      const wish = { force, epoch, candidate: await chosen(candidate, force, epoch) }
      return elections.ask(JSON.stringify(wish), { ...wish, reason, requestId })
    },

    async designate({ engine, requestId, reason, force, epoch }) {
      const engineId = engine === null ? null : await chosen(engine, force, epoch)
      const request = { requestId, reason, force, epoch, engineId }
      return leaseOf(await updating(() => lease.executeUpdate(messages.designate, { args: [request], updateId: `designate:${requestId}` })))
    },

    async rotate({ requestId, reason, force, epoch }) {
      const request = { requestId, reason, force, epoch }
      return leaseOf(await updating(() => lease.executeUpdate(messages.rotate, { args: [request], updateId: `rotate:${requestId}` })))
    },

    async streamStarted({ containerId, host, port, ...stream }) {
      const engine = await found((engines) => findPlayer(engines, { containerId, host, port }))
      if (engine === undefined) {
        const where = containerId ?? `${host}:${port}`
        throw new BerthError('not-found', `no engine is at ${where}: GET /engines lists their hosts and ports`)
      }
      const answer = await streams.ask(engine.engineId, { kind: 'started', stream })
      if (answer.kind === 'refused') throw new BerthError(answer.type, answer.message)
      if (answer.kind === 'none') throw new BerthError('internal', 'The engine gave an answer of another kind.')
      return answer.stream
    },

    async streamEnded({ streamId, containerId, reason }) {
      const plays = (engine: EngineView): boolean =>
        (containerId === null || engine.containerId === containerId || streamId !== null) &&
        (streamId === null ? engine.streams.length === 1 : engine.streams.some((stream) => stream.id === streamId))
      const player = await found((engines) => engines.find(plays))
      const id = streamId ?? player?.streams[0]?.id
      if (player === undefined || id === undefined) return { updated: false, stream: null }
      const end = { kind: 'ended', streamId: id, reason: reason ?? 'ended' } as const
      const answer = await streams.ask(player.engineId, end).catch((error: unknown) => {
        if (error instanceof BerthError && error.type === 'not-found') return null
        throw error
      })
      return answer?.kind === 'stream' ? { updated: true, stream: answer.stream } : { updated: false, stream: null }
    },

    async logs(id, tail) {
      const { containerId, read } = await readAtContainer<LogLine[]>(id, {
        what: 'log',
        workflow: 'logs',
        workflowId: logsWorkflowId(pool, randomUUID()),
        input: { tail },
      })
      return { containerId, lines: read }
    },

    async environment(id) {
      const { containerId, read } = await readAtContainer<Record<string, string>>(id, {
        what: 'environment',
        workflow: 'environment',
        workflowId: environmentWorkflowId(pool, randomUUID()),
        input: {},
      })
      return { containerId, environment: read }
    },

    async retryNow() {
      const waiting = (await cache.get(0)).fleet.engines.filter(({ phase }) => phase === 'backing-off')
      await Promise.all(waiting.map(({ engineId }) => telling(() => engineOfPool(engineId).signal(messages.retryNow))))
      return waiting.length
    },

    async hasExisted(engineId) {
      try {
        await client.withDeadline(Date.now() + READ_DEADLINE_MS, () => engineOfPool(engineId).describe())
        return true
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw translated(error)
      }
    },

    async refresh() {
      const { fleet: known } = await cache.get(0)
      const engines = known.engines.filter(({ phase }) => phase !== 'removing').map(({ engineId }) => engineOfPool(engineId))
      const workflows = [...engines, fleet, lease, watcher]
      await Promise.all(workflows.map((workflow) => telling(() => workflow.signal(messages.refresh))))
      return workflows.length
    },

    async park() {
      await telling(() => fleet.signal(messages.parkFleet))
      await waitFor('The removal of all engines', ({ fleet: { engines } }) => (engines.length === 0 ? 'gone' : null))
    },

    async readiness() {
      return partsOf(client, pool, () => cache.get(SNAPSHOT_AGE_MS))
    },
  }
}

function leaseOf(answer: messages.OperatorAnswer): LeaseView {
  if (answer.kind === 'lease') return answer.lease
  throw new BerthError(answer.type === 'LeaseDisabled' ? 'lease-disabled' : 'precondition-failed', answer.message)
}

/** What was asked for has been taken already: a read that fails is tried again. */
function untilItAnswers(error: unknown): null {
  if (error instanceof BerthError && error.type === 'unavailable') return null
  throw error
}

function noDocker(detail: string | null, consequence: string): BerthError {
  const message = `Docker cannot be asked${detail === null ? '' : ` (${detail})`}. ${consequence}`
  return new BerthError('unavailable', message, { code: 'docker-unreachable', retryAfterSeconds: 5 })
}

function engineOf(answer: messages.FleetAnswer): string {
  if (answer.kind === 'refused') throw new BerthError(answer.type, answer.message)
  if (answer.kind === 'engine') return answer.engineId
  throw new BerthError('internal', 'The fleet gave an answer of another kind.')
}

async function heartbeatOf(watcher: ReturnType<Client['workflow']['getHandle']>): Promise<Observed> {
  const { raw } = await watcher.describe()
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? []
  const details: unknown = payload?.data ? JSON.parse(Buffer.from(payload.data).toString('utf8')) : null
  const { listedAt, checks, samples }: { [part in keyof Observed]?: unknown } =
    typeof details === 'object' && details !== null ? details : {}
  return { listedAt: typeof listedAt === 'number' ? listedAt : null, checks: unpackChecks(checks), samples: unpackSamples(samples) }
}

/** Each part by name: Temporal, a worker that polls, Docker, Gluetun, the lease. */
async function partsOf(client: Client, pool: string, snapshot: () => Promise<Snapshot>): Promise<PartStatus[]> {
  const unknown = 'not known while a part before it is missing'
  try {
    await client.withDeadline(Date.now() + READ_DEADLINE_MS, () => client.connection.workflowService.getSystemInfo({}))
  } catch (error) {
    return [
      { part: 'temporal', ok: false, detail: translated(error).message },
      ...(['worker', 'docker', 'gluetun', 'lease'] as const).map((part): PartStatus => ({ part, ok: false, detail: unknown })),
    ]
  }
  const parts: PartStatus[] = [{ part: 'temporal', ok: true, detail: null }]
  let state: Snapshot | null = null
  let reason = `no worker answers on task queue ${poolTaskQueue(pool)}: start one with "berth worker"`
  try {
    state = await snapshot()
  } catch (error) {
    reason = translated(error).message
  }
  if (state === null || state.stale) {
    parts.push({ part: 'worker', ok: false, detail: reason })
    parts.push(...(['docker', 'gluetun', 'lease'] as const).map((part): PartStatus => ({ part, ok: false, detail: unknown })))
    return parts
  }
  const { fleet, lease } = state
  const vpn = fleet.vpn
  parts.push({ part: 'worker', ok: true, detail: null })
  parts.push({ part: 'docker', ok: fleet.docker.reachable, detail: fleet.docker.detail })
  parts.push({
    part: 'gluetun',
    ok: !vpn.enabled || vpn.problem === null,
    code: vpn.problem?.code ?? null,
    detail: vpn.problem?.detail ?? null,
  })
  const settled = lease.condition === null || lease.condition.code === 'disabled'
  parts.push({ part: 'lease', ok: settled, code: lease.condition?.code ?? null, detail: lease.condition?.detail ?? null })
  return parts
}

/** gRPC status codes. */
const DEADLINE_EXCEEDED = 4
const FAILED_PRECONDITION = 9

/** Asks again when the workflow went on in a new run, or its task was taken back, while it was asked. */
async function asOftenAsOvertaken<T>(call: () => Promise<T>, attempts = 4): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === attempts || !isOvertaken(error)) throw error
      await delay(attempt * 20)
    }
  }
}

function isOvertaken(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return grpcStatusOf(error)?.code === FAILED_PRECONDITION
  return error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow'
}

function grpcStatusOf(error: unknown): { code: number; details: string } | null {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error
  return isGrpcServiceError(cause) ? { code: cause.code, details: cause.details || cause.message } : null
}

/** What Temporal's client throws, as an error that a caller understands. */
function translated(error: unknown): BerthError {
  if (error instanceof BerthError) return error
  if (error instanceof WorkflowNotFoundError) {
    return new BerthError('unavailable', 'The pool’s workflows do not run yet: start a worker with "berth worker".', {
      retryAfterSeconds: 2,
      cause: error,
    })
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new BerthError('timeout', 'The workflow did not answer in time. It may still happen: ask again with the same Idempotency-Key.', {
      cause: error,
    })
  }
  const status = grpcStatusOf(error)
  if (status?.code === DEADLINE_EXCEEDED) {
    const detail = 'No worker answers in time: start one with "berth worker", or look at its log.'
    return new BerthError('unavailable', detail, { retryAfterSeconds: 2, cause: error })
  }
  if (status !== null) {
    const detail = `Temporal cannot be asked (${status.details}): start it, or set TEMPORAL_ADDRESS to where it is.`
    return new BerthError('unavailable', detail, { retryAfterSeconds: 2, cause: error })
  }
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error
  const message = cause instanceof Error ? cause.message : String(cause)
  return new BerthError('unavailable', `Temporal could not answer: ${message}`, { retryAfterSeconds: 2, cause: error })
}
