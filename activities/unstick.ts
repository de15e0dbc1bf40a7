/**
 * @module
 * Whether a workflow goes on.
 */
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client'

/** `stuck`: no worker could replay its history, so that it would have done nothing ever after; it has been ended. `ended`: by a person, or it never was. */
export type WorkflowState = 'goes-on' | 'stuck' | 'ended'

/** In every message of the SDK about a history that its workflow would not have made. */
const NONDETERMINISM = 'TMPRL1100'
/** Workflow tasks that failed for that. `temporal.api.enums.v1.WorkflowTaskFailedCause`. */
const NONDETERMINISTIC_ERROR = 24
/** The SDK answers it for every workflow, which has to be in a worker's memory or replayed for that. */
const METADATA_QUERY = '__temporal_workflow_metadata'
/** The first attempt may have failed for what one worker had in its memory; from the second on it is the history. */
const HOPELESS_ATTEMPT = 3
const NEWEST_EVENTS = 20
const QUERY_DEADLINE_MS = 3_000

/**
 * Whether a workflow goes on; one that is stuck is ended, that run and no later one. Rejects when Temporal does not answer; without an answer of a worker it
 * `goes-on`.
 *
 * The workflows' code is not the only thing that makes a workflow stuck. A worker that answers a query while a task is with another worker goes as far as that
 * task. When it times out there, and the first one gets the next, it answers with commands in an order in which a replay does not give them (SDK 1.24).
 */
export async function unstick(client: Client, workflowId: string): Promise<WorkflowState> {
  try {
    const { status, raw, runId } = await client.workflow.getHandle(workflowId).describe()
    if (status.name !== 'RUNNING') return 'ended'
    const run = client.workflow.getHandle(workflowId, runId)
    const attempt = raw.pendingWorkflowTask?.attempt ?? null
    // A query would wait for the task that is pending.
    const isStuck =
      attempt === null
        ? (await refusesToReplay(run)) && (await refusesToReplay(run))
        : attempt >= HOPELESS_ATTEMPT && (await hasFailedToReplay(client, { workflowId, runId }))
    if (!isStuck) return 'goes-on'
    await run.terminate('its history cannot be replayed')
    return 'stuck'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'ended'
    throw error
  }
}

/** The newest task that is in the history has failed so; attempts after the first are not in it. */
async function hasFailedToReplay(client: Client, execution: { workflowId: string; runId: string }): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: NEWEST_EVENTS,
  })
  const newest = (history?.events ?? []).find(
    (event) =>
      event.workflowTaskCompletedEventAttributes ?? event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes,
  )
  return Number(newest?.workflowTaskFailedEventAttributes?.cause) === NONDETERMINISTIC_ERROR
}

async function refusesToReplay(workflow: WorkflowHandle): Promise<boolean> {
  try {
    await workflow.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => workflow.query(METADATA_QUERY))
    return false
  } catch (error) {
    return error instanceof Error && error.message.includes(NONDETERMINISM)
  }
}
