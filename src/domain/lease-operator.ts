/**
 * @module
 * What operators and the fleet's policies ask of the forwarded lease.
 */
import { type LeaseState, type LeaseStep, only, type OperatorRequest, revoking, tellHolder, vacancy } from './lease-state.js'

/** How many request ids are kept. */
const KEPT_REQUESTS = 200

/** A turnover that began less than this ago is the one that an election asks for. Milliseconds. */
const JOINED_WITHIN_MS = 5_000

/** The holder hands on, to `candidate` if one is named. One that was granted a moment ago is the one that was asked for. */
export function elect(state: LeaseState, command: OperatorRequest & { candidate: string | null; force: boolean }, now: number): LeaseStep {
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

/** From now on this engine is forwarded whenever it can be; `null` undoes that and moves nothing. */
export function designate(
  state: LeaseState,
  command: OperatorRequest & { engineId: string | null; force: boolean },
  now: number,
): LeaseStep {
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

/** Has the fleet hand on when that cuts no stream. */
export function rotate(state: LeaseState, command: OperatorRequest & { force: boolean }): LeaseStep {
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

/** The holder hands on, if it still holds the port with this container. */
export function turnOver(
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
export function forget(state: LeaseState, engineId: string): LeaseState {
  return {
    ...state,
    preferred: state.preferred === engineId ? null : state.preferred,
    nominee: state.nominee === engineId ? null : state.nominee,
    excluded: state.excluded === engineId ? null : state.excluded,
  }
}

function remember(state: LeaseState, { requestId, alsoFor = [] }: OperatorRequest): LeaseState {
  return requestId === null ? state : { ...state, recent: [...state.recent, requestId, ...alsoFor].slice(-KEPT_REQUESTS) }
}

function disabled(state: LeaseState): LeaseStep {
  return only(state, {
    kind: 'refused',
    type: 'LeaseDisabled',
    message: 'No VPN is configured, so no engine is forwarded: set GLUETUN_CONTAINER_NAME.',
  })
}
