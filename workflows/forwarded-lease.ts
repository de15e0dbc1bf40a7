/**
 * @module
 * `forwarded-lease/<pool>/<index>`: owns the forwarded port. Decisions are in `src/domain/lease.ts`.
 */
import { ApplicationFailure, defaultPayloadConverter, type RawValue, type UpdateDefinition } from '@temporalio/common'
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  type SignalDefinition,
} from '@temporalio/workflow'
import type { LeaseActivities, TellActivities } from '../activities/api.js'
import { step } from '../src/domain/lease.js'
import {
  initialLease,
  type LeaseAnswer,
  type LeaseCommand,
  type LeaseEffect,
  type LeaseState,
  restoredLease,
} from '../src/domain/lease-state.js'
import { viewOf } from '../src/domain/lease-view.js'
import { engineWorkflowId, fleetWorkflowId } from '../src/temporal/names.js'
import { historyWatch } from './long-history.js'
import * as messages from './messages.js'
import { onSignal } from './on-signal.js'
import { restartableActivities } from './restartable.js'
import { untilStirred } from './until-stirred.js'

const { survey, fence, removeForwarded } = proxyActivities<LeaseActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '5 seconds' },
})

/** Part of the lease's own workflow task: one event, where a signal of the workflow's is five. */
const { tellWorkflow } = proxyLocalActivities<TellActivities>({ startToCloseTimeout: '2 seconds', retry: { maximumAttempts: 1 } })

/** Since this change the holder and the fleet are told by a local activity; before it, by signals of the workflow's own. */
const TELLS_WITHIN_ITS_TASK = 'lease-tells-within-its-task'

/** Since this change a vacancy that has not been announced yet is announced as it is now; before it, each election of many at once announced it anew. */
const ANNOUNCED_ONCE = 'vacancy-announced-once'

/** A holder that is being revoked fences itself within this time, else the lease does it. */
const FENCE_AFTER = '5 seconds'
/** A grant is confirmed within this time, else it is revoked: its engine is not coming. */
const CONFIRM_WITHIN = '60 seconds'

export interface LeaseInput {
  pool: string
  index: number
  enabled: boolean
  /** The highest epoch that a lease before this one, which has ended, spoke of. */
  seenEpoch?: number
  /** Carried over by continue-as-new. */
  carried?: { state: LeaseState; outbox: LeaseEffect[] }
}

/**
 * 1. All handlers stand before the first wait; updates answer synchronously, signals never throw.
 * 2. A fresh lease answers `recovering` until it has listed the labelled containers.
 * 3. A holder in phase `revoking` is fenced whatever happens to its own workflow; a grant that nobody confirms is taken back.
 * 4. A query shows what is kept, not what a task is still deciding.
 * 5. Continue-as-new carries the whole state and every effect not yet carried out. Of announcements of a vacancy only the newest waits to be carried out.
 */
export async function forwardedLease(input: LeaseInput): Promise<void> {
  let state = input.carried
    ? restoredLease(input.carried.state)
    : { ...initialLease(input.pool, input.index, input.enabled, Date.now()), seenEpoch: input.seenEpoch ?? 0 }
  let outbox: LeaseEffect[] = input.carried?.outbox ?? []
  const announcedOnce = patched(ANNOUNCED_ONCE)
  const tellsWithinItsTask = patched(TELLS_WITHIN_ITS_TASK)
  const isLong = historyWatch()
  let refreshAsked = false
  /** The state before the task that others are being told within; a query may be answered before that task is kept. */
  let kept: LeaseState | null = null

  const take = (command: LeaseCommand): LeaseAnswer => {
    const result = step(state, command, Date.now())
    const { trouble } = result.state
    if (trouble !== null && trouble.detail !== state.trouble?.detail) log.warn(`LEASE-05 ${trouble.code}`, { detail: trouble.detail })
    if (result.state.epoch !== state.epoch || result.state.holder?.phase !== state.holder?.phase) describe(result.state)
    if (tellsWithinItsTask && result.effects.some(isTold)) kept ??= state
    state = result.state
    if (announcedOnce && result.effects.some(isAnnouncement)) outbox = outbox.filter((effect) => !isAnnouncement(effect))
    outbox.push(...result.effects)
    return result.answer
  }

  const onAsk = <Asked extends messages.Asking>(
    update: UpdateDefinition<LeaseAnswer, [Asked]>,
    commandOf: (asked: Asked) => LeaseCommand,
    description: string,
  ): void =>
    setHandler(update, (asked: Asked) => take(commandOf(asked)), {
      description,
      validator(asked: Asked) {
        if (asked.unlessUnchanged !== true) return
        const { state: next, answer, effects } = step(state, commandOf(asked), Date.now())
        if (next === state && effects.length === 0) throw ApplicationFailure.nonRetryable('it stays as it is', messages.UNCHANGED, answer)
      },
    })
  onAsk(messages.acquire, (asked) => ({ kind: 'acquire', ...asked }), 'An engine asks for the port')
  onAsk(messages.confirm, (asked) => ({ kind: 'confirm', ...asked }), 'A created container asks to be cleared to start')
  onAsk(messages.revoke, (asked) => ({ kind: 'revoke', ...asked }), 'Take the port from this epoch')
  onAsk(messages.ended, (asked) => ({ kind: 'ended', ...asked }), 'No container of this epoch exists any more')
  const operator = (command: LeaseCommand): messages.OperatorAnswer => {
    const answer = take(command)
    if (answer.kind === 'refused' && (answer.type === 'LeaseDisabled' || answer.type === 'EpochMismatch'))
      return { kind: 'refused', type: answer.type, message: answer.message }
    return { kind: 'lease', lease: viewOf(state) }
  }
  setHandler(messages.elect, (argument) => operator({ kind: 'elect', ...argument }), {
    description: 'Hand the port on to another engine',
  })
  setHandler(messages.designate, (argument) => operator({ kind: 'designate', ...argument }), {
    description: 'Name the engine that is to be forwarded',
  })
  setHandler(messages.rotate, (argument) => operator({ kind: 'rotate', ...argument }), {
    description: 'Hand the port on when that cuts no stream',
  })
  onSignal(messages.turnOver, (argument) => void take({ kind: 'turn-over', ...argument }))
  onSignal(messages.engineRemoved, (argument) => void take({ kind: 'engine-removed', engineId: argument.engineId }))
  onSignal(messages.forwardedFound, (container) => void take({ kind: 'forwarded-found', container }))
  onSignal(messages.noStrays, () => void take({ kind: 'removed', containerIds: state.strays }))
  onSignal(messages.conflictObserved, (argument) => void take({ kind: 'conflict', conflict: argument.conflict }))
  onSignal(messages.portObserved, (argument) => void take({ kind: 'portObserved', ...argument }))
  onSignal(messages.configureLease, (argument) => void take({ kind: 'configure', enabled: argument.enabled }))
  onSignal(
    messages.forceElection,
    (argument?) => {
      const { reason, candidate } = electionOf(argument)
      log.info('LEASE-01 election forced by signal', { reason, candidate })
      take({ kind: 'elect', reason, candidate, force: true, requestId: null, epoch: null })
    },
    { description: 'Re-election by hand; input {"reason":"…","candidate":"<engine id>"} or none' },
  )
  onSignal(messages.refresh, () => {
    refreshAsked = true
  })
  setHandler(messages.leaseQuery, () => viewOf(kept ?? state))

  const restartable = restartableActivities()
  const scope = { pool: input.pool, index: input.index }

  /** Lists the labelled containers and starts from them; a former holder that does not run any more is fenced before. */
  const recover = async (): Promise<void> => {
    let fenced: number | null = null
    while (state.recovering) {
      const { holder } = state
      if (holder?.phase === 'revoking' && holder.epoch !== fenced) {
        await restartable(() => fence({ ...scope, epoch: holder.epoch }))
        fenced = holder.epoch
      }
      const found = await restartable(() => survey(scope))
      // Histories of older versions have the list alone.
      take({ kind: 'recovered', fenced, ...(Array.isArray(found) ? { survey: found } : found) })
    }
    describe(state)
  }
  if (!state.recovering) describe(state)

  while (true) {
    if (state.recovering) await recover()
    const epoch = state.holder?.epoch
    const phase = state.holder?.phase
    const stirred = () =>
      outbox.length > 0 || refreshAsked || state.recovering || isLong() || state.holder?.epoch !== epoch || state.holder?.phase !== phase
    const limit = phase === 'revoking' ? FENCE_AFTER : phase === 'granted' ? CONFIRM_WITHIN : null
    const inTime = await untilStirred(stirred, limit)
    if (!inTime && !state.recovering && state.holder && state.holder.epoch === epoch && state.holder.phase === phase) {
      if (phase === 'granted') {
        log.warn('LEASE-02 grant was never confirmed', { epoch })
        take({ kind: 'revoke', epoch: state.holder.epoch, reason: 'not-confirmed', by: null })
      } else {
        const fenced = state.holder.epoch
        log.warn('LEASE-03 the holder did not hand on; fencing it', { epoch: fenced })
        await restartable(() => fence({ ...scope, epoch: fenced }))
        take({ kind: 'ended', epoch: fenced, request: null })
      }
    }
    for (let effect = outbox.shift(); effect; effect = outbox.shift()) {
      await carryOut(effect)
      if (!outbox.some(isTold)) kept = null
    }
    if ((refreshAsked || isLong()) && outbox.length === 0) {
      await condition(allHandlersFinished)
      if (outbox.length > 0) continue
      await continueAsNew<typeof forwardedLease>({ ...input, carried: { state, outbox } })
    }
  }

  /** Best effort where another mechanism follows: the fence deadline after `tell-holder`, the watcher's list after all others. */
  async function carryOut(effect: LeaseEffect): Promise<void> {
    switch (effect.kind) {
      case 'tell-holder':
        return tell(engineWorkflowId(input.pool, effect.engineId), messages.leaseRevoked, { epoch: effect.epoch, reason: effect.reason })
      case 'announce-vacancy': {
        const { epoch, excluded, preferred, force } = effect
        return tell(fleetWorkflowId(input.pool), messages.leaseVacant, { index: input.index, epoch, excluded, preferred, force })
      }
      case 'ask-rotation':
        return tell(fleetWorkflowId(input.pool), messages.rotationAsked, { reason: effect.reason, force: effect.force })
      case 'remove-containers': {
        const held = await restartable(() => removeForwarded({ ...scope, containerIds: effect.containerIds }))
        if (held !== 'held') take({ kind: 'removed', containerIds: effect.containerIds })
      }
    }
  }

  /** Within the present task, and when that fails by a signal that is sent when the task is kept. */
  async function tell<Argument>(workflowId: string, signal: SignalDefinition<[Argument]>, argument: Argument): Promise<void> {
    const toldWithin =
      tellsWithinItsTask &&
      (await tellWorkflow({ workflowId, signal: signal.name, argument }).then(
        () => true,
        () => false,
      ))
    if (toldWithin) return
    try {
      await getExternalWorkflowHandle(workflowId).signal(signal, argument)
    } catch (error) {
      log.warn('LEASE-04 a workflow could not be told', { workflowId, error: String(error) })
    }
  }
}

function isTold({ kind }: LeaseEffect): boolean {
  return kind !== 'remove-containers'
}

function isAnnouncement({ kind }: LeaseEffect): boolean {
  return kind === 'announce-vacancy'
}

/** What a person gave with `forceElection`: an object with `reason` and `candidate`, a text (the reason), or nothing. Never throws. */
function electionOf(input: RawValue | undefined): { reason: string; candidate: string | null } {
  const argument = input && decoded(input)
  const given =
    typeof argument === 'object' && argument !== null ? { reason: undefined, candidate: undefined, ...argument } : { reason: argument }
  return { reason: textOf(given.reason) ?? 'forced', candidate: 'candidate' in given ? textOf(given.candidate) : null }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 200) : null
}

function decoded(input: RawValue): unknown {
  try {
    return defaultPayloadConverter.fromPayload(input.payload)
  } catch {
    return undefined
  }
}

function describe(state: LeaseState): void {
  const { holder } = viewOf(state)
  setCurrentDetails(
    holder
      ? `**${holder.engineId}** holds port **${holder.port}** (epoch ${holder.epoch}, ${holder.phase})`
      : `nobody holds the port (epoch ${state.epoch}, port ${state.port.value ?? 'unknown'})`,
  )
}
