/**
 * @module
 * What the last lease got to, from its history alone.
 */
import type { WorkflowHandle } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type Event = NonNullable<History['events']>[number]
type Payloads = { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined

/**
 * The highest epoch that the newest run of a lease was begun with, granted, or told anybody of; 0 while it runs on, and when there never was one.
 *
 * Its labels would tell as much as long as a container has them. What others said to it does not count: they may say anything.
 */
export async function epochSpokenOf(lease: Pick<WorkflowHandle, 'describe' | 'fetchHistory'>): Promise<number> {
  try {
    if ((await lease.describe()).status.name === 'RUNNING') return 0
    const { events } = await lease.fetchHistory()
    return Math.max(0, ...(events ?? []).flatMap(saidIn).flatMap(epochsIn))
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0
    throw error
  }
}

function saidIn(event: Event): Payloads[] {
  return [
    event.workflowExecutionStartedEventAttributes?.input,
    event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success,
    event.signalExternalWorkflowExecutionInitiatedEventAttributes?.input,
  ]
}

function epochsIn(said: Payloads): number[] {
  return (said?.payloads ?? []).flatMap(({ data }) => {
    const text = data ? Buffer.from(data).toString('utf8') : ''
    return [...text.matchAll(/"(?:seenE|e)poch":(\d{1,15})/g)].map(([, epoch]) => Number(epoch))
  })
}
