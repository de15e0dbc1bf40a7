/**
 * @module
 * The workflows that a pool has one of.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, WorkflowNotFoundError, type WorkflowStartOptions } from '@temporalio/client'
import type { Logger } from 'pino'
import type { FleetPolicy } from '../src/domain/fleet.js'
import { fleetWorkflowId, leaseWorkflowId, poolTaskQueue, watchWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../src/temporal/names.js'
import { POOL } from '../src/temporal/search-attributes.js'
import { unstick } from '../activities/unstick.js'
import { configureFleet, configureLease } from '../workflows/messages.js'
import { epochSpokenOf } from './epoch-spoken-of.js'

export interface PoolSettings {
  pool: string
  policy: FleetPolicy
  /** Which containers are this Berth's; kept with the lease, so that every worker of the pool goes by the same. */
  instance: string
  /** Ports of the containers that run already. */
  portsInUse: () => Promise<number[]>
}

type Common = Pick<WorkflowStartOptions, 'taskQueue' | 'workflowIdConflictPolicy' | 'workflowTaskTimeout' | 'typedSearchAttributes'>

/** How often it is looked whether they go on. Milliseconds. */
const LOOK_EVERY_MS = 5_000

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
 * several workers at once: the last one's configuration counts. A fleet that is started gives `portsInUse` to no other engine.
 *
 * A lease that is started after another one goes on above every epoch that the other one spoke of.
 */
export async function ensureSingletons(
  client: Client,
  { pool, policy, instance }: Pick<PoolSettings, 'pool' | 'policy' | 'instance'>,
  portsInUse: number[],
): Promise<void> {
  const common: Common = {
    taskQueue: poolTaskQueue(pool),
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    typedSearchAttributes: [{ key: POOL, value: pool }],
  }
  const workflowId = leaseWorkflowId(pool, 0)
  const lease = epochSpokenOf(client.workflow.getHandle(workflowId)).then((seenEpoch) =>
    client.workflow.signalWithStart('forwardedLease', {
      ...common,
      workflowId,
      args: [{ pool, index: 0, enabled: policy.vpnEnabled, seenEpoch }],
      signal: configureLease,
      signalArgs: [{ enabled: policy.vpnEnabled }],
      memo: { instance },
      staticSummary: `owns the forwarded port of pool ${pool}`,
    }),
  )
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

/**
 * Until `signal` aborts, looks each 5 s whether lease, fleet and watch go on.
 *
 * 1. One that has ended, which only a person does to it, is begun anew.
 * 2. One that is stuck is ended and begun anew: nothing else gets it going again.
 * 3. From no answer nothing is concluded.
 *
 * That costs no container: a lease that is begun anew finds its holder by the labels, a fleet takes over the engines that run. What only they knew is lost: the
 * scaled number, who was designated, the turnovers so far.
 */
export async function keepSingletons(
  client: Client,
  settings: PoolSettings,
  logger: Pick<Logger, 'warn' | 'debug'>,
  signal: AbortSignal,
  everyMs = LOOK_EVERY_MS,
): Promise<void> {
  const { pool } = settings
  const ids = [leaseWorkflowId(pool, 0), fleetWorkflowId(pool), watchWorkflowId(pool)]
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const found = await Promise.all(ids.map(async (workflowId) => ({ workflowId, state: await unstick(client, workflowId) })))
      const over = found.filter(({ state }) => state !== 'goes-on')
      if (over.length === 0) continue
      logger.warn({ code: 'WORKER-01', over }, 'workflows of the pool were ended from outside or stuck; they are begun anew')
      await ensureSingletons(client, settings, await settings.portsInUse())
    } catch (error) {
      logger.debug({ code: 'WORKER-02', error: String(error) }, 'whether the pool’s workflows go on could not be seen; tried again')
    }
  }
}
