/**
 * @module
 * The workflows that a pool has one of.
 */
import { type Client, WorkflowNotFoundError, type WorkflowStartOptions } from '@temporalio/client'
import type { FleetPolicy } from '../src/domain/fleet.js'
import { fleetWorkflowId, leaseWorkflowId, poolTaskQueue, watchWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../src/temporal/names.js'
import { POOL } from '../src/temporal/search-attributes.js'
import { configureFleet, configureLease } from '../workflows/messages.js'

export interface PoolSettings {
  pool: string
  policy: FleetPolicy
  /** Ports of containers of ours that run already: a fleet that starts from nothing gives them to no other engine. */
  portsInUse: number[]
  /** Which containers are this Berth's; kept with the lease, so that every worker of the pool goes by the same. */
  instance: string
}

type Common = Pick<WorkflowStartOptions, 'taskQueue' | 'workflowIdConflictPolicy' | 'workflowTaskTimeout' | 'typedSearchAttributes'>

/** The instance that the pool's first worker wrote down, `null` when there is no pool yet or it is older than instances. */
export async function knownInstance(client: Client, pool: string): Promise<string | null> {
  try {
    const { memo } = await client.workflow.getHandle(leaseWorkflowId(pool, 0)).describe()
    return typeof memo?.instance === 'string' ? memo.instance : null
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null
    throw error
  }
}

/**
 * Starts lease, fleet and watch where they do not run yet, and tells those that run this worker's configuration. Safe to repeat and to run in
 * several workers at once: the last one's configuration counts.
 */
export async function ensureSingletons(client: Client, { pool, policy, portsInUse, instance }: PoolSettings): Promise<void> {
  const common: Common = {
    taskQueue: poolTaskQueue(pool),
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    typedSearchAttributes: [{ key: POOL, value: pool }],
  }
  const lease = client.workflow.signalWithStart('forwardedLease', {
    ...common,
    workflowId: leaseWorkflowId(pool, 0),
    args: [{ pool, index: 0, enabled: policy.vpnEnabled }],
    signal: configureLease,
    signalArgs: [{ enabled: policy.vpnEnabled }],
    memo: { instance },
    staticSummary: `owns the forwarded port of pool ${pool}`,
  })
  const fleet = client.workflow.signalWithStart('fleet', {
    ...common,
    workflowId: fleetWorkflowId(pool),
    args: [{ pool, policy, portsInUse }],
    signal: configureFleet,
    signalArgs: [{ policy }],
    staticSummary: `keeps the wanted number of engines of pool ${pool}`,
  })
  await Promise.all([lease, fleet])
  await client.workflow.start('watch', {
    ...common,
    workflowId: watchWorkflowId(pool),
    args: [{ pool }],
    staticSummary: `watches Docker, the engines and the VPN of pool ${pool}`,
  })
}
