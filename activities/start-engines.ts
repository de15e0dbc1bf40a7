/**
 * @module
 * Starting the workflows of engines.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { EngineInput } from '../src/domain/engine.js'
import { engineWorkflowId, poolTaskQueue, WORKFLOW_TASK_TIMEOUT } from '../src/temporal/names.js'
import { ENGINE_STATE, FORWARDED, POOL } from '../src/temporal/search-attributes.js'

/** Starts each engine's workflow once: one that runs already goes on, one that has ended is begun again only to adopt a container. */
export async function startEngineWorkflows(client: Client, engines: readonly EngineInput[]): Promise<void> {
  await Promise.all(
    engines.map(async (engine) => {
      try {
        await client.workflow.start('engine', {
          workflowId: engineWorkflowId(engine.pool, engine.engineId),
          taskQueue: poolTaskQueue(engine.pool),
          args: [engine],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
          workflowIdReusePolicy: engine.adopt ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
          staticSummary: `engine ${engine.engineId} on port ${engine.hostHttpPort}`,
          typedSearchAttributes: [
            { key: POOL, value: engine.pool },
            { key: ENGINE_STATE, value: 'provisioning' },
            { key: FORWARDED, value: false },
          ],
        })
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      }
    }),
  )
}
