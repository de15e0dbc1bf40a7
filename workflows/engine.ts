/**
 * @module
 * `engine/<pool>/<engineId>`: one engine's life. What each fact means is in `src/domain/engine.ts`.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import type { EngineActivities } from '../activities/api.js'
import {
  backingOff,
  containerToReplace,
  endedTold,
  type EngineFact,
  type EngineInput,
  type EngineState,
  failed,
  handedBack,
  initialEngine,
  isUnreliable,
  MOST_STREAMS,
  observe,
  provisioned,
  provisioning,
  restoredEngine,
  waitMs,
  yieldedInVain,
} from '../src/domain/engine.js'
import type { EngineReport } from '../src/domain/fleet.js'
import type { EngineView, Problem, StartedStream } from '../src/domain/views.js'
import { fleetWorkflowId } from '../src/temporal/names.js'
import { CONTAINER_ID, ENGINE_STATE, FORWARDED, LEASE_EPOCH } from '../src/temporal/search-attributes.js'
import { historyWatch } from './long-history.js'
import * as messages from './messages.js'
import { onSignal } from './on-signal.js'
import { restartableActivities } from './restartable.js'
import { untilStirred } from './until-stirred.js'

const { provision, retire } = proxyActivities<EngineActivities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '3 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
})

/** Since this change an engine that backs off hands back the port first; before it, the lease fenced it after some seconds. */
const HANDS_BACK_FIRST = 'engine-hands-back-before-backing-off'

/** Since this change streams are told to the fleet alone; before it, each wrote search attributes and memo as well. */
const STREAMS_TOLD_ONLY = 'engine-streams-are-told-only'

/** Since this change streams that come and go in quick succession are told to the fleet together; before it, each was told as soon as the last had been. */
const STREAMS_TOLD_TOGETHER = 'engine-streams-are-told-together'

/** An engine that plays tells of its streams at most so often. Milliseconds. */
const STREAMS_TOLD_EVERY_MS = 400

/** A container that is replaced within this time is told of once, when the new one is there. */
const REPLACED_WITHIN = '1 second'

export interface EngineWorkflowInput extends EngineInput {
  /** Carried over by continue-as-new. */
  carried?: EngineState
}

/**
 * 1. A lost, unhealthy, orphaned or unseated container is replaced, durably, with back-off when attempts fail in a row.
 * 2. Only facts about the present container and epoch count; late ones change nothing.
 * 3. Removal ends the workflow only when no container of this engine is left and the lease is handed back; then the fleet is told.
 * 4. Every change is told to the fleet, and all but streams kept in search attributes and memo.
 * 5. At rest it has no timer and no activity: no history.
 * 6. Streams are told by updates that never wait, and end with the container that plays them. Those that have ended are kept until the fleet has been told.
 * 7. The fleet is told at once that an engine begins to play, and within 0.4 s of its other streams.
 */
export async function engine(input: EngineWorkflowInput): Promise<void> {
  let state = input.carried ? restoredEngine(input.carried) : initialEngine(input, Date.now())
  const isLong = historyWatch()
  let refreshAsked = false
  let nudged = false
  let told = input.carried || !input.adopt ? state.view.revision : -1

  const take = (fact: EngineFact): void => {
    state = observe(state, fact, Date.now())
  }
  onSignal(messages.containerLost, (argument) => take({ kind: 'container-lost', ...argument }))
  onSignal(messages.healthChanged, (argument) => take({ kind: 'health', ...argument }))
  onSignal(messages.leaseRevoked, (argument) => take({ kind: 'lease-revoked', ...argument }))
  onSignal(messages.takeForwarded, () => take({ kind: 'take-forwarded' }))
  onSignal(messages.removeEngine, (argument) => take({ kind: 'remove', reason: argument?.reason ?? 'asked' }), {
    description: 'Remove this engine for good',
  })
  onSignal(messages.sessionUnknown, (argument) => take({ kind: 'session-unknown', ...argument }))
  onSignal(messages.restart, (argument) => take({ kind: 'restart', force: argument?.force ?? false }), {
    description: 'Replace the container of this engine',
  })
  onSignal(messages.retryNow, () => {
    nudged = true
  })
  onSignal(messages.refresh, () => {
    refreshAsked = true
  })
  setHandler(messages.streamStarted, streamStarted, { description: 'A player has begun to play' })
  setHandler(
    messages.streamEnded,
    ({ streamId, reason }) => {
      const answer = streamEnded(streamId, reason)
      return answer.kind === 'stream' ? answer.stream : null
    },
    { description: 'A player has ended' },
  )
  setHandler(
    messages.streamsTold,
    ({ told: events }) => {
      const answers = events.map((event) =>
        event.kind === 'started' ? streamStarted(event.stream) : streamEnded(event.streamId, event.reason),
      )
      return { answers, report: { ...state.view, ended: state.ended } }
    },
    { description: 'Players have begun or ended' },
  )
  setHandler(messages.engineQuery, () => state.view)
  const restartable = restartableActivities()

  const publisher = async (): Promise<void> => {
    let published: string | null = null
    let played = false
    let toldAt = Number.NEGATIVE_INFINITY
    while (true) {
      await untilStirred(() => state.view.revision !== told)
      if (state.view.phase === 'provisioning') await untilStirred(() => state.view.phase !== 'provisioning', REPLACED_WITHIN)
      const canWait = (): boolean => played && JSON.stringify(lastingOf(state.view)) === published
      const waits = toldAt + STREAMS_TOLD_EVERY_MS - Date.now()
      if (waits > 0 && canWait() && patched(STREAMS_TOLD_TOGETHER)) await untilStirred(() => !canWait() || leaving(), waits)
      const { view, ended } = state
      if (!patched(STREAMS_TOLD_ONLY)) publish(view)
      else {
        const lasting = lastingOf(view)
        const now = JSON.stringify(lasting)
        if (now !== published) publish(view, lasting)
        published = now
      }
      if (await tellFleet({ ...view, ended })) state = endedTold(state, ended)
      told = view.revision
      toldAt = Date.now()
      played = view.streams.length > 0
    }
  }
  const publishing = new CancellationScope()
  const published = publishing.run(publisher).catch((error: unknown) => {
    if (!isCancellation(error)) throw error
  })

  const leaving = (): boolean => refreshAsked || isLong()
  while (state.removing === null) {
    const stirred = () => state.due !== null || state.removing !== null || leaving()
    await untilStirred(() => stirred() || state.yieldBy !== null)
    if (!stirred() && state.yieldBy !== null) {
      const by = state.yieldBy
      const inTime = await untilStirred(() => stirred() || state.yieldBy !== by, Math.max(1, by - Date.now()))
      if (!inTime) state = yieldedInVain(state, Math.max(by, Date.now()))
      continue
    }
    if (state.removing !== null) break
    if (leaving()) {
      await untilStirred(() => state.removing !== null || (told === state.view.revision && allHandlersFinished()))
      if (state.removing !== null) break
      await continueAsNew<typeof engine>({ ...input, carried: state })
    }
    await pause()
    if (state.removing === null && state.due !== null) await provisionOnce(state.due)
  }

  const reason = state.removing
  await restartable(() => retire({ engineId: input.engineId, pool: input.pool, reason }))
  publishing.cancel()
  await published
  publish({ ...state.view, phase: 'removing', forwarded: false, epoch: null, containerId: null })
  await signalFleet((fleet) => fleet.signal(messages.engineGone, { engineId: input.engineId, ended: state.ended }))

  function streamStarted(stream: StartedStream): Exclude<messages.StreamAnswer, { kind: 'none' }> {
    take({ kind: 'stream-started', stream })
    const started = state.view.streams.find((other) => other.id === stream.id)
    if (started) return { kind: 'stream', stream: started }
    return state.view.streams.length >= MOST_STREAMS
      ? { kind: 'refused', type: 'conflict', message: `Engine ${input.engineId} plays ${MOST_STREAMS} streams already.` }
      : { kind: 'refused', type: 'not-found', message: `Engine ${input.engineId} has no running container now.` }
  }

  function streamEnded(streamId: string, reason: string): messages.StreamAnswer {
    const stream = state.view.streams.find((other) => other.id === streamId)
    take({ kind: 'stream-ended', streamId, reason })
    return stream ? { kind: 'stream', stream: { ...stream, endedAt: Date.now(), endReason: reason } } : { kind: 'none' }
  }

  async function pause(): Promise<void> {
    const wait = waitMs(state)
    if (wait === 0) return
    const problem: Problem = state.view.problem ?? {
      code: 'crash-loop',
      detail: `${state.failures} containers in a row did not last (${state.due?.reason}).`,
    }
    state = backingOff(state, { ...problem, detail: `${problem.detail} Tried again in ${Math.round(wait / 1000)} s.` })
    nudged = false
    // The port is not to wait with it, held or granted: another engine may have it meanwhile.
    if (patched(HANDS_BACK_FIRST)) {
      const { engineId, pool } = input
      const { containerId } = state.view
      await restartable(() => retire({ engineId, pool, reason: problem.code, leaseOnly: true, containerId }))
      state = handedBack(state, Date.now())
    }
    await untilStirred(() => nudged || state.removing !== null, wait)
  }

  async function provisionOnce(due: { reason: string; nominated: boolean }): Promise<void> {
    state = provisioning(state)
    const { epoch } = state.view
    const containerId = containerToReplace(state)
    const scope = new CancellationScope()
    try {
      const follower = isUnreliable(state)
      const work = scope.run(() =>
        restartable(() => provision({ engine: input, containerId, epoch, reason: due.reason, nominated: due.nominated, follower })),
      )
      const asked = untilStirred(() => state.removing !== null).then(() => scope.cancel())
      const result = await work
      void asked
      state = provisioned(state, result, Date.now())
    } catch (error) {
      if (state.removing !== null) return
      state = failed(state, problemOf(error))
    }
  }

  async function tellFleet(report: EngineReport): Promise<boolean> {
    return signalFleet((fleet) => fleet.signal(messages.engineChanged, report))
  }

  /** Whether the fleet was there to hear it. */
  async function signalFleet(send: (fleet: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>): Promise<boolean> {
    try {
      await send(getExternalWorkflowHandle(fleetWorkflowId(input.pool)))
      return true
    } catch (error) {
      if (isCancellation(error)) throw error
      log.warn('ENGINE-01 the fleet could not be told', { error: String(error) })
      return false
    }
  }
}

/** All but what comes and goes with streams. */
function lastingOf({ streams: _streams, lastStreamUsage: _usage, revision: _revision, ...lasting }: EngineView): object {
  return lasting
}

function publish(view: EngineView, memo: object = view): void {
  upsertSearchAttributes([
    { key: ENGINE_STATE, value: view.phase },
    { key: FORWARDED, value: view.forwarded && view.phase !== 'removing' },
    { key: CONTAINER_ID, value: view.containerId },
    { key: LEASE_EPOCH, value: view.epoch },
  ])
  upsertMemo({ engine: memo })
  setCurrentDetails(
    `${view.containerName ?? 'no container'}, **${view.phase}**, ${view.health}${view.forwarded ? `, **forwarded** on port ${view.p2pPort} (epoch ${view.epoch})` : ''}`,
  )
}

/** A failure that `provision` reported at once keeps its type as the problem's code. */
function problemOf(error: unknown): Problem {
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'failed', detail: cause.message ?? 'Provisioning failed.' }
  return { code: 'failed', detail: cause instanceof Error ? cause.message : String(cause) }
}
