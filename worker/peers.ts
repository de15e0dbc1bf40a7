/**
 * @module
 * The other workers of the pool on this host: taking over at once from one that dies.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { poolTaskQueue } from '../src/temporal/names.js'
import { isKnownDead, takeOverFromLost, workerIdentity } from './lost-workers.js'

const EVERY_MS = 500

/**
 * Until `signal` aborts, looks whether a worker of this pool on this host has died, and takes over from it.
 *
 * 1. One that was dead already when this began is left to `takeOverFromLost` at the start.
 * 2. Each is taken over from once. Of workers on other hosts nothing is known; their heartbeat time-outs tell.
 * 3. Best effort: what fails here is found by the time-outs.
 */
export async function watchPeers(client: Client, pool: string, logger: Logger, signal: AbortSignal): Promise<void> {
  const handled = new Set(await deadPeers(client, pool, logger))
  while (!signal.aborted) {
    const dead = (await deadPeers(client, pool, logger)).filter((identity) => !handled.has(identity))
    for (const identity of dead) handled.add(identity)
    if (dead.length > 0) {
      logger.info({ lost: dead }, 'a worker beside this one has died; it is taken over from')
      await takeOverFromLost(client, pool, logger)
    }
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function deadPeers(client: Client, pool: string, logger: Logger): Promise<string[]> {
  try {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: poolTaskQueue(pool) },
    })
    const identities = (pollers ?? []).map(({ identity }) => identity ?? '')
    return identities.filter((identity) => identity !== workerIdentity() && isKnownDead(identity))
  } catch (error) {
    logger.debug({ error: String(error) }, 'the workers of the pool could not be listed')
    return []
  }
}
