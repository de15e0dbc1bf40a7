/**
 * @module
 * The forwarded lease: the one place where "who is forwarded" is decided. Pure: `step(state, command, now)`.
 */
import type { HolderPhase, LeaseView, Problem, Turnover } from './views.js'

/** How many turnovers and request ids are kept. */
const KEPT = 50

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
  /** Engine that an election has just unseated; it comes back only when nominated. */
  excluded: string | null
  /** Operator requests already taken, so that a repeated one has one effect. */
  recent: string[]
  log: Turnover[]
  /** When the port was last without an active holder, `null` while there is one. */
  vacantSince: number | null
}

export type DeniedReason = 'held' | 'revoking' | 'no-port' | 'reserved' | 'recovering' | 'disabled'

export type LeaseCommand =
  /** An engine asks for the port; `nominated` when the fleet chose it. */
  | { kind: 'acquire'; engineId: string; nominated: boolean }
  /** The engine's container exists, not started, and asks to be cleared to start. */
  | { kind: 'confirm'; engineId: string; epoch: number; containerId: string }
  /** From here on `confirm(epoch)` is refused. `by` names the engine that will fence it itself. */
  | { kind: 'revoke'; epoch: number; reason: string; by: string | null }
  /** The caller has seen, after `revoke`, that no container with this or a lower epoch exists. May grant the next epoch in the same answer. */
  | { kind: 'ended'; epoch: number; request: { engineId: string; nominated: boolean } | null }
  /** An operator asks for a re-election. */
  | { kind: 'elect'; reason: string; requestId: string | null }
  /** An operator names the engine that is to be forwarded; `null` undoes it. */
  | { kind: 'designate'; engineId: string | null; requestId: string | null }
  | { kind: 'portObserved'; port: number | null; generation: PortGeneration }
  | { kind: 'configure'; enabled: boolean }
  | { kind: 'recovered'; survey: SurveyedContainer[] }

/** A container with the forwarded label, as found by listing. */
export interface SurveyedContainer {
  containerId: string
  engineId: string
  /** `null` on one made by an older orchestrator. */
  epoch: number | null
  p2pPort: number | null
  running: boolean
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
  | { kind: 'refused'; type: 'StaleEpoch' | 'NotRevoked' | 'LeaseDisabled'; message: string }
  | { kind: 'revoking'; epoch: number }
  /** The epoch was over already, or is now; `next` answers the request that came with it. */
  | { kind: 'ended'; next: Grant | Denial | null }
  | { kind: 'accepted' }
  | { kind: 'ignored'; why: string }

export type LeaseEffect =
  /** Tell the holder's workflow that it lost the lease, so that it hands on. */
  | { kind: 'tell-holder'; engineId: string; epoch: number; reason: string }
  /** Tell the fleet that the port is free and nobody asked. */
  | { kind: 'announce-vacancy'; epoch: number; excluded: string | null; preferred: string | null }
  /** Remove containers that lost at recovery. */
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
    excluded: null,
    recent: [],
    log: [],
    vacantSince: now,
  }
}

/**
 * Takes one command. Total: never throws, for any state and command.
 *
 * 1. At most one holder, always.
 * 2. Epochs strictly rise; each grant takes the next one and none is used twice.
 * 3. A holder leaves only by `ended` of its own epoch in phase `revoking`; no grant before that.
 * 4. `confirm` is accepted in phase `granted` with the same epoch, engine and present port, once; the same container id again gets the same answer.
 * 5. The holder asking again gets its grant again, with its container id once active.
 * 6. While recovering, disabled or without a port nothing is granted; a holder keeps its place when the port goes.
 * 7. An observation of the port older than the newest one is ignored.
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
      return recovered(state, command.survey, now)
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
  if (state.port.value === null) return because('no-port')
  const reserved = state.excluded === engineId || (state.preferred !== null && state.preferred !== engineId)
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
  const next = { ...state, epoch, holder, excluded: null, log: [...state.log, turnover].slice(-KEPT) }
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
  if (holder.phase !== 'granted') return stale(state, `epoch ${command.epoch} is ${holder.phase}`)
  const active: Holder = { ...holder, phase: 'active', containerId: command.containerId }
  const gapMs = state.vacantSince === null ? null : Math.max(0, now - state.vacantSince)
  const log = amend(state.log, holder.epoch, { containerId: command.containerId, activeAt: now, gapMs })
  return only({ ...state, holder: active, log, vacantSince: null }, { kind: 'confirmed', epoch: holder.epoch })
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

function elect(state: LeaseState, command: { reason: string; requestId: string | null }, now: number): LeaseStep {
  if (command.requestId !== null && state.recent.includes(command.requestId)) return only(state, { kind: 'accepted' })
  if (!state.enabled) return disabled(state)
  const taken = remember(state, command.requestId)
  const holder = taken.holder
  if (!holder) return { state: taken, answer: { kind: 'accepted' }, effects: vacancy(taken) }
  if (holder.phase === 'revoking') return only({ ...taken, excluded: holder.engineId }, { kind: 'accepted' })
  const next = { ...revoking(taken, holder, command.reason, now), excluded: holder.engineId }
  return { state: next, answer: { kind: 'accepted' }, effects: [tellHolder(holder, command.reason)] }
}

function designate(state: LeaseState, command: { engineId: string | null; requestId: string | null }, now: number): LeaseStep {
  if (command.requestId !== null && state.recent.includes(command.requestId)) return only(state, { kind: 'accepted' })
  if (!state.enabled) return disabled(state)
  const taken = { ...remember(state, command.requestId), preferred: command.engineId, excluded: null }
  const holder = taken.holder
  if (!holder) return { state: taken, answer: { kind: 'accepted' }, effects: vacancy(taken) }
  if (command.engineId === null || holder.engineId === command.engineId || holder.phase === 'revoking') {
    return only(taken, { kind: 'accepted' })
  }
  return { state: revoking(taken, holder, 'designated', now), answer: { kind: 'accepted' }, effects: [tellHolder(holder, 'designated')] }
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
 * The lease starts from what is labelled: `epoch` is the highest label, the holder the running container with the highest epoch. One without
 * an epoch (older orchestrator) holds `max + 1`, recorded in the lease only. All other labelled containers are removed.
 */
function recovered(state: LeaseState, survey: SurveyedContainer[], now: number): LeaseStep {
  if (!state.recovering) return only(state, { kind: 'ignored', why: 'not recovering' })
  const highest = survey.reduce((epoch, container) => Math.max(epoch, container.epoch ?? 0), state.epoch)
  const running = survey.filter((container) => container.running && container.p2pPort !== null)
  const [chosen] = running.sort((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0) || a.containerId.localeCompare(b.containerId))
  const losers = survey.filter((container) => container !== chosen).map((container) => container.containerId)
  const effects: LeaseEffect[] = losers.length > 0 ? [{ kind: 'remove-containers', containerIds: losers }] : []
  const found: LeaseState = { ...state, recovering: false, epoch: highest }
  if (!chosen) return { state: found, answer: { kind: 'accepted' }, effects: [...effects, ...vacancy(found)] }
  const epoch = chosen.epoch ?? highest + 1
  const port = chosen.p2pPort as number
  const holder: Holder = {
    engineId: chosen.engineId,
    epoch,
    port,
    phase: 'active',
    containerId: chosen.containerId,
    since: now,
    reason: null,
  }
  const turnover: Turnover = {
    epoch,
    engineId: chosen.engineId,
    port,
    containerId: chosen.containerId,
    grantedAt: now,
    activeAt: now,
    endedAt: null,
    began: 'recovered',
    ended: null,
    gapMs: null,
  }
  const held: LeaseState = {
    ...found,
    epoch: Math.max(highest, epoch),
    holder,
    vacantSince: null,
    log: [...found.log, turnover].slice(-KEPT),
  }
  if (!held.enabled) {
    return {
      state: revoking(held, holder, 'disabled', now),
      answer: { kind: 'accepted' },
      effects: [...effects, tellHolder(holder, 'disabled')],
    }
  }
  if (held.port.value !== null && held.port.value !== port) {
    const moved = revoking(held, holder, 'port-changed', now)
    return { state: moved, answer: { kind: 'accepted' }, effects: [...effects, tellHolder(holder, 'port-changed')] }
  }
  return { state: held, answer: { kind: 'accepted' }, effects }
}

/** The announcement due when the port is free to be granted and nobody holds it. */
export function vacancy(state: LeaseState): LeaseEffect[] {
  if (!isVacant(state)) return []
  return [{ kind: 'announce-vacancy', epoch: state.epoch, excluded: state.excluded, preferred: state.preferred }]
}

/** Somebody should hold the port and nobody does. */
export function isVacant(state: LeaseState): boolean {
  return state.enabled && !state.recovering && state.holder === null && state.port.value !== null
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
  if (!holder && state.port.value === null) {
    return { code: 'no-forwarded', detail: 'Gluetun forwards no port. An engine becomes forwarded by itself as soon as a port is there.' }
  }
  if (!holder) return { code: 'no-forwarded', detail: `Port ${state.port.value} is free; an engine is being chosen.` }
  if (holder.phase === 'granted')
    return { code: 'handing-over', detail: `Engine ${holder.engineId} is being started with port ${holder.port}.` }
  if (holder.phase === 'revoking') {
    return {
      code: 'handing-over',
      detail: `Engine ${holder.engineId} is losing port ${holder.port} (${holder.reason}); its container is being removed.`,
    }
  }
  if (state.port.value === null) {
    return { code: 'port-lost', detail: `Gluetun forwards no port now; engine ${holder.engineId} keeps its place until a port is there.` }
  }
  return null
}

function remember(state: LeaseState, requestId: string | null): LeaseState {
  return requestId === null ? state : { ...state, recent: [...state.recent, requestId].slice(-KEPT) }
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
