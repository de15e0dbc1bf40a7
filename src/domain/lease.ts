/**
 * @module
 * The forwarded lease: the one place where "who is forwarded" is decided. Pure: `step(state, command, now)`.
 */
import { designate, elect, forget, rotate, turnOver } from './lease-operator.js'
import { forwardedFound, mended, recovered } from './lease-recovery.js'
import {
  amend,
  type Denial,
  type DeniedReason,
  type Grant,
  heldBy,
  type Holder,
  type LeaseCommand,
  type LeaseEffect,
  type LeaseState,
  type LeaseStep,
  only,
  type PortGeneration,
  revoking,
  tellHolder,
  vacancy,
} from './lease-state.js'

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
  const port = state.port.value as number
  const holder: Holder = { engineId, epoch: state.epoch + 1, port, phase: 'granted', containerId: null, since: now, reason: null }
  return only(heldBy(state, holder, state.log.at(-1)?.ended ?? 'first'), grantOf(holder))
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

function conflict(state: LeaseState, observed: string | null): LeaseStep {
  if (observed === state.conflict) return only(state, { kind: 'ignored', why: 'unchanged' })
  const next = { ...state, conflict: observed }
  return { state: next, answer: { kind: 'accepted' }, effects: observed === null ? vacancy(next) : [] }
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

function stale(state: LeaseState, message: string): LeaseStep {
  return only(state, { kind: 'refused', type: 'StaleEpoch', message })
}
