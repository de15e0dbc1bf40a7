/**
 * @module
 * Telling a workflow, as part of another workflow's task.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { TellActivities } from './api.js'

/** A signal takes some milliseconds, and the task that it is part of waits for it. */
const DEADLINE_MS = 1_500

/** See `TellActivities`. */
export async function tellWorkflow(
  client: Client,
  { workflowId, signal, argument }: Parameters<TellActivities['tellWorkflow']>[0],
): Promise<void> {
  try {
    await client.withDeadline(Date.now() + DEADLINE_MS, () => client.workflow.getHandle(workflowId).signal(signal, argument))
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw ApplicationFailure.nonRetryable(`there is no workflow ${workflowId}`, 'not-found')
    throw error
  }
}
