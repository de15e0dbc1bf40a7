/**
 * @module
 * The forwarded lease: the one place where "who is forwarded" is decided. Pure: `step(state, command, now)`.
 */
import type { HolderPhase, LeaseView, Problem, Turnover } from './views.js'

/** How many turnovers are kept, and how many request ids. */
const KEPT = 50
const KEPT_REQUESTS = 200

/**
 * Orders observations of the port over restarts of the observer without a clock: a new observer takes the session after the newest that the
 * lease knows, and counts its own observations.
 */
export interface PortGeneration {
  session: number
  sequence: number
}

export interface Holder {
  engineId: string
  epoch: number
  port: number
  phase: HolderPhase
  /** Set by `confirm`; the container cleared to start. */
  containerId: string | null
  /** Unix milliseconds of the grant. */
  since: number
  /** Why it is being revoked. */
  reason: string | null
}

export interface LeaseState {
  schemaVersion: 1
  pool: string
  index: number
  enabled: boolean
  /** Until the labelled containers have been listed nothing is granted. */
  recovering: boolean
  /** Only grows, never reused: the fencing token. */
  epoch: number
  port: { value: number | null; generation: PortGeneration }
  holder: Holder | null
  /** Engine named by a person. */
  preferred: string | null
  /** Engine that the next grant is kept for, once. */
  nominee: string | null
  /** Streams do not save the engine that is chosen next from being made anew. */
  force: boolean
  /** Engine that an election has just unseated; it comes back only when nominated. */
  excluded: string | null
  /** Highest epoch that a container was seen with while the lease was at a lower one: none up to it is granted. */
  seenEpoch: number
  /** Containers that are to be removed because they run as forwarded and are not the holder's. */
  strays: string[]
  /** What stands in the way of a healthy state and is being mended. */
  trouble: Problem | null
  /** Another Berth on this Docker daemon holds the port: nothing is granted. */
  conflict: string | null
  /** Operator requests already taken, so that a repeated one has one effect. */
  recent: string[]
  log: Turnover[]
  /** When the port was last without an active holder, `null` while there is one. */
  vacantSince: number | null
}

export type DeniedReason = 'held' | 'revoking' | 'no-port' | 'reserved' | 'recovering' | 'disabled' | 'conflict'

export type LeaseCommand =
  /** An engine asks for the port; `nominated` when the fleet chose it. */
  | { kind: 'acquire'; engineId: string; nominated: boolean }
  /** The engine's container exists, not started, and asks to be cleared to start. */
  | { kind: 'confirm'; engineId: string; epoch: number; containerId: string }
  /** From here on `confirm(epoch)` is refused. `by` names the engine that will fence it itself. */
  | { kind: 'revoke'; epoch: number; reason: string; by: string | null }
  /** The caller has seen, after `revoke`, that no container with this or a lower epoch exists. May grant the next epoch in the same answer. */
  | { kind: 'ended'; epoch: number; request: { engineId: string; nominated: boolean } | null }
  /** An operator asks for a re-election, of `candidate` if named. */
  | ({ kind: 'elect'; candidate: string | null; force: boolean } & OperatorRequest)
  /** An operator names the engine that is to be forwarded from now on; `null` undoes it. */
  | ({ kind: 'designate'; engineId: string | null; force: boolean } & OperatorRequest)
  /** An operator asks that the port be handed on when that cuts no stream. */
  | ({ kind: 'rotate'; force: boolean } & OperatorRequest)
  /** The fleet hands on from this holder, to `candidate` if it chose one. */
  | { kind: 'turn-over'; engineId: string; containerId: string | null; reason: string; candidate: string | null }
  /** The engine is gone for good. */
  | { kind: 'engine-removed'; engineId: string }
  /** A forwarded container runs that the lease did not clear to start. */
  | { kind: 'forwarded-found'; container: SurveyedContainer }
  /** The containers that were to be removed are gone. */
  | { kind: 'removed'; containerIds: string[] }
  /** Another Berth holds the port on this Docker daemon, or does not any more (`null`). */
  | { kind: 'conflict'; conflict: string | null }
  | { kind: 'portObserved'; port: number | null; generation: PortGeneration }
  | { kind: 'configure'; enabled: boolean }
  /**
   * What the labels say. `fenced`: the epoch of which, after it was revoked and before this list, no container was seen any more; `null` when there was no
   * holder to fence.
   */
  | { kind: 'recovered'; survey: SurveyedContainer[]; fenced?: number | null; port?: number | null; conflict?: string | null }

export interface OperatorRequest {
  reason: string
  requestId: string | null
  /** Others who ask for the same at the same time. */
  alsoFor?: string[]
  /** Refused when the lease is at another epoch; `null`: any. */
  epoch: number | null
}

/** A container with the forwarded label, as found by listing. */
export interface SurveyedContainer {
  containerId: string
  engineId: string
  /** `null` on one made by an older orchestrator. */
  epoch: number | null
  /** What it was started with, by its label or its environment. */
  p2pPort: number | null
  running: boolean
  /** `null` when nobody asked it. */
  healthy?: boolean | null
  /** Unix milliseconds. */
  createdAt?: number
  name?: string
}

export interface Grant {
  kind: 'granted'
  epoch: number
  port: number
  phase: 'granted' | 'active'
  /** The container already cleared to start, in phase `active`. */
  containerId: string | null
}

export interface Denial {
  kind: 'denied'
  reason: DeniedReason
  holder: { engineId: string; epoch: number; phase: HolderPhase } | null
}

export type LeaseAnswer =
  | Grant
  | Denial
  | { kind: 'confirmed'; epoch: number }
  | { kind: 'refused'; type: 'StaleEpoch' | 'NotRevoked' | 'LeaseDisabled' | 'EpochMismatch'; message: string }
  | { kind: 'revoking'; epoch: number }
  /** The epoch was over already, or is now; `next` answers the request that came with it. */
  | { kind: 'ended'; next: Grant | Denial | null }
  | { kind: 'accepted' }
  | { kind: 'ignored'; why: string }

export type LeaseEffect =
  /** Tell the holder's workflow that it lost the lease, so that it hands on. */
  | { kind: 'tell-holder'; engineId: string; epoch: number; reason: string }
  /** Tell the fleet that the port is free and nobody asked. */
  | { kind: 'announce-vacancy'; epoch: number; excluded: string | null; preferred: string | null; force?: boolean }
  /** Have the fleet hand on when the holder plays nothing. */
  | { kind: 'ask-rotation'; epoch: number; reason: string; force: boolean }
  /** Remove containers that run as forwarded ones and are not the holder's. */
  | { kind: 'remove-containers'; containerIds: string[] }

export interface LeaseStep {
  state: LeaseState
  answer: LeaseAnswer
  effects: LeaseEffect[]
}

/** A lease that knows nothing yet. */
export function initialLease(pool: string, index: number, enabled: boolean, now: number): LeaseState {
  return {
    schemaVersion: 1,
    pool,
    index,
    enabled,
    recovering: true,
    epoch: 0,
    port: { value: null, generation: { session: 0, sequence: 0 } },
    holder: null,
    preferred: null,
    nominee: null,
    force: false,
    excluded: null,
    seenEpoch: 0,
    strays: [],
    trouble: null,
    conflict: null,
    recent: [],
    log: [],
    vacantSince: now,
  }
}

/** A state as an older version of Berth may have left it, with all that has come since. */
export function restoredLease(state: LeaseState): LeaseState {
  return { ...initialLease(state.pool, state.index, state.enabled, state.vacantSince ?? 0), ...state }
}

/**
 * Takes one command. Total: never throws, for any state and command.
 *
 * 1. At most one holder, always.
 * 2. Epochs strictly rise; each grant takes the next one and none is used twice.
 * 3. A holder leaves only when it is `revoking` and its epoch `ended`, or was fenced before `recovered`; no grant before that.
 * 4. `confirm` is accepted in phase `granted` with the same epoch, engine and present port, once; the same container id again gets the same answer.
 * 5. The holder asking again gets its grant again, with its container id once active.
 * 6. While recovering, disabled or without a port nothing is granted; a holder keeps its place when the port goes.
 * 7. An observation of the port older than the newest one is ignored.
 * 8. While another Berth holds the port nothing is granted.
 * 9. An operator's request with a request id seen before, or for another epoch than the present one, changes nothing.
 */
export function step(state: LeaseState, command: LeaseCommand, now: number): LeaseStep {
  switch (command.kind) {
    case 'acquire':
      return acquire(state, command.engineId, command.nominated, now)
    case 'confirm':
      return confirm(state, command, now)
    case 'revoke':
      return revoke(state, command, now)
    case 'ended':
      return ended(state, command, now)
    case 'elect':
      return elect(state, command, now)
    case 'designate':
      return designate(state, command, now)
    case 'portObserved':
      return portObserved(state, command, now)
    case 'configure':
      return configure(state, command.enabled, now)
    case 'recovered':
      return recovered(state, command, now)
    case 'rotate':
      return rotate(state, command)
    case 'turn-over':
      return turnOver(state, command, now)
    case 'engine-removed':
      return only(forget(state, command.engineId), { kind: 'accepted' })
    case 'forwarded-found':
      return forwardedFound(state, command.container, now)
    case 'removed':
      return only(mended(state, command.containerIds), { kind: 'accepted' })
    case 'conflict':
      return conflict(state, command.conflict)
  }
}

function acquire(state: LeaseState, engineId: string, nominated: boolean, now: number): LeaseStep {
  const holder = state.holder
  if (holder && holder.engineId === engineId && holder.phase !== 'revoking') return only(state, grantOf(holder))
  const denial = denied(state, engineId, nominated)
  if (denial) return only(state, denial)
  return granted(state, engineId, now)
}

function denied(state: LeaseState, engineId: string, nominated: boolean): Denial | null {
  const holder = state.holder && { engineId: state.holder.engineId, epoch: state.holder.epoch, phase: state.holder.phase }
  const because = (reason: DeniedReason): Denial => ({ kind: 'denied', reason, holder })
  if (!state.enabled) return because('disabled')
  if (state.recovering) return because('recovering')
  if (holder) return because(holder.phase === 'revoking' ? 'revoking' : 'held')
  if (state.conflict !== null) return because('conflict')
  if (state.port.value === null) return because('no-port')
  const wanted = state.nominee ?? state.preferred
  const reserved = state.excluded === engineId || (wanted !== null && wanted !== engineId)
  return reserved && !nominated ? because('reserved') : null
}

function granted(state: LeaseState, engineId: string, now: number): LeaseStep {
  const epoch = state.epoch + 1
  const port = state.port.value as number
  const holder: Holder = { engineId, epoch, port, phase: 'granted', containerId: null, since: now, reason: null }
  const turnover: Turnover = {
    epoch,
    engineId,
    port,
    containerId: null,
    grantedAt: now,
    activeAt: null,
    endedAt: null,
    began: state.log.at(-1)?.ended ?? 'first',
    ended: null,
    gapMs: null,
  }
  const next = { ...state, epoch, holder, nominee: null, force: false, excluded: null, log: [...state.log, turnover].slice(-KEPT) }
  return only(next, grantOf(holder))
}

function grantOf(holder: Holder): Grant {
  const phase = holder.phase === 'active' ? 'active' : 'granted'
  return { kind: 'granted', epoch: holder.epoch, port: holder.port, phase, containerId: holder.containerId }
}

function confirm(state: LeaseState, command: { engineId: string; epoch: number; containerId: string }, now: number): LeaseStep {
  const holder = state.holder
  if (!holder || holder.epoch !== command.epoch || holder.engineId !== command.engineId) {
    return stale(state, `epoch ${command.epoch} is not held by ${command.engineId}; the lease is at epoch ${state.epoch}`)
  }
  if (holder.phase === 'active' && holder.containerId === command.containerId)
    return only(state, { kind: 'confirmed', epoch: holder.epoch })
  if (state.recovering) return stale(state, `epoch ${command.epoch} waits until the labelled containers have been listed`)
  if (holder.phase !== 'granted') return stale(state, `epoch ${command.epoch} is ${holder.phase}`)
  const active: Holder = { ...holder, phase: 'active', containerId: command.containerId }
  const gapMs = state.vacantSince === null ? null : Math.max(0, now - state.vacantSince)
  const log = amend(state.log, holder.epoch, { containerId: command.containerId, activeAt: now, gapMs })
  const trouble = state.trouble?.code === 'forwarded-without-port' ? null : state.trouble
  return only({ ...state, holder: active, log, vacantSince: null, trouble }, { kind: 'confirmed', epoch: holder.epoch })
}

function revoke(state: LeaseState, command: { epoch: number; reason: string; by: string | null }, now: number): LeaseStep {
  const holder = state.holder
  if (!holder || holder.epoch !== command.epoch) return only(state, { kind: 'ignored', why: `epoch ${command.epoch} holds nothing` })
  if (holder.phase === 'revoking') return only(state, { kind: 'revoking', epoch: holder.epoch })
  const next = revoking(state, holder, command.reason, now)
  const effects: LeaseEffect[] = command.by === holder.engineId ? [] : [tellHolder(holder, command.reason)]
  return { state: next, answer: { kind: 'revoking', epoch: holder.epoch }, effects }
}

function revoking(state: LeaseState, holder: Holder, reason: string, now: number): LeaseState {
  return { ...state, holder: { ...holder, phase: 'revoking', reason }, vacantSince: state.vacantSince ?? now }
}

function tellHolder(holder: Holder, reason: string): LeaseEffect {
  return { kind: 'tell-holder', engineId: holder.engineId, epoch: holder.epoch, reason }
}

function ended(
  state: LeaseState,
  command: { epoch: number; request: { engineId: string; nominated: boolean } | null },
  now: number,
): LeaseStep {
  const holder = state.holder
  if (holder && holder.epoch === command.epoch && holder.phase !== 'revoking') {
    return only(state, { kind: 'refused', type: 'NotRevoked', message: `epoch ${command.epoch} is ${holder.phase}: revoke it first` })
  }
  const isHolder = holder !== null && holder.epoch === command.epoch
  const free: LeaseState = isHolder
    ? { ...state, holder: null, log: amend(state.log, holder.epoch, { endedAt: now, ended: holder.reason }) }
    : state
  const asked = command.request ? acquire(free, command.request.engineId, command.request.nominated, now) : only(free, { kind: 'accepted' })
  const next = command.request ? (asked.answer as Grant | Denial) : null
  return { state: asked.state, answer: { kind: 'ended', next }, effects: isHolder ? vacancy(asked.state) : [] }
}

/** A turnover that began less than this ago is the one that an election asks for. Milliseconds. */
const JOINED_WITHIN_MS = 5_000

function elect(state: LeaseState, command: OperatorRequest & { candidate: string | null; force: boolean }, now: number): LeaseStep {
  const answered = alreadyAnswered(state, command)
  if (answered) return answered
  const { candidate, force } = command
  const holder = state.holder
  const taken = { ...remember(state, command), nominee: candidate ?? state.nominee, force }
  if (!holder) return { state: taken, answer: { kind: 'accepted' }, effects: vacancy(taken) }
  if (holder.phase !== 'revoking' && holder.engineId === candidate) return only(remember(state, command), { kind: 'accepted' })
  if (holder.phase === 'granted' && candidate === null && now - holder.since < JOINED_WITHIN_MS)
    return only({ ...taken, force: state.force }, { kind: 'accepted' })
  const without = { ...taken, excluded: holder.engineId === candidate ? null : holder.engineId }
  if (holder.phase === 'revoking') return only(without, { kind: 'accepted' })
  return {
    state: revoking(without, holder, command.reason, now),
    answer: { kind: 'accepted' },
    effects: [tellHolder(holder, command.reason)],
  }
}

function designate(state: LeaseState, command: OperatorRequest & { engineId: string | null; force: boolean }, now: number): LeaseStep {
  const answered = alreadyAnswered(state, command)
  if (answered) return answered
  const { engineId, force } = command
  const taken = { ...remember(state, command), preferred: engineId, nominee: engineId, force: engineId !== null && force, excluded: null }
  const holder = taken.holder
  if (!holder) return { state: taken, answer: { kind: 'accepted' }, effects: vacancy(taken) }
  if (holder.phase === 'revoking') return only(taken, { kind: 'accepted' })
  if (engineId === null || holder.engineId === engineId) return only({ ...taken, nominee: null, force: false }, { kind: 'accepted' })
  return { state: revoking(taken, holder, 'designated', now), answer: { kind: 'accepted' }, effects: [tellHolder(holder, 'designated')] }
}

function rotate(state: LeaseState, command: OperatorRequest & { force: boolean }): LeaseStep {
  const answered = alreadyAnswered(state, command)
  if (answered) return answered
  const { reason, force } = command
  return {
    state: remember(state, command),
    answer: { kind: 'accepted' },
    effects: [{ kind: 'ask-rotation', epoch: state.epoch, reason, force }],
  }
}

/** The answer to an operator that changes nothing, `null` when the request is to be taken. */
function alreadyAnswered(state: LeaseState, { requestId, alsoFor = [], epoch }: OperatorRequest): LeaseStep | null {
  if (requestId !== null && [requestId, ...alsoFor].every((id) => state.recent.includes(id))) return only(state, { kind: 'accepted' })
  if (!state.enabled) return disabled(state)
  if (epoch === null || epoch === state.epoch) return null
  const message = `The lease is at epoch ${state.epoch}, not ${epoch}: read it again and decide anew.`
  return only(state, { kind: 'refused', type: 'EpochMismatch', message })
}

function turnOver(
  state: LeaseState,
  command: { engineId: string; containerId: string | null; reason: string; candidate: string | null },
  now: number,
): LeaseStep {
  const holder = state.holder
  const same = holder?.phase === 'active' && holder.engineId === command.engineId && holder.containerId === command.containerId
  if (!holder || !same) return only(state, { kind: 'ignored', why: `${command.engineId} does not hold the lease with this container` })
  const { candidate, reason } = command
  const next = { ...state, nominee: candidate, force: false, excluded: candidate === null ? null : holder.engineId }
  return { state: revoking(next, holder, reason, now), answer: { kind: 'accepted' }, effects: [tellHolder(holder, reason)] }
}

/** What names an engine that is gone for good would keep the port from all others. */
function forget(state: LeaseState, engineId: string): LeaseState {
  return {
    ...state,
    preferred: state.preferred === engineId ? null : state.preferred,
    nominee: state.nominee === engineId ? null : state.nominee,
    excluded: state.excluded === engineId ? null : state.excluded,
  }
}

function conflict(state: LeaseState, observed: string | null): LeaseStep {
  if (observed === state.conflict) return only(state, { kind: 'ignored', why: 'unchanged' })
  const next = { ...state, conflict: observed }
  return { state: next, answer: { kind: 'accepted' }, effects: observed === null ? vacancy(next) : [] }
}

/**
 * A forwarded container runs that the lease did not clear to start.
 *
 * 1. One with a newer epoch than the lease knows: the lease is an old copy, and starts from the labels again.
 * 2. One of an older orchestrator, on the forwarded port while nobody holds it: it holds the next epoch and is not restarted.
 * 3. Any other is removed, and that is reported.
 */
function forwardedFound(state: LeaseState, container: SurveyedContainer, now: number): LeaseStep {
  if (state.recovering || !container.running || container.containerId === state.holder?.containerId)
    return only(state, { kind: 'ignored', why: 'known' })
  const { epoch } = container
  if (isCredible(epoch) && epoch > state.epoch)
    return only({ ...state, recovering: true, seenEpoch: Math.max(state.seenEpoch, epoch) }, { kind: 'accepted' })
  const port = state.port.value
  if (container.epoch === null && isVacant(state) && container.p2pPort === port && port !== null)
    return only(hold(state, container, state.epoch + 1, port, 'adopted', now), { kind: 'accepted' })
  const trouble = troubleOf(state, [container])
  const strays = [...state.strays.filter((id) => id !== container.containerId), container.containerId].slice(-KEPT)
  return {
    state: { ...state, trouble, strays },
    answer: { kind: 'accepted' },
    effects: [{ kind: 'remove-containers', containerIds: [container.containerId] }],
  }
}

/** Nobody hands on so often; a label that says so was written by somebody else. */
const HIGHEST_CREDIBLE_EPOCH = 1_000_000_000_000

function isCredible(epoch: number | null): epoch is number {
  return epoch !== null && epoch <= HIGHEST_CREDIBLE_EPOCH
}

/** Why these containers may not run on. */
function troubleOf(state: LeaseState, removed: readonly SurveyedContainer[]): Problem {
  const names = removed.map((container) => container.name ?? container.containerId.slice(0, 12)).join(', ')
  const [first] = removed
  if (state.holder === null && first !== undefined && first.p2pPort !== state.port.value) {
    const has = first.p2pPort === null ? 'no P2P port' : `port ${first.p2pPort}`
    const wanted = state.port.value === null ? '' : ` instead of ${state.port.value}`
    return {
      code: 'forwarded-without-port',
      detail: `${names} was started as forwarded with ${has}${wanted}; it is removed and an engine with the port takes its place.`,
    }
  }
  const keeper =
    state.holder === null
      ? 'none of them was started by the lease'
      : `${state.holder.engineId} holds the port (epoch ${state.holder.epoch})`
  return { code: 'several-forwarded', detail: `${names} runs as forwarded too, but ${keeper}; it is removed.` }
}

function mended(state: LeaseState, containerIds: readonly string[]): LeaseState {
  const strays = state.strays.filter((id) => !containerIds.includes(id))
  const over = strays.length === 0 && state.trouble?.code === 'several-forwarded'
  return { ...state, strays, trouble: over ? null : state.trouble }
}

function portObserved(state: LeaseState, command: { port: number | null; generation: PortGeneration }, now: number): LeaseStep {
  const known = state.port.generation
  const given = command.generation
  const newer = given.session > known.session || (given.session === known.session && given.sequence > known.sequence)
  if (!newer) return only(state, { kind: 'ignored', why: 'older observation' })
  const next: LeaseState = { ...state, port: { value: command.port, generation: given } }
  const holder = next.holder
  if (!holder) return { state: next, answer: { kind: 'accepted' }, effects: command.port === state.port.value ? [] : vacancy(next) }
  if (command.port === null || command.port === holder.port || holder.phase === 'revoking') return only(next, { kind: 'accepted' })
  return { state: revoking(next, holder, 'port-changed', now), answer: { kind: 'accepted' }, effects: [tellHolder(holder, 'port-changed')] }
}

function configure(state: LeaseState, enabled: boolean, now: number): LeaseStep {
  if (enabled === state.enabled) return only(state, { kind: 'ignored', why: 'unchanged' })
  const next: LeaseState = { ...state, enabled }
  const holder = next.holder
  if (enabled || !holder || holder.phase === 'revoking') return { state: next, answer: { kind: 'accepted' }, effects: vacancy(next) }
  return { state: revoking(next, holder, 'disabled', now), answer: { kind: 'accepted' }, effects: [tellHolder(holder, 'disabled')] }
}

/**
 * The lease starts from what is labelled: `epoch` is the highest label, the holder the running container that answers and has the highest epoch, then the
 * forwarded port, then the newest. One without an epoch (older orchestrator) holds `max + 1`, recorded in the lease only. All other labelled containers are
 * removed. A lease that knew more than an old backup of itself keeps its holder if that still runs.
 */
function recovered(
  state: LeaseState,
  { survey, fenced = null, port: seenPort = null, conflict: seenConflict = null }: Extract<LeaseCommand, { kind: 'recovered' }>,
  now: number,
): LeaseStep {
  if (!state.recovering) return only(state, { kind: 'ignored', why: 'not recovering' })
  const epochOf = (container: SurveyedContainer): number => (isCredible(container.epoch) ? container.epoch : 0)
  const highest = survey.reduce((epoch, container) => Math.max(epoch, epochOf(container)), Math.max(state.epoch, state.seenEpoch))
  const forwarded = state.port.value ?? seenPort
  const running = survey.filter((container) => container.running && container.p2pPort !== null)
  const mayHold = running.filter((container) => container.epoch === null || epochOf(container) > state.epoch)
  const former = state.holder
  const kept = running.find((container) => former?.phase === 'active' && container.containerId === former.containerId)
  if (former !== null && kept === undefined && !(former.phase === 'revoking' && former.epoch === fenced)) {
    const next = former.phase === 'revoking' ? state : revoking(state, former, 'superseded', now)
    return only(next, { kind: 'ignored', why: `epoch ${former.epoch} has to be fenced first` })
  }
  const [best] = mayHold.toSorted(
    (a, b) =>
      Number(a.healthy === false) - Number(b.healthy === false) ||
      epochOf(b) - epochOf(a) ||
      Number(b.p2pPort === forwarded) - Number(a.p2pPort === forwarded) ||
      (b.createdAt ?? 0) - (a.createdAt ?? 0) ||
      a.containerId.localeCompare(b.containerId),
  )
  const chosen = kept ?? best
  const losers = survey.filter((container) => container !== chosen)
  const effects: LeaseEffect[] =
    losers.length > 0 ? [{ kind: 'remove-containers', containerIds: losers.map((container) => container.containerId) }] : []
  const free: LeaseState =
    former === null || kept !== undefined
      ? state
      : { ...state, holder: null, log: amend(state.log, former.epoch, { endedAt: now, ended: former.reason }) }
  const ran = losers.filter((container) => container.running)
  const found: LeaseState = {
    ...free,
    recovering: false,
    epoch: highest,
    conflict: seenConflict ?? state.conflict,
    strays: ran.map((container) => container.containerId),
  }
  if (!chosen) {
    const next = ran.length > 0 ? { ...found, trouble: troubleOf(found, ran) } : found
    return { state: next, answer: { kind: 'accepted' }, effects: [...effects, ...vacancy(next)] }
  }
  const epoch = isCredible(chosen.epoch) ? chosen.epoch : highest + 1
  const port = chosen.p2pPort as number
  const reported = (held: LeaseState): LeaseState => (ran.length > 0 ? { ...held, trouble: troubleOf(held, ran) } : held)
  const held = reported(kept === undefined ? hold(found, chosen, epoch, port, 'recovered', now) : found)
  const holder = held.holder as Holder
  const moved = !held.enabled ? 'disabled' : held.port.value !== null && held.port.value !== holder.port ? 'port-changed' : null
  if (moved === null) return { state: held, answer: { kind: 'accepted' }, effects }
  return { state: revoking(held, holder, moved, now), answer: { kind: 'accepted' }, effects: [...effects, tellHolder(holder, moved)] }
}

/** The lease with a container that runs already as its holder. */
function hold(state: LeaseState, container: SurveyedContainer, epoch: number, port: number, began: string, now: number): LeaseState {
  const { engineId, containerId } = container
  const holder: Holder = { engineId, epoch, port, phase: 'active', containerId, since: now, reason: null }
  const turnover: Turnover = {
    epoch,
    engineId,
    port,
    containerId,
    grantedAt: now,
    activeAt: now,
    endedAt: null,
    began,
    ended: null,
    gapMs: null,
  }
  return {
    ...state,
    epoch: Math.max(state.epoch, epoch),
    holder,
    nominee: null,
    force: false,
    excluded: null,
    trouble: state.trouble?.code === 'forwarded-without-port' ? null : state.trouble,
    vacantSince: null,
    log: [...state.log, turnover].slice(-KEPT),
  }
}

/** The announcement due when the port is free to be granted and nobody holds it. */
export function vacancy(state: LeaseState): LeaseEffect[] {
  if (!isVacant(state)) return []
  const preferred = state.nominee ?? state.preferred
  return [{ kind: 'announce-vacancy', epoch: state.epoch, excluded: state.excluded, preferred, force: state.force }]
}

/** Somebody should hold the port and nobody does. */
export function isVacant(state: LeaseState): boolean {
  return state.enabled && !state.recovering && state.conflict === null && state.holder === null && state.port.value !== null
}

/** What the lease's query answers. */
export function viewOf(state: LeaseState): LeaseView {
  const holder = state.holder
  return {
    pool: state.pool,
    index: state.index,
    enabled: state.enabled,
    recovering: state.recovering,
    epoch: state.epoch,
    port: state.port.value,
    portGeneration: state.port.generation,
    preferred: state.preferred,
    nominee: state.nominee,
    holder: holder && {
      engineId: holder.engineId,
      epoch: holder.epoch,
      port: holder.port,
      phase: holder.phase,
      containerId: holder.containerId,
      since: holder.since,
    },
    condition: conditionOf(state),
    log: state.log,
  }
}

function conditionOf(state: LeaseState): Problem | null {
  const holder = state.holder
  if (!state.enabled) return { code: 'disabled', detail: 'No VPN is configured: set GLUETUN_CONTAINER_NAME to have one engine forwarded.' }
  if (state.recovering) return { code: 'recovering', detail: 'Listing the containers with the forwarded label before anything is granted.' }
  if (state.conflict !== null) return { code: 'lease-conflict', detail: state.conflict }
  if (state.trouble !== null) return state.trouble
  if (!holder && state.port.value === null) {
    return { code: 'no-forwarded', detail: 'Gluetun forwards no port. An engine becomes forwarded by itself as soon as a port is there.' }
  }
  if (!holder) return { code: 'no-forwarded', detail: `Port ${state.port.value} is free and no engine has it; one is being chosen.` }
  if (holder.phase === 'granted')
    return { code: 'handing-over', detail: `Engine ${holder.engineId} is being started with port ${holder.port}.` }
  if (holder.phase === 'revoking') {
    return {
      code: 'handing-over',
      detail: `Engine ${holder.engineId} is losing port ${holder.port} (${holder.reason}); its container is being removed.`,
    }
  }
  if (state.port.value === null) {
    return {
      code: 'forwarded-without-port',
      detail: `Gluetun forwards no port now; engine ${holder.engineId} keeps its place and is made anew when another port comes.`,
    }
  }
  return null
}

function remember(state: LeaseState, { requestId, alsoFor = [] }: OperatorRequest): LeaseState {
  return requestId === null ? state : { ...state, recent: [...state.recent, requestId, ...alsoFor].slice(-KEPT_REQUESTS) }
}

function amend(log: Turnover[], epoch: number, change: Partial<Turnover>): Turnover[] {
  return log.map((turnover) => (turnover.epoch === epoch ? { ...turnover, ...change } : turnover))
}

function only(state: LeaseState, answer: LeaseAnswer): LeaseStep {
  return { state, answer, effects: [] }
}

function stale(state: LeaseState, message: string): LeaseStep {
  return only(state, { kind: 'refused', type: 'StaleEpoch', message })
}

function disabled(state: LeaseState): LeaseStep {
  return only(state, {
    kind: 'refused',
    type: 'LeaseDisabled',
    message: 'No VPN is configured, so no engine is forwarded: set GLUETUN_CONTAINER_NAME.',
  })
}
