/**
 * @module
 * One engine's life as a pure table: what each fact means in each phase.
 */
import { backoffMs, STABLE_AFTER_MS } from './backoff.js'
import type { EngineView, Health, Problem, StartedStream, StreamView } from './views.js'

/** What an engine's workflow is started with. */
export interface EngineInput {
  engineId: string
  pool: string
  httpPort: number
  httpsPort: number
  /** Port on the host when published; equal to `httpPort` otherwise. */
  hostHttpPort: number
  /** The caller's. */
  labels: Record<string, string>
  environment: Record<string, string>
  /** A container that exists already and is to be taken over as it is. */
  adopt: AdoptedContainer | null
}

/** A running container of ours that no engine workflow knows. */
export interface AdoptedContainer {
  containerId: string
  containerName: string
  image: string
  variant: string | null
  /** The address that clients dial. */
  host: string
  vpnContainer: string | null
  forwarded: { epoch: number | null; p2pPort: number | null } | null
  startedAt: number
}

export interface EngineState {
  schemaVersion: 1
  input: EngineInput
  view: EngineView
  /** The container is to be made anew, and why; `null` when it is as it should be. */
  due: { reason: string; nominated: boolean; replacesLiving: boolean } | null
  removing: string | null
  /** Attempts in a row that failed, or whose container ended by itself before it was stable. */
  failures: number
  /** Of those, containers that ended by themselves. What the host or the VPN lacks is no fault of the engine. */
  crashes: number
  /** It holds the port and does not answer: unless the fleet hands on before this time (Unix milliseconds), it is replaced all the same. */
  yieldBy: number | null
  /** The last container that was lost, which may run all the same (it did not answer, or lost its network): to be removed, never to be taken over. */
  lostContainerId: string | null
  /** Streams that have ended and that the fleet has not been told of. */
  ended: StreamView[]
  /** Facts about containers and epochs that provisioning has not reported yet, and a nomination that came meanwhile. */
  early: { lostContainers: string[]; revokedEpochs: number[]; health: HealthFact | null; nominated: boolean }
}

/** What a probe found. */
export interface HealthFact {
  kind: 'health'
  containerId: string
  health: Health
  version: string | null
  platform: string | null
  detail: string | null
  /** It failed for so long that the container is to be replaced. */
  replace: boolean
}

export type EngineFact =
  | { kind: 'container-lost'; containerId: string; reason: string }
  | HealthFact
  | { kind: 'lease-revoked'; epoch: number; reason: string }
  | { kind: 'take-forwarded' }
  | { kind: 'remove'; reason: string }
  | { kind: 'stream-started'; stream: StartedStream }
  | { kind: 'stream-ended'; streamId: string; reason: string }
  | { kind: 'session-unknown'; containerId: string; streamId: string; playbackSessionId: string }
  | { kind: 'restart'; force: boolean }

/** What provisioning reports. */
export interface Provisioned {
  /** `kept`: the lease said no and the present container goes on. */
  outcome: 'started' | 'kept'
  containerId: string
  containerName: string
  image: string
  variant: string
  /** The address that clients dial. */
  host: string
  vpnContainer: string | null
  forwarded: { epoch: number; p2pPort: number } | null
  /** Unix milliseconds of the container's start, when the report comes later. */
  startedAt?: number
}

/** A state as an older version of Berth may have left it, with all that has come since. */
export function restoredEngine(state: EngineState): EngineState {
  const streams = state.view.streams.filter((stream) => typeof stream === 'object')
  return {
    ...state,
    yieldBy: state.yieldBy ?? null,
    lostContainerId: state.lostContainerId ?? null,
    ended: state.ended ?? [],
    view: { ...state.view, draining: false, streams },
  }
}

/** An engine that has just been asked for, or one whose container exists already. */
export function initialEngine(input: EngineInput, now: number): EngineState {
  const view: EngineView = {
    engineId: input.engineId,
    pool: input.pool,
    phase: 'provisioning',
    containerId: null,
    containerName: null,
    image: null,
    variant: null,
    host: null,
    httpPort: input.httpPort,
    httpsPort: input.httpsPort,
    hostHttpPort: input.hostHttpPort,
    vpnContainer: null,
    labels: input.labels,
    forwarded: false,
    epoch: null,
    p2pPort: null,
    health: 'unknown',
    healthSince: null,
    version: null,
    platform: null,
    streams: [],
    lastStreamUsage: null,
    draining: false,
    firstSeen: now,
    startedAt: null,
    losses: 0,
    problem: null,
    revision: 0,
  }
  const state: EngineState = {
    schemaVersion: 1,
    input,
    view,
    due: { reason: 'new', nominated: false, replacesLiving: false },
    removing: null,
    failures: 0,
    crashes: 0,
    yieldBy: null,
    lostContainerId: null,
    ended: [],
    early: { lostContainers: [], revokedEpochs: [], health: null, nominated: false },
  }
  return input.adopt ? adopted(state, input.adopt) : state
}

function adopted(state: EngineState, container: AdoptedContainer): EngineState {
  const view: EngineView = {
    ...state.view,
    phase: 'starting',
    containerId: container.containerId,
    containerName: container.containerName,
    image: container.image,
    variant: container.variant,
    host: container.host,
    vpnContainer: container.vpnContainer,
    forwarded: container.forwarded !== null,
    epoch: container.forwarded?.epoch ?? null,
    p2pPort: container.forwarded?.p2pPort ?? null,
    firstSeen: container.startedAt,
    startedAt: container.startedAt,
    revision: 1,
  }
  return { ...state, view, due: null }
}

/**
 * Takes one fact. Total: an impossible one changes nothing.
 *
 * 1. A loss counts only for the present container; one that provisioning has not reported yet is kept for `provisioned`.
 * 2. A revoked epoch makes the container due only if it is the epoch that the container was made with.
 * 3. Removal is final: nothing else becomes due after it.
 * 4. A container that holds the port and does not answer is first left to the fleet, which may have a healthier engine; see `yieldBy`.
 * 5. Streams belong to the present container: they end with it, and with the engine. The same stream again changes nothing.
 * 6. A session that the engine no longer knows ends that stream of that container only.
 * 7. A restart replaces a container that is up, once; streams that play hold it off unless it is forced.
 */
export function observe(state: EngineState, fact: EngineFact, now: number): EngineState {
  if (state.removing !== null) return state
  switch (fact.kind) {
    case 'container-lost':
      if (fact.containerId === state.view.containerId && isUp(state)) return lost(state, fact.reason, now)
      if (isUp(state)) return state
      return { ...state, early: { ...state.early, lostContainers: [...state.early.lostContainers, fact.containerId].slice(-10) } }
    case 'health':
      if (!isUp(state)) return { ...state, early: { ...state.early, health: fact } }
      return fact.containerId === state.view.containerId ? healthSeen(state, fact, now) : state
    case 'lease-revoked':
      if (isUp(state) && mayHold(state.view, fact.epoch) && state.yieldBy !== null) return lost(state, 'unhealthy', now)
      if (isUp(state) && mayHold(state.view, fact.epoch)) return due(state, fact.reason, { nominated: false, replacesLiving: true }, now)
      return { ...state, early: { ...state.early, revokedEpochs: [...state.early.revokedEpochs, fact.epoch].slice(-10) } }
    case 'take-forwarded':
      if (!isUp(state)) return { ...state, early: { ...state.early, nominated: true } }
      return state.view.forwarded ? state : elected(state, now)
    case 'remove':
      return { ...silenced(state, 'engine-removed', now, { phase: 'removing' }), removing: fact.reason }
    case 'stream-started':
      return streamStarted(state, fact.stream, now)
    case 'stream-ended':
      return ending(state, (stream) => stream.id === fact.streamId, fact.reason, now)
    case 'session-unknown': {
      const { streamId, containerId, playbackSessionId } = fact
      const isMeant = (stream: StreamView): boolean =>
        stream.id === streamId && stream.containerId === containerId && stream.playbackSessionId === playbackSessionId
      return ending(state, isMeant, 'session-unknown', now)
    }
    case 'restart':
      if (!isUp(state) || (state.view.streams.length > 0 && !fact.force)) return state
      return due(state, 'restart-asked', { nominated: false, replacesLiving: true }, now)
  }
}

/** Ended streams are told within moments; while the fleet cannot be told, no more than these are kept. */
const KEPT_ENDED = 100

/** The same engine when nothing that plays matches. */
function ending(state: EngineState, isMeant: (stream: StreamView) => boolean, reason: string, now: number): EngineState {
  const { streams } = state.view
  const ended = streams.filter(isMeant).map((stream) => ({ ...stream, endedAt: now, endReason: reason }))
  if (ended.length === 0) return state
  const left = streams.filter((stream) => !isMeant(stream))
  return {
    ...state,
    ended: [...state.ended, ...ended].slice(-KEPT_ENDED),
    view: changed(state.view, { streams: left, lastStreamUsage: now }),
  }
}

/** The view changes, and nothing plays any more. */
function silenced(state: EngineState, reason: string, now: number, change: Partial<EngineView>): EngineState {
  const silent = ending(state, () => true, reason, now)
  return { ...silent, view: changed(silent.view, change) }
}

/** The fleet has been told of these ended streams. */
export function endedTold(state: EngineState, told: readonly StreamView[]): EngineState {
  return { ...state, ended: state.ended.filter((stream) => !told.includes(stream)) }
}

/** More sessions than an engine can play; a client that reports so many is out of order. */
export const MOST_STREAMS = 200

function streamStarted(state: EngineState, stream: StartedStream, now: number): EngineState {
  const { containerId, engineId, streams } = state.view
  const known = streams.some((other) => other.id === stream.id)
  if (!isUp(state) || containerId === null || known || streams.length >= MOST_STREAMS) return state
  const started: StreamView = { ...stream, engineId, containerId, startedAt: now, endedAt: null, endReason: null }
  return { ...state, view: changed(state.view, { streams: [...streams, started], lastStreamUsage: now }) }
}

/** The time that the fleet has to hand the port of an unhealthy holder to another engine. Milliseconds. */
const YIELD_MS = 5_000

/** Nobody handed on from this unhealthy holder in time: it is replaced by itself. */
export function yieldedInVain(state: EngineState, now: number): EngineState {
  return state.yieldBy === null || now < state.yieldBy || !isUp(state) ? { ...state, yieldBy: null } : lost(state, 'unhealthy', now)
}

function isUp(state: EngineState): boolean {
  return state.due === null && (state.view.phase === 'starting' || state.view.phase === 'running')
}

/** A container that was adopted without an epoch holds the one that the lease recorded for it. */
function mayHold(view: EngineView, epoch: number): boolean {
  return view.epoch === epoch || (view.forwarded && view.epoch === null)
}

/** Losses that are no fault of the container: it was killed or removed from outside, or lost its network. */
const FROM_OUTSIDE: readonly string[] = ['killed', 'gone', 'orphaned', 'vpn-recreated']
/** A container lost so soon counts as failed whoever did it, so that a fight with another tool backs off too. Milliseconds. */
const AT_ONCE_MS = 1_000

function lost(state: EngineState, reason: string, now: number): EngineState {
  const next = due(state, reason, { nominated: false, replacesLiving: false }, now)
  const lasted = state.view.startedAt === null ? 0 : now - state.view.startedAt
  const innocent = FROM_OUTSIDE.includes(reason) && lasted >= AT_ONCE_MS
  return {
    ...next,
    failures: innocent ? 0 : next.failures + 1,
    crashes: innocent ? 0 : next.crashes + 1,
    lostContainerId: state.view.containerId,
    view: { ...next.view, losses: next.view.losses + 1 },
  }
}

const DOWN = { phase: 'provisioning', forwarded: false, health: 'unknown', healthSince: null } as const

function due(state: EngineState, reason: string, how: { nominated: boolean; replacesLiving: boolean }, now: number): EngineState {
  const lasted = state.view.startedAt !== null && now - state.view.startedAt >= STABLE_AFTER_MS
  const down = how.nominated ? { ...state, view: changed(state.view, DOWN) } : silenced(state, reason, now, DOWN)
  return {
    ...down,
    yieldBy: null,
    due: { reason, ...how },
    failures: lasted ? 0 : state.failures,
    crashes: lasted ? 0 : state.crashes,
  }
}

function healthSeen(state: EngineState, fact: HealthFact, now: number): EngineState {
  if (fact.replace && !state.view.forwarded) return lost(state, 'unhealthy', now)
  const problem: Problem | null =
    fact.health === 'unhealthy' ? { code: 'engine-unhealthy', detail: fact.detail ?? 'It does not answer.' } : null
  const view = changed(state.view, {
    phase: fact.health === 'healthy' ? 'running' : state.view.phase,
    health: fact.health,
    healthSince: fact.health === state.view.health ? state.view.healthSince : now,
    version: fact.version ?? state.view.version,
    platform: fact.platform ?? state.view.platform,
    problem,
  })
  return { ...state, view, yieldBy: fact.replace ? (state.yieldBy ?? now + YIELD_MS) : null }
}

/** Provisioning has begun. */
export function provisioning(state: EngineState): EngineState {
  return state.view.phase === 'provisioning' ? state : { ...state, view: changed(state.view, DOWN) }
}

/**
 * Provisioning succeeded; a loss or revocation that came before its report makes the new container due at once. One that is being removed stays so.
 */
export function provisioned(state: EngineState, result: Provisioned, now: number): EngineState {
  const kept = result.outcome === 'kept'
  const before = kept ? state : ending(state, () => true, state.due?.reason ?? 'engine-lost', now)
  const view = changed(before.view, {
    phase: kept && state.view.version !== null ? 'running' : 'starting',
    containerId: result.containerId,
    containerName: result.containerName,
    image: result.image,
    variant: result.variant,
    host: result.host,
    vpnContainer: result.vpnContainer,
    forwarded: result.forwarded !== null,
    epoch: result.forwarded?.epoch ?? null,
    p2pPort: result.forwarded?.p2pPort ?? null,
    startedAt: kept ? state.view.startedAt : (result.startedAt ?? now),
    problem: null,
  })
  const up: EngineState = {
    ...before,
    due: null,
    view,
    lostContainerId: null,
    early: { lostContainers: [], revokedEpochs: [], health: null, nominated: false },
  }
  if (state.removing !== null) return { ...up, view: { ...view, phase: 'removing' } }
  if (state.early.lostContainers.includes(result.containerId)) return lost(up, 'died', now)
  if (result.forwarded && state.early.revokedEpochs.includes(result.forwarded.epoch))
    return due(up, 'revoked', { nominated: false, replacesLiving: true }, now)
  if (!result.forwarded && !kept && state.early.nominated) return elected(up, now)
  return state.early.health?.containerId === result.containerId ? healthSeen(up, state.early.health, now) : up
}

function elected(state: EngineState, now: number): EngineState {
  return due(state, 'elected', { nominated: true, replacesLiving: true }, now)
}

/** Provisioning failed: it is tried again after a back-off. */
export function failed(state: EngineState, problem: Problem): EngineState {
  if (state.removing !== null) return state
  const view = changed(state.view, { ...DOWN, phase: 'backing-off', problem })
  return {
    ...state,
    failures: Math.max(state.failures + 1, 2),
    due: { reason: problem.code, nominated: false, replacesLiving: false },
    view,
  }
}

/** It waits before it is provisioned again. */
export function backingOff(state: EngineState, problem: Problem): EngineState {
  return { ...state, view: changed(state.view, { phase: 'backing-off', problem: state.view.problem ?? problem }) }
}

/** It holds no epoch, and has no container that counts. */
export function handedBack(state: EngineState, now: number): EngineState {
  return silenced(state, state.due?.reason ?? 'engine-lost', now, { containerId: null, epoch: null, p2pPort: null })
}

/** The container that the next provisioning is to replace, `null` when there is none that it knows. */
export function containerToReplace(state: EngineState): string | null {
  return state.view.containerId ?? state.lostContainerId
}

/** Milliseconds to wait before the next provisioning: none while a container is up that only changes its role. */
export function waitMs(state: EngineState): number {
  return state.due?.replacesLiving ? 0 : backoffMs(state.failures)
}

/** Has crashed so often in a row that it does not ask for the port by itself. The fleet may still choose it. */
export function isUnreliable(state: EngineState): boolean {
  return state.crashes > 3 && !state.due?.nominated
}

/** A changed view with a higher revision. */
export function changed(view: EngineView, change: Partial<EngineView>): EngineView {
  return { ...view, ...change, revision: view.revision + 1 }
}
