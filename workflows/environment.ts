/**
 * @module
 * `environment/<pool>/<request>`: reads once what a container was made with. The API has no Docker socket; this is how it asks.
 */
import { proxyActivities } from '@temporalio/workflow'
import type { EnvironmentActivities } from '../activities/api.js'

const { readEnvironment } = proxyActivities<EnvironmentActivities>({ startToCloseTimeout: '5 seconds', retry: { maximumAttempts: 2 } })

/** The environment of the container, secrets masked. Fails when there is no such container of ours. */
export async function environment(input: { containerId: string }): Promise<Record<string, string>> {
  return readEnvironment(input)
}
