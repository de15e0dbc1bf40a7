/**
 * @module
 * The workflows that a pool has one of.
 */
import type { Client, WorkflowStartOptions } from '@temporalio/client'
import type { FleetPolicy } from '../src/domain/fleet.js'
import { fleetWorkflowId, leaseWorkflowId, poolTaskQueue, watchWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../src/temporal/names.js'
import { POOL } from '../src/temporal/search-attributes.js'
import { configureFleet, configureLease } from '../workflows/messages.js'

export interface PoolSettings {
  pool: string
  policy: FleetPolicy
  /** Ports of containers of ours that run already: a fleet that starts from nothing gives them to no other engine. */
  portsInUse: number[]
}

type Common = Pick<WorkflowStartOptions, 'taskQueue' | 'workflowIdConflictPolicy' | 'workflowTaskTimeout' | 'typedSearchAttributes'>

/**
 * Starts lease, fleet and watch where they do not run yet, and tells those that run this worker's configuration. Safe to repeat and to run in
 * several workers at once: the last one's configuration counts.
 */
export async function ensureSingletons(client: Client, { pool, policy, portsInUse }: PoolSettings): Promise<void> {
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
