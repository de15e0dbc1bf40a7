/**
 * @module
 * Histories of workflows: what tests read from them, and those that are kept for `test/replay`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import * as messages from '../../workflows/messages.js'
import { eventually, WORKFLOWS, workflowBundle } from './temporal.js'

const HISTORIES = fileURLToPath(new URL('../replay/histories', import.meta.url))
const KEPT = '.fixture.json'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type Event = NonNullable<History['events']>[number]

/** How many events the present run's history has, once it has come to rest. */
export async function eventCount(handle: WorkflowHandle): Promise<number> {
  return (await settled(handle)).length
}

/** The waits of the present run that ran out, in seconds. */
export async function waitsOf(handle: WorkflowHandle): Promise<number[]> {
  const { events } = await handle.fetchHistory()
  const fired = new Set((events ?? []).map((event) => event.timerFiredEventAttributes?.timerId))
  return (events ?? []).flatMap(({ timerStartedEventAttributes: started }) =>
    started && fired.has(started.timerId) ? [Number(started.startToFireTimeout?.seconds ?? 0)] : [],
  )
}

/** The present run's history, once no workflow task is under way and nothing is being signalled. */
export async function settled(handle: WorkflowHandle): Promise<Event[]> {
  return eventually(async () => {
    const { events } = await handle.fetchHistory()
    return events && !events.some((event) => isOpen(event, events)) ? events : null
  })
}

/** It began something, and no later event ends it. */
function isOpen(begun: Event, events: Event[]): boolean {
  const ended = (end: (event: Event) => { toString(): string } | null | undefined): boolean =>
    events.some((event) => end(event)?.toString() === begun.eventId?.toString())
  if (begun.workflowTaskScheduledEventAttributes) {
    return !ended(
      (event) =>
        (event.workflowTaskCompletedEventAttributes ?? event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes)
          ?.scheduledEventId,
    )
  }
  if (begun.activityTaskScheduledEventAttributes) {
    return !ended(
      (event) =>
        (
          event.activityTaskCompletedEventAttributes ??
          event.activityTaskFailedEventAttributes ??
          event.activityTaskTimedOutEventAttributes ??
          event.activityTaskCanceledEventAttributes
        )?.scheduledEventId,
    )
  }
  if (begun.signalExternalWorkflowExecutionInitiatedEventAttributes) {
    return !ended(
      (event) =>
        (event.externalWorkflowExecutionSignaledEventAttributes ?? event.signalExternalWorkflowExecutionFailedEventAttributes)
          ?.initiatedEventId,
    )
  }
  return false
}

/** Writes the present run's history to `test/replay/histories` when `BERTH_RECORD_HISTORIES` is set. */
export async function keepHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (!process.env.BERTH_RECORD_HISTORIES) return
  const history = await handle.fetchHistory()
  const events = (history.events ?? []).map((event) => JSON.stringify(event, (key, value: unknown) => (key === 'stackTrace' ? '' : value)))
  writeFileSync(join(HISTORIES, name + KEPT), `{"events":[\n${events.join(',\n')}\n]}\n`)
}

/** The histories that are kept, by name. */
export function keptHistories(): string[] {
  return readdirSync(HISTORIES).flatMap((file) => (file.endsWith(KEPT) ? [file.slice(0, -KEPT.length)] : []))
}

/**
 * A kept history. The SDK's own `historyFromJSON` and `historyToJSON` refuse everything when npm has given the SDK's packages more than one copy of
 * protobufjs, as it does beside dockerode.
 */
export function keptHistory(name: string): History {
  const worker = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'))
  const proto = worker('@temporalio/proto') as {
    temporal: { api: { history: { v1: { History: { fromObject(json: unknown): History } } } } }
  }
  return proto.temporal.api.history.v1.History.fromObject(JSON.parse(readFileSync(join(HISTORIES, name + KEPT), 'utf8')))
}

/** What went wrong when this history was replayed with the present workflows, `null` when nothing did. */
export async function replayFailure(history: History, workflowId: string): Promise<string | null> {
  try {
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle(WORKFLOWS) }, history, workflowId)
    return null
  } catch (error) {
    return String(error)
  }
}

/** Id of the present run. */
export async function runOf(handle: WorkflowHandle): Promise<string> {
  return (await handle.describe()).runId
}

/** Makes the workflow continue as new, and resolves in the new run. */
export async function refreshed(handle: WorkflowHandle): Promise<void> {
  const before = await runOf(handle)
  await handle.signal(messages.refresh)
  await eventually(async () => (await runOf(handle)) !== before)
}
