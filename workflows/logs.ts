/**
 * @module
 * `logs/<pool>/<request>`: reads once what a container wrote. The API has no Docker socket; this is how it asks.
 */
import { proxyActivities } from '@temporalio/workflow'
import type { LogActivities } from '../activities/api.js'
import type { LogLine } from '../src/domain/views.js'

const { readLogs } = proxyActivities<LogActivities>({ startToCloseTimeout: '5 seconds', retry: { maximumAttempts: 2 } })

/** The last `tail` lines, oldest first. Fails when there is no such container of ours. */
export async function logs(input: { containerId: string; tail: number }): Promise<LogLine[]> {
  return readLogs(input)
}
