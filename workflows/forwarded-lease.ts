/**
 * @module
 * `forwarded-lease/<pool>/<index>`: owns the forwarded port. Decisions are in `src/domain/lease.ts`.
 */
import { defaultPayloadConverter, type RawValue } from '@temporalio/common'
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { LeaseActivities } from '../activities/api.js'
import { initialLease, type LeaseAnswer, type LeaseCommand, type LeaseEffect, type LeaseState, step, viewOf } from '../src/domain/lease.js'
import { engineWorkflowId, fleetWorkflowId } from '../src/temporal/names.js'
import * as messages from './messages.js'
import { onSignal } from './on-signal.js'

const { survey, fence, removeForwarded } = proxyActivities<LeaseActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '5 seconds' },
})

/** A holder that is being revoked fences itself within this time, else the lease does it. */
const FENCE_AFTER = '5 seconds'
/** A grant is confirmed within this time, else it is revoked: its engine is not coming. */
const CONFIRM_WITHIN = '60 seconds'

export interface LeaseInput {
  pool: string
  index: number
  enabled: boolean
  /** Carried over by continue-as-new. */
  carried?: { state: LeaseState; outbox: LeaseEffect[] }
}

/**
 * 1. All handlers stand before the first wait; updates answer synchronously, signals never throw.
 * 2. A fresh lease answers `recovering` until it has listed the labelled containers.
 * 3. A holder in phase `revoking` is fenced whatever happens to its own workflow; a grant that nobody confirms is taken back.
 * 4. Continue-as-new carries the whole state and every effect not yet carried out.
 */
export async function forwardedLease(input: LeaseInput): Promise<void> {
  let state = input.carried?.state ?? initialLease(input.pool, input.index, input.enabled, Date.now())
  const outbox: LeaseEffect[] = input.carried?.outbox ?? []
  let refreshAsked = false

  const take = (command: LeaseCommand): LeaseAnswer => {
    const result = step(state, command, Date.now())
    if (result.state.epoch !== state.epoch || result.state.holder?.phase !== state.holder?.phase) describe(result.state)
    state = result.state
    outbox.push(...result.effects)
    return result.answer
  }

  setHandler(messages.acquire, (argument) => take({ kind: 'acquire', ...argument }), { description: 'An engine asks for the port' })
  setHandler(messages.confirm, (argument) => take({ kind: 'confirm', ...argument }), {
    description: 'A created container asks to be cleared to start',
  })
  setHandler(messages.revoke, (argument) => take({ kind: 'revoke', ...argument }), { description: 'Take the port from this epoch' })
  setHandler(messages.ended, (argument) => take({ kind: 'ended', ...argument }), {
    description: 'No container of this epoch exists any more',
  })
  setHandler(
    messages.elect,
    (argument) => {
      take({ kind: 'elect', ...argument })
      return viewOf(state)
    },
    { description: 'Hand the port on to another engine' },
  )
  setHandler(
    messages.designate,
    (argument) => {
      take({ kind: 'designate', ...argument })
      return viewOf(state)
    },
    { description: 'Name the engine that is to be forwarded' },
  )
  onSignal(messages.portObserved, (argument) => void take({ kind: 'portObserved', ...argument }))
  onSignal(messages.configureLease, (argument) => void take({ kind: 'configure', enabled: argument.enabled }))
  onSignal(
    messages.forceElection,
    (argument?) => {
      const reason = reasonOf(argument)
      log.info('LEASE-01 election forced by signal', { reason })
      take({ kind: 'elect', reason, requestId: null })
    },
    { description: 'Re-election by hand; input {"reason":"…"} or none' },
  )
  onSignal(messages.refresh, () => {
    refreshAsked = true
  })
  setHandler(messages.leaseQuery, () => viewOf(state))

  if (state.recovering) {
    const found = await survey({ pool: input.pool, index: input.index })
    take({ kind: 'recovered', survey: found })
  }
  describe(state)

  while (true) {
    const epoch = state.holder?.epoch
    const phase = state.holder?.phase
    const stirred = () =>
      outbox.length > 0 ||
      refreshAsked ||
      workflowInfo().continueAsNewSuggested ||
      state.holder?.epoch !== epoch ||
      state.holder?.phase !== phase
    const limit = phase === 'revoking' ? FENCE_AFTER : phase === 'granted' ? CONFIRM_WITHIN : null
    const inTime = limit === null ? await condition(stirred).then(() => true) : await condition(stirred, limit)
    if (!inTime && state.holder && state.holder.epoch === epoch && state.holder.phase === phase) {
      if (phase === 'granted') {
        log.warn('LEASE-02 grant was never confirmed', { epoch })
        take({ kind: 'revoke', epoch: state.holder.epoch, reason: 'not-confirmed', by: null })
      } else {
        const fenced = state.holder.epoch
        log.warn('LEASE-03 the holder did not hand on; fencing it', { epoch: fenced })
        await fence({ pool: input.pool, index: input.index, epoch: fenced })
        take({ kind: 'ended', epoch: fenced, request: null })
      }
    }
    for (let effect = outbox.shift(); effect; effect = outbox.shift()) await carryOut(input, effect)
    if ((refreshAsked || workflowInfo().continueAsNewSuggested) && outbox.length === 0) {
      await condition(allHandlersFinished)
      if (outbox.length > 0) continue
      await continueAsNew<typeof forwardedLease>({ ...input, carried: { state, outbox } })
    }
  }
}

/** Best effort where another mechanism follows: the fence deadline after `tell-holder`, the watcher's list after `announce-vacancy`. */
async function carryOut(input: LeaseInput, effect: LeaseEffect): Promise<void> {
  switch (effect.kind) {
    case 'tell-holder':
      return tell(engineWorkflowId(input.pool, effect.engineId), (handle) =>
        handle.signal(messages.leaseRevoked, { epoch: effect.epoch, reason: effect.reason }),
      )
    case 'announce-vacancy':
      return tell(fleetWorkflowId(input.pool), (handle) =>
        handle.signal(messages.leaseVacant, {
          index: input.index,
          epoch: effect.epoch,
          excluded: effect.excluded,
          preferred: effect.preferred,
        }),
      )
    case 'remove-containers':
      return removeForwarded({ pool: input.pool, index: input.index, containerIds: effect.containerIds })
  }
}

async function tell(workflowId: string, send: (handle: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<void> {
  try {
    await send(getExternalWorkflowHandle(workflowId))
  } catch (error) {
    log.warn('LEASE-04 a workflow could not be told', { workflowId, error: String(error) })
  }
}

/** The reason that a person gave with `forceElection`: an object with `reason`, a text, or nothing. Never throws. */
function reasonOf(input: RawValue | undefined): string {
  const argument = input && decoded(input)
  const given = typeof argument === 'object' && argument !== null && 'reason' in argument ? argument.reason : argument
  return typeof given === 'string' && given.trim() !== '' ? given.trim().slice(0, 200) : 'forced'
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
