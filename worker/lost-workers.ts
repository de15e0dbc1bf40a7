/**
 * @module
 * Taking over at once from workers that died.
 */
import { hostname } from 'node:os'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { limit } from '../src/domain/limit.js'
import { POOL } from '../src/temporal/search-attributes.js'
import { workerLost } from '../workflows/messages.js'

const IDENTITY = /^worker@(.+):(\d+)$/
const AT_ONCE = 8
/** `PENDING_ACTIVITY_STATE_STARTED`: an attempt that waits to be made again is held by nobody. */
const STARTED = 2

/** How this process calls itself, so that its successor can tell whether it still lives. */
export function workerIdentity(): string {
  return `worker@${hostname()}:${process.pid}`
}

/**
 * Whether the worker of this name is known to be dead: it ran on this host, and no process has its id, or this very process does. Of other hosts nothing is
 * known; their heartbeat time-outs tell.
 */
export function isKnownDead(identity: string, isAlive: (pid: number) => boolean = processExists): boolean {
  const [, host, pid] = IDENTITY.exec(identity) ?? []
  if (host !== hostname() || pid === undefined) return false
  return Number(pid) === process.pid || !isAlive(Number(pid))
}

/**
 * To be called by a worker before it takes its first task.
 *
 * 1. Each running workflow of the pool forgets the worker that had it in its cache, so that its next task need not wait for a dead one.
 * 2. Each whose activity is held by a worker that is known to be dead is told (`workerLost`), and begins it anew.
 * 3. Best effort: what fails here is found by the time-outs.
 */
export async function takeOverFromLost(client: Client, pool: string, logger: Logger): Promise<void> {
  const turn = limit(AT_ONCE)
  const namespace = client.options.namespace
  const pending: Promise<void>[] = []
  const takeOver = async (workflowId: string, runId: string): Promise<void> => {
    const execution = { workflowId, runId }
    await client.workflowService.resetStickyTaskQueue({ namespace, execution })
    const { pendingActivities } = await client.workflowService.describeWorkflowExecution({ namespace, execution })
    const holder = pendingActivities?.find(
      ({ state, lastWorkerIdentity }) => Number(state) === STARTED && lastWorkerIdentity && isKnownDead(lastWorkerIdentity),
    )
    if (!holder?.lastWorkerIdentity) return
    logger.info({ workflowId, lost: holder.lastWorkerIdentity }, 'an activity of a dead worker is begun anew')
    await client.workflow.getHandle(workflowId, runId).signal(workerLost, { identity: holder.lastWorkerIdentity })
  }
  const settled = (error: unknown): void => logger.debug({ error: String(error) }, 'a workflow could not be taken over at once')
  try {
    for await (const { workflowId, runId } of client.workflow.list({ query: `${POOL.name} = '${pool}' AND ExecutionStatus = 'Running'` }))
      pending.push(turn(() => takeOver(workflowId, runId)).catch(settled))
  } catch (error) {
    settled(error)
  }
  await Promise.all(pending)
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
