/**
 * @module
 * Telling another workflow.
 */
import { getExternalWorkflowHandle, isCancellation, proxyLocalActivities, type SignalDefinition } from '@temporalio/workflow'
import type { TellActivities } from '../activities/api.js'

const { tellWorkflow } = proxyLocalActivities<TellActivities>({ startToCloseTimeout: '2 seconds', retry: { maximumAttempts: 1 } })

/**
 * Signals a workflow as part of the present workflow task: one event, where a signal of the workflow's own is five.
 *
 * 1. When that fails the signal is sent by the workflow itself, which ends only when it has arrived. Rejects when there is no such workflow.
 * 2. It may arrive twice, late, or for something that is then not so, as the task that decided it was lost: who takes it has to bear that.
 */
export async function tell<Argument>(workflowId: string, signal: SignalDefinition<[Argument]>, argument: Argument): Promise<void> {
  try {
    await tellWorkflow({ workflowId, signal: signal.name, argument })
  } catch (error) {
    if (isCancellation(error)) throw error
    await getExternalWorkflowHandle(workflowId).signal(signal, argument)
  }
}
