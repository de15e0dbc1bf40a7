/**
 * @module
 * `fleet/<pool>`: keeps the wanted number of engines, gives out their ports, and answers what the pool looks like. Decisions are in
 * `src/domain/fleet.ts`.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  type SignalDefinition,
  uuid4,
} from '@temporalio/workflow'
import type { FleetActivities } from '../activities/api.js'
import type { EngineInput } from '../src/domain/engine.js'
import {
  addEngine,
  askRotation,
  decide,
  drain,
  engineChanged,
  engineGone,
  grownWith,
  type FleetAction,
  type FleetPolicy,
  type FleetState,
  initialFleet,
  isOvertaken,
  liveEngines,
  missing,
  noteAutoscaled,
  oneFewer,
  passTime,
  remember,
  restoredFleet,
  takenIn,
  viewOf,
  wakeAt,
  wantedReplicas,
} from '../src/domain/fleet.js'
import { engineWorkflowId, leaseWorkflowId } from '../src/temporal/names.js'
import { historyWatch } from './long-history.js'
import * as messages from './messages.js'
import { onSignal } from './on-signal.js'
import { untilStirred } from './until-stirred.js'

const { startEngines } = proxyActivities<FleetActivities>({
  startToCloseTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '5 seconds' },
})

export interface FleetInput {
  pool: string
  policy: FleetPolicy
  /** Ports of containers that ran before this workflow first started. */
  portsInUse?: number[]
  /** Carried over by continue-as-new. */
  carried?: FleetState
}

/** Since this change a new fleet waits for the first full list of containers; before it, it began to make engines at once. */
const OBSERVES_FIRST = 'fleet-observes-first'

/** Since this change an engine that the fleet does not know and that tells of itself is one of its engines; before it, nobody's. */
const TAKES_IN = 'fleet-takes-in-unknown-engines'

/** Since this change an announcement of a vacancy that has been filled is ignored; before it, an engine was told in vain. */
const HEEDS_NO_LATE_VACANCY = 'fleet-heeds-no-late-vacancy'

/** Since this change the lease is told of engines that are gone for good. */
const TELLS_THE_LEASE = 'fleet-tells-the-lease'

/**
 * 1. Updates answer synchronously; a request id seen before gets its first answer again.
 * 2. Ports and engine ids are given out here only, so none is given twice.
 * 3. It is told of every change and has a timer only while something is due at a time: a rotation, or an engine that is to go for being empty. No history at rest.
 * 4. A fleet that starts from nothing makes no engine until it has been told of every container that runs already.
 */
export async function fleet(input: FleetInput): Promise<void> {
  let state = input.carried ? restoredFleet(input.carried) : initialFleet(input.pool, input.policy, input.portsInUse)
  if (!input.carried && !patched(OBSERVES_FIRST)) state = { ...state, listed: true }
  const isLong = historyWatch()
  let refreshAsked = false
  let stirred = true
  /** Engines that are gone for good and that the lease has not been told of. */
  const gone: string[] = []
  /** Engines that are to replace their container and have not been told. */
  const restarts: { engineId: string; force: boolean }[] = []

  const change = (next: FleetState): void => {
    state = next
    stirred = true
  }

  setHandler(messages.provisionEngine, oneMore, { description: 'One more engine' })
  setHandler(messages.provisionEngines, ({ requests }) => requests.map(oneMore), { description: 'More engines' })
  setHandler(
    messages.deleteEngine,
    (request) => {
      const engine = state.engines[request.engineId]
      if (!engine) return notThere(request)
      if (engine.removing) return { kind: 'engine', engineId: request.engineId }
      const scaled = engine.view.draining ? state.scaled : oneFewer(state)
      change(remember({ ...markRemoving(state, request.engineId), scaled }, request.requestId, request.engineId))
      return { kind: 'engine', engineId: request.engineId }
    },
    { description: 'One engine less' },
  )
  setHandler(
    messages.drainEngine,
    (request) => {
      const { requestId, engineId } = request
      if (!state.engines[engineId]) return notThere(request)
      if (state.recent.every((taken) => taken.requestId !== requestId)) change(remember(drain(state, engineId), requestId, engineId))
      return { kind: 'engine', engineId }
    },
    { description: 'One engine less, once it plays nothing' },
  )
  setHandler(
    messages.restartEngine,
    (request) => {
      const { requestId, engineId, force } = request
      const engine = state.engines[engineId]
      if (!engine) return notThere(request)
      if (state.recent.some((taken) => taken.requestId === requestId)) return { kind: 'engine', engineId }
      if (engine.removing) return refused('conflict', `Engine ${engineId} is being removed.`)
      const { streams } = engine.view
      if (streams.length > 0 && !force)
        return refused('conflict', `Engine ${engineId} plays ${streams.length}: wait until they end, or say "force": true.`)
      restarts.push({ engineId, force })
      change(remember(state, requestId, engineId))
      return { kind: 'engine', engineId }
    },
    { description: 'A new container for one engine' },
  )
  setHandler(
    messages.scale,
    (request) => {
      change({ ...state, scaled: request.wanted, autoscaled: 0 })
      return { kind: 'wanted', wanted: wantedReplicas(state) }
    },
    { description: 'Set the wanted number' },
  )
  onSignal(messages.configureFleet, (argument) => {
    if (!state.parked && JSON.stringify(argument.policy) === JSON.stringify(state.policy)) return
    const vpn = { ...state.vpn, enabled: argument.policy.vpnEnabled, containerName: argument.policy.vpnContainer }
    change({ ...state, parked: false, policy: argument.policy, vpn })
  })
  onSignal(messages.parkFleet, () => change({ ...state, parked: true }), {
    description: 'Remove every engine until a worker starts again',
  })
  onSignal(messages.engineChanged, (view) => {
    const known = state.engines[view.engineId] || !patched(TAKES_IN) ? state : takenIn(state, view)
    change(engineChanged(known, view))
  })
  onSignal(messages.engineGone, (argument) => {
    if (state.engines[argument.engineId] && patched(TELLS_THE_LEASE)) gone.push(argument.engineId)
    change(engineGone(state, argument.engineId, Date.now(), argument.ended))
  })
  onSignal(messages.rotationAsked, (argument) => change(askRotation(state, argument, Date.now())))
  onSignal(messages.containersListed, () => {
    if (!state.listed) change({ ...state, listed: true })
  })
  onSignal(messages.reconcileObserved, (reconcile) => {
    state = { ...state, reconcile: given(reconcile) }
  })
  onSignal(messages.leaseVacant, (argument) => {
    if (isOvertaken(state, argument) && patched(HEEDS_NO_LATE_VACANCY)) return
    change({ ...state, vacancy: { ...argument, nominated: null } })
  })
  onSignal(messages.vpnChanged, (vpn) => change({ ...state, vpn: given(vpn) }))
  onSignal(messages.dockerChanged, (docker) => change({ ...state, docker: given(docker) }))
  onSignal(messages.containerFound, (found) => {
    if (state.engines[found.engineId]) return
    const adopt: EngineInput = {
      engineId: found.engineId,
      pool: input.pool,
      httpPort: found.httpPort,
      httpsPort: found.httpsPort,
      hostHttpPort: found.hostHttpPort,
      labels: found.labels,
      environment: {},
      adopt: found.container,
    }
    const added = addEngine(state, { engineId: found.engineId, labels: {}, environment: {}, port: null, adopt }, Date.now())
    if ('failure' in added) return
    log.info('FLEET-01 adopting a running container', { engineId: found.engineId, containerId: found.container.containerId })
    change(state.listed && !found.legacy ? added.state : grownWith(added.state))
  })
  onSignal(messages.refresh, () => {
    refreshAsked = true
  })
  setHandler(messages.fleetQuery, () => viewOf(state))

  while (true) {
    const at = wakeAt(state, Date.now())
    const due = () => stirred || refreshAsked || isLong()
    if (!(await untilStirred(due, at === null ? null : Math.max(1, at - Date.now())))) stirred = true
    if (stirred) {
      stirred = false
      state = passTime(state, Date.now())
      fill()
      await carryOut(decide(state, Date.now()))
      setCurrentDetails(`${liveEngines(state).length} of ${wantedReplicas(state)} engines`)
      continue
    }
    await condition(allHandlersFinished)
    if (stirred) continue
    await continueAsNew<typeof fleet>({ ...input, carried: state })
  }

  function oneMore(request: messages.ProvisionRequest): messages.FleetAnswer {
    const known = state.recent.find((taken) => taken.requestId === request.requestId)
    if (known?.engineId) return { kind: 'engine', engineId: known.engineId }
    if (state.parked) return refused('conflict', 'The fleet is parked (berth down): start a worker to go on.')
    const live = liveEngines(state).length
    if (live >= state.policy.maxReplicas) {
      return refused(
        'max-capacity',
        `${live} engines run and MAX_REPLICAS is ${state.policy.maxReplicas}: delete one or raise MAX_REPLICAS.`,
      )
    }
    const engineId = newEngineId()
    const added = addEngine(
      state,
      { engineId, labels: request.labels, environment: request.environment, port: request.hostPort, adopt: null },
      Date.now(),
    )
    if ('failure' in added) {
      return added.failure === 'port-taken'
        ? refused('conflict', `Port ${request.hostPort} belongs to another engine: leave host_port out to get a free one.`)
        : refused('max-capacity', 'Every port of the engines’ port range is in use: delete an engine or widen the range.')
    }
    change(remember({ ...added.state, scaled: wantedReplicas(state) + 1 }, request.requestId, engineId))
    return { kind: 'engine', engineId }
  }

  /** The same request may have been taken before. */
  function notThere({ requestId, engineId }: { requestId: string; engineId: string }): messages.FleetAnswer {
    const known = state.recent.find((taken) => taken.requestId === requestId)
    return known?.engineId ? { kind: 'engine', engineId: known.engineId } : refused('not-found', `No engine ${engineId}.`)
  }

  function fill(): void {
    state = noteAutoscaled(state, Date.now())
    for (let count = missing(state, Date.now()); count > 0; count--) {
      const added = addEngine(state, { engineId: newEngineId(), labels: {}, environment: {}, port: null, adopt: null }, Date.now())
      if ('failure' in added) {
        log.error('FLEET-02 no port left for another engine', { wanted: wantedReplicas(state), live: liveEngines(state).length })
        return
      }
      state = added.state
    }
  }

  async function carryOut(actions: FleetAction[]): Promise<void> {
    const starts = actions.flatMap((action) => (action.kind === 'start' ? [action.input] : []))
    for (const action of actions) if (action.kind === 'remove') state = markRemoving(state, action.engineId)
    for (const { engineId } of starts) state = withEngine(state, engineId, { started: true })
    const nominations = actions.flatMap((action) => (action.kind === 'nominate' ? [action] : []))
    for (const { engineId } of nominations) if (state.vacancy) state = { ...state, vacancy: { ...state.vacancy, nominated: engineId } }
    if (starts.length > 0) await startEngines({ engines: starts })
    for (const engine of Object.values(state.engines)) {
      if (engine.removing && engine.started && !engine.told) {
        state = withEngine(state, engine.input.engineId, { told: true })
        await tell(engine.input.engineId, (handle) => handle.signal(messages.removeEngine, { reason: 'deleted' }))
      }
    }
    for (const { engineId, epoch } of nominations) await tell(engineId, (handle) => handle.signal(messages.takeForwarded, { epoch }))
    for (const action of actions) if (action.kind === 'turn-over') await handOn(action)
    for (const { engineId, force } of restarts.splice(0)) {
      if (state.engines[engineId]?.removing === false) await tell(engineId, (handle) => handle.signal(messages.restart, { force }))
    }
    for (let engineId = gone.shift(); engineId !== undefined; engineId = gone.shift()) await tellLease(messages.engineRemoved, { engineId })
  }

  async function handOn({ engineId, containerId, reason, candidate }: Extract<FleetAction, { kind: 'turn-over' }>): Promise<void> {
    state = { ...state, toldToHandOn: containerId }
    await tellLease(messages.turnOver, { engineId, containerId, reason, candidate })
  }

  /** Best effort: the engine replaces an unhealthy container itself, and a nomination goes to an engine that lives. */
  async function tellLease<Argument>(signal: SignalDefinition<[Argument]>, argument: Argument): Promise<void> {
    if (!state.policy.vpnEnabled) return
    try {
      await getExternalWorkflowHandle(leaseWorkflowId(input.pool, 0)).signal(signal, argument)
    } catch (error) {
      log.warn('FLEET-04 the lease could not be told', { signal: signal.name, error: String(error) })
    }
  }

  async function tell(engineId: string, send: (handle: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<void> {
    try {
      await send(getExternalWorkflowHandle(engineWorkflowId(input.pool, engineId)))
    } catch (error) {
      log.warn('FLEET-03 an engine’s workflow could not be told; it is forgotten', { engineId, error: String(error) })
      change(engineGone(state, engineId, Date.now()))
    }
  }
}

/** Signals are sent by hand too, perhaps with nothing: a handler that throws drops its signal. */
function given<T>(argument: T): NonNullable<T> {
  if (argument === null || argument === undefined) throw new TypeError('the signal has no input')
  return argument
}

function markRemoving(state: FleetState, engineId: string): FleetState {
  return withEngine(state, engineId, { removing: true })
}

function withEngine(state: FleetState, engineId: string, change: Partial<FleetState['engines'][string]>): FleetState {
  const engine = state.engines[engineId]
  return engine ? { ...state, engines: { ...state.engines, [engineId]: { ...engine, ...change } } } : state
}

function newEngineId(): string {
  return uuid4().slice(0, 8)
}

function refused(type: 'max-capacity' | 'conflict' | 'not-found', message: string): messages.FleetAnswer {
  return { kind: 'refused', type, message }
}
