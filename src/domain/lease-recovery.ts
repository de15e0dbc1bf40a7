/**
 * @module
 * How the forwarded lease is brought into line with the containers that really run.
 */
import {
  amend,
  heldBy,
  type Holder,
  isVacant,
  type LeaseCommand,
  type LeaseEffect,
  type LeaseState,
  type LeaseStep,
  only,
  revoking,
  type SurveyedContainer,
  tellHolder,
  vacancy,
} from './lease-state.js'
import type { Problem } from './views.js'

/** How many containers that are to be removed are kept. */
const MOST_STRAYS = 50

/**
 * A forwarded container runs that the lease did not clear to start.
 *
 * 1. One with a newer epoch than the lease knows: the lease is an old copy, and starts from the labels again.
 * 2. One of an older orchestrator, on the forwarded port while nobody holds it: it holds the next epoch and is not restarted.
 * 3. Any other is removed, and that is reported.
 */
export function forwardedFound(state: LeaseState, container: SurveyedContainer, now: number): LeaseStep {
  if (state.recovering || !container.running || container.containerId === state.holder?.containerId)
    return only(state, { kind: 'ignored', why: 'known' })
  const { epoch } = container
  if (isCredible(epoch) && epoch > state.epoch)
    return only({ ...state, recovering: true, seenEpoch: Math.max(state.seenEpoch, epoch) }, { kind: 'accepted' })
  const port = state.port.value
  if (container.epoch === null && isVacant(state) && container.p2pPort === port && port !== null)
    return only(hold(state, container, state.epoch + 1, port, 'adopted', now), { kind: 'accepted' })
  const trouble = troubleOf(state, [container])
  const strays = [...state.strays.filter((id) => id !== container.containerId), container.containerId].slice(-MOST_STRAYS)
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

/** The lease without these strays, and without the trouble that they were. */
export function mended(state: LeaseState, containerIds: readonly string[]): LeaseState {
  const strays = state.strays.filter((id) => !containerIds.includes(id))
  const over = strays.length === 0 && state.trouble?.code === 'several-forwarded'
  return { ...state, strays, trouble: over ? null : state.trouble }
}

/**
 * The lease starts from what is labelled: `epoch` is the highest label, the holder the running container that answers and has the highest epoch, then the
 * forwarded port, then the newest. One without an epoch (older orchestrator) holds `max + 1`, recorded in the lease only. All other labelled containers are
 * removed. A lease that knew more than an old backup of itself keeps its holder if that still runs.
 */
export function recovered(
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
  const trouble = state.trouble?.code === 'forwarded-without-port' ? null : state.trouble
  return { ...heldBy(state, holder, began), trouble, vacantSince: null }
}
