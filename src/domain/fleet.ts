/**
 * @module
 * The engines of a pool: which ports they have, what has become of them, and who is to take a vacant lease. Pure.
 */
import { choose } from './election.js'
import { type EngineInput, initialEngine } from './engine.js'
import { lowestFree, type PortRange } from './ports.js'
import { type DueRotation, dueRotation, holderOf, rotationWakeAt, rotationView, turnOver } from './rotation.js'
import * as scaling from './scaling.js'
import type { EngineView, FleetView, ReconcileView, StreamView, VpnView } from './views.js'

const KEPT_REQUESTS = 200
const KEPT_ENDED = 100
/** Characters of all ended streams together: what a client may say of one is long. */
const KEPT_ENDED_LENGTH = 200_000
const KEPT_AVOIDED = 100

/** What the worker's configuration says, told to the fleet at each worker start. */
export interface FleetPolicy {
  minReplicas: number
  maxReplicas: number
  httpPorts: PortRange
  httpsPorts: PortRange
  vpnEnabled: boolean
  vpnContainer: string | null
  /** How often the port is handed on although its holder is well, `null`: never. */
  rotateEveryMs?: number | null
  /** How long a due rotation waits for the holder's streams before it cuts them, `null`: for as long as they play. */
  drainMs?: number | null
  /** Engines that run and play nothing, kept above the wanted number if need be. */
  minFreeReplicas?: number
  /** How long an engine that has played stays empty before it goes, `null`: none goes by itself. */
  emptyForMs?: number | null
}

/** The lease's announcement that the port is free and nobody asked. */
export interface Vacancy {
  index: number
  epoch: number
  excluded: string | null
  preferred: string | null
  /** Streams do not save the engine that is chosen from being made anew. */
  force?: boolean
  /** Engine told to take it. */
  nominated: string | null
}

export interface FleetState {
  schemaVersion: 1
  pool: string
  policy: FleetPolicy
  /** Number asked for by `scale` or `provision`, `null` while `MIN_REPLICAS` rules. */
  scaled: number | null
  /** Engines above the wanted number that were started to keep enough of them free. */
  autoscaled: number
  /** Nothing is to run until a worker starts again. */
  parked: boolean
  /** The containers that ran before this fleet have been told of: until then none is started to make up the number. */
  listed: boolean
  engines: Record<string, FleetEngine>
  /** The last streams that ended, newest first. */
  ended: StreamView[]
  vpn: VpnView
  docker: { reachable: boolean; detail: string | null }
  vacancy: Vacancy | null
  rotation: DueRotation | null
  /** Container of the holder that was told to hand on, so that it is told once. */
  toldToHandOn: string | null
  reconcile: ReconcileView
  /** Ports that somebody else on the host was found to use, oldest first: given out again only when no other is left. */
  avoided: number[]
  /** Requests already taken, oldest first, with the engine that each one made or removed. */
  recent: { requestId: string; engineId: string | null }[]
}

export interface FleetEngine {
  input: EngineInput
  view: EngineView
  /** Its workflow has been started. */
  started: boolean
  /** It is to go. */
  removing: boolean
  /** Its workflow has been told to go. */
  told: boolean
}

export type FleetAction =
  | { kind: 'start'; input: EngineInput }
  | { kind: 'remove'; engineId: string }
  | { kind: 'nominate'; engineId: string; epoch: number }
  /** Have the lease hand on from this holder. */
  | { kind: 'turn-over'; engineId: string; containerId: string; reason: string; candidate: string | null }

/** A pool with no engines. `portsInUse` belong to running containers that will be adopted. */
export function initialFleet(pool: string, policy: FleetPolicy, portsInUse: number[] = []): FleetState {
  return {
    schemaVersion: 1,
    pool,
    policy,
    scaled: null,
    autoscaled: 0,
    parked: false,
    listed: false,
    engines: {},
    ended: [],
    vpn: unknownVpn(policy),
    docker: { reachable: true, detail: null },
    vacancy: null,
    rotation: null,
    toldToHandOn: null,
    reconcile: { dryRun: false, wouldRemove: [] },
    avoided: portsInUse,
    recent: [],
  }
}

/** A state as an older version of Berth may have left it, with all that has come since. */
export function restoredFleet(state: FleetState): FleetState {
  const engines = Object.entries(state.engines).map(([engineId, engine]) => {
    const { draining = false } = engine.view as Partial<EngineView>
    return [engineId, { ...engine, view: { ...engine.view, draining } }] as const
  })
  return { ...initialFleet(state.pool, state.policy), ...state, listed: state.listed ?? true, engines: Object.fromEntries(engines) }
}

/** The VPN before it has been asked. */
export function unknownVpn(policy: FleetPolicy): VpnView {
  return {
    enabled: policy.vpnEnabled,
    containerName: policy.vpnContainer,
    containerRunning: false,
    containerHealth: 'none',
    status: 'unknown',
    connected: false,
    forwardedPorts: [],
    publicIp: null,
    country: null,
    region: null,
    city: null,
    provider: null,
    problem: null,
  }
}

/** The number of engines that there should be. */
export function wantedReplicas(state: FleetState): number {
  if (state.parked) return 0
  const { minReplicas, maxReplicas } = state.policy
  return Math.min(maxReplicas, Math.max(minReplicas, state.scaled ?? minReplicas))
}

/** Engines that have not been told to go, in order of their HTTP port. */
export function liveEngines(state: FleetState): FleetEngine[] {
  return Object.values(state.engines)
    .filter((engine) => !engine.removing)
    .toSorted((a, b) => a.input.httpPort - b.input.httpPort)
}

/**
 * Adds an engine with ports of its own, not yet started. `no-port` when the ranges are used up, `port-taken` when the wished port is.
 * A port belongs to its engine until its workflow says that the container is gone.
 */
export function addEngine(
  state: FleetState,
  wish: {
    engineId: string
    labels: Record<string, string>
    environment: Record<string, string>
    port: number | null
    adopt: EngineInput | null
  },
  now: number,
): { state: FleetState; input: EngineInput } | { failure: 'no-port' | 'port-taken' } {
  const input = wish.adopt ?? allocate(state, wish)
  if ('failure' in input) return input
  const engine: FleetEngine = { input, view: initialEngine(input, now).view, started: false, removing: false, told: false }
  return { state: { ...state, engines: { ...state.engines, [input.engineId]: engine } }, input }
}

function allocate(
  state: FleetState,
  wish: { engineId: string; labels: Record<string, string>; environment: Record<string, string>; port: number | null },
): EngineInput | { failure: 'no-port' | 'port-taken' } {
  const taken = new Set(Object.values(state.engines).flatMap(({ input }) => portsOf(input)))
  if (wish.port !== null && taken.has(wish.port)) return { failure: 'port-taken' }
  const free = (range: PortRange): number | null => lowestFree(range, new Set([...taken, ...state.avoided])) ?? lowestFree(range, taken)
  const httpPort = wish.port ?? free(state.policy.httpPorts)
  if (httpPort === null) return { failure: 'no-port' }
  taken.add(httpPort)
  const httpsPort = free(state.policy.httpsPorts)
  if (httpsPort === null) return { failure: 'no-port' }
  const { engineId, labels, environment } = wish
  return { engineId, pool: state.pool, httpPort, httpsPort, hostHttpPort: httpPort, labels, environment, adopt: null }
}

function portsOf({ httpPort, httpsPort, hostHttpPort }: EngineInput): number[] {
  return [httpPort, httpsPort, hostHttpPort]
}

/** What an engine tells of itself. `ended`: streams that have ended since it last did. */
export type EngineReport = EngineView & { ended?: StreamView[] }

/**
 * Takes in an engine that the fleet does not know and that tells of itself: the fleet was begun anew, or from an old copy, while the engine had no container. One that
 * has a port of another engine by now goes. Until all containers are listed, the wanted number grows with them, as it does with those that are found.
 */
export function takenIn(state: FleetState, report: EngineReport): FleetState {
  const { ended: _ended, ...view } = report
  const { engineId, pool, httpPort, httpsPort, hostHttpPort, labels } = view
  if (state.engines[engineId] || view.phase === 'removing') return state
  const input: EngineInput = { engineId, pool, httpPort, httpsPort, hostHttpPort, labels, environment: {}, adopt: null }
  const collides = Object.values(state.engines).some((other) => portsOf(other.input).some((port) => portsOf(input).includes(port)))
  const engine: FleetEngine = { input, view, started: true, removing: collides, told: false }
  const next = { ...state, engines: { ...state.engines, [engineId]: engine } }
  return state.listed ? next : grownWith(next)
}

/** The fleet with room for all of its engines: those that ran before it knew of them are not removed for being too many. */
export function grownWith(state: FleetState): FleetState {
  return { ...state, scaled: Math.max(wantedReplicas(state), liveEngines(state).length) }
}

/**
 * Takes an engine's report. An older one than the last is ignored; a forwarded engine settles the vacancy that it filled; one whose port is in
 * use by somebody else on the host goes, and its successor gets another port; one whose port was found in use before backs off instead.
 * Streams that have ended are kept in any case.
 */
export function engineChanged(before: FleetState, { ended = [], ...report }: EngineReport): FleetState {
  const state = withEnded(before, ended)
  const engine = state.engines[report.engineId]
  if (!engine || report.revision <= engine.view.revision) return state
  const view: EngineView = { ...report, draining: engine.view.draining }
  const blocked = view.phase === 'backing-off' && view.problem?.code === 'port-taken' && !state.avoided.includes(view.hostHttpPort)
  const next: FleetState = {
    ...state,
    engines: { ...state.engines, [view.engineId]: { ...engine, view, removing: engine.removing || blocked } },
    avoided: blocked ? [...state.avoided, view.hostHttpPort].slice(-KEPT_AVOIDED) : state.avoided,
  }
  const vacancy = next.vacancy
  if (!vacancy) return next
  if (view.forwarded && (view.epoch ?? 0) > vacancy.epoch) return { ...next, vacancy: null }
  const failed = vacancy.nominated === view.engineId && (view.phase === 'backing-off' || view.phase === 'removing')
  return failed ? { ...next, vacancy: { ...vacancy, nominated: null, excluded: view.engineId } } : next
}

/**
 * What an engine said of itself as the fleet will show it, ahead of the fleet that has not been told yet; `null` when there is nothing to be ahead of: the fleet knows
 * as much by now, or not the engine.
 */
export function aheadWith(fleet: FleetView, { ended = [], ...report }: EngineReport): FleetView | null {
  const known = fleet.engines.find(({ engineId }) => engineId === report.engineId)
  if (known === undefined || known.revision >= report.revision) return null
  const engines = fleet.engines.map((engine) => (engine === known ? { ...report, draining: known.draining } : engine))
  return { ...fleet, engines, ended: keptEnded(fleet.ended, ended) }
}

function withEnded(state: FleetState, ended: readonly StreamView[]): FleetState {
  const kept = keptEnded(state.ended, ended)
  return kept === state.ended ? state : { ...state, ended: kept }
}

/** The newest of all that have ended, each once; the same list when none of them is new. */
function keptEnded(known: StreamView[], ended: readonly StreamView[]): StreamView[] {
  const isKept = (one: StreamView): boolean =>
    known.some((other) => other.id === one.id && other.containerId === one.containerId && other.startedAt === one.startedAt)
  const fresh = ended.filter((stream) => !isKept(stream))
  if (fresh.length === 0) return known
  const all = [...fresh, ...known].toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0)).slice(0, KEPT_ENDED)
  let length = 0
  return all.filter((stream) => (length += JSON.stringify(stream).length) <= KEPT_ENDED_LENGTH)
}

/**
 * Forgets an engine whose container is gone for good; its ports are free again. `ended` are the last streams that it told of; what it still played as far as
 * anybody knows ends too.
 */
export function engineGone(before: FleetState, engineId: string, now: number, ended: readonly StreamView[] = []): FleetState {
  const told = withEnded(before, ended)
  const playing = told.engines[engineId]?.view.streams ?? []
  const state = withEnded(
    told,
    playing.map((stream) => ({ ...stream, endedAt: now, endReason: 'engine-lost' })),
  )
  const { [engineId]: _gone, ...engines } = state.engines
  const vacancy = state.vacancy?.nominated === engineId ? { ...state.vacancy, nominated: null } : state.vacancy
  return { ...state, engines, vacancy }
}

/** Whether an announcement that nobody holds the port is from before one of these engines got it: it was under way for long, or is repeated. */
export function isOvertaken(state: FleetState, announced: { epoch: number }): boolean {
  return Object.values(state.engines).some(({ view }) => view.forwarded && (view.epoch ?? 0) > announced.epoch)
}

/**
 * What is to be done now, in this order of care.
 *
 * 1. Fewer engines than there should be (`scaling.ts`): start as many as are missing. While a forwarded engine is on its way out its replacement waits for it,
 *    so that the newcomer finds the port free and becomes forwarded.
 * 2. More than there should be: remove those that `scaling.ts` names.
 * 3. A vacant lease: nominate one, unless engines are being started that will ask by themselves.
 * 4. A holder that does not answer hands on to the best healthy engine without streams, or to itself made anew; a rotation that is due, to another engine.
 */
export function decide(state: FleetState, now: number): FleetAction[] {
  const pending: FleetAction[] = Object.values(state.engines)
    .filter((engine) => !engine.started)
    .map((engine) => ({ kind: 'start', input: engine.input }))
  const removals = scaled(state, now).remove.map((engineId): FleetAction => ({ kind: 'remove', engineId }))
  return [...pending, ...removals, ...nomination(state), ...handOver(state, now)]
}

/** How many engines are missing now. */
export function missing(state: FleetState, now: number): number {
  return state.listed ? scaled(state, now).start : 0
}

/** The fleet when those that are missing have been added: how many of its engines are above the wanted number on purpose. */
export function noteAutoscaled(state: FleetState, now: number): FleetState {
  const { autoscaled } = scaled(state, now)
  return !state.listed || autoscaled === state.autoscaled ? state : { ...state, autoscaled }
}

function scaled(state: FleetState, now: number): scaling.Scaling {
  const { maxReplicas, minFreeReplicas = 0, emptyForMs = null } = state.policy
  const facts: scaling.ScalingFacts = {
    wanted: wantedReplicas(state),
    maxReplicas,
    minFree: state.parked ? 0 : minFreeReplicas,
    emptyForMs: state.listed ? emptyForMs : null,
    autoscaled: state.parked ? 0 : state.autoscaled,
    handingOver: Object.values(state.engines).filter((engine) => engine.removing && engine.view.forwarded).length,
    engines: liveEngines(state).map(({ view }) => view),
  }
  return scaling.decide(facts, now)
}

function nomination(state: FleetState): FleetAction[] {
  const vacancy = state.vacancy
  if (!vacancy || vacancy.nominated !== null) return []
  const live = liveEngines(state)
  const views = live.map((engine) => engine.view)
  const rules = { preferred: vacancy.preferred, excluded: vacancy.excluded, force: vacancy.force ?? false }
  const engineId = choose(views, rules)
  // Engines that are being started ask by themselves; the one that was just unseated may not.
  const asking =
    views.filter((view) => !view.draining).length < wantedReplicas(state) ||
    views.some((view) => view.phase === 'provisioning' && view.engineId !== vacancy.excluded)
  if (asking && (engineId === null || engineId !== vacancy.preferred)) return []
  return engineId === null ? [] : [{ kind: 'nominate', engineId, epoch: vacancy.epoch }]
}

function handOver(state: FleetState, now: number): FleetAction[] {
  const found = turnOver(state, now)
  return found === null || found.containerId === state.toldToHandOn ? [] : [{ kind: 'turn-over', ...found }]
}

/** The fleet as time has passed: a rotation that has become due. */
export function passTime(state: FleetState, now: number): FleetState {
  const rotation = dueRotation(state, now)
  return rotation === state.rotation ? state : { ...state, rotation }
}

/** Unix milliseconds at which `passTime` or `decide` may see something new although nothing happened, `null`: never. */
export function wakeAt(state: FleetState, now: number): number | null {
  const times = [rotationWakeAt(state, now), scaled(state, now).dueAt].filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

/** It goes when its last stream ends, and is not made up for above MIN_REPLICAS. */
export function drain(state: FleetState, engineId: string): FleetState {
  const engine = state.engines[engineId]
  if (!engine || engine.removing || engine.view.draining) return state
  const draining: FleetEngine = { ...engine, view: { ...engine.view, draining: true } }
  return { ...state, scaled: oneFewer(state), engines: { ...state.engines, [engineId]: draining } }
}

/** The number asked for when one engine is taken out of service. */
export function oneFewer(state: FleetState): number {
  return Math.max(state.policy.minReplicas, wantedReplicas(state) - 1)
}

/** An operator asks for a rotation. The one that is due already becomes a forced one if asked for. */
export function askRotation(state: FleetState, request: { reason: string; force: boolean }, now: number): FleetState {
  const { drainMs = null } = state.policy
  const fresh: DueRotation = {
    since: now,
    reason: request.reason,
    force: request.force,
    drainUntil: drainMs === null ? null : now + drainMs,
    containerId: holderOf(state)?.view.containerId ?? null,
  }
  return { ...state, rotation: state.rotation === null ? fresh : { ...state.rotation, force: state.rotation.force || request.force } }
}

/** Remembers a request so that the same one again has one effect. */
export function remember(state: FleetState, requestId: string, engineId: string | null): FleetState {
  return { ...state, recent: [...state.recent, { requestId, engineId }].slice(-KEPT_REQUESTS) }
}

/** What the fleet's query answers. */
export function viewOf(state: FleetState): FleetView {
  return {
    pool: state.pool,
    wanted: wantedReplicas(state),
    minReplicas: state.policy.minReplicas,
    maxReplicas: state.policy.maxReplicas,
    minFreeReplicas: state.policy.minFreeReplicas ?? 0,
    emptyForMs: state.policy.emptyForMs ?? null,
    engines: Object.values(state.engines)
      .map((engine) => (engine.removing ? { ...engine.view, phase: 'removing' as const } : engine.view))
      .toSorted((a, b) => a.httpPort - b.httpPort),
    ended: state.ended,
    vpn: state.vpn,
    docker: state.docker,
    rotation: rotationView(state),
    reconcile: state.reconcile,
    listed: state.listed,
  }
}
