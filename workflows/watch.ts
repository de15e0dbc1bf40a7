/**
 * @module
 * `watch/<pool>`: keeps one watching activity alive.
 */
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { WatchActivities } from '../activities/api.js'
import { refresh, workerLost, workerStarted } from './messages.js'

const { watchPool } = proxyActivities<WatchActivities>({
  startToCloseTimeout: '13 hours',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '5 seconds' },
})

/**
 * 1. One watching activity is scheduled at any time; two may overlap for a moment, which is harmless.
 * 2. When the worker that ran it is known to be dead it is begun anew at once instead of after its heartbeat time-out.
 * 3. It continues as new each time the activity ends by itself, so its history stays small.
 */
export async function watch(input: { pool: string }): Promise<void> {
  let restarts = 0
  let refreshAsked = false
  // Workers of older versions say `workerStarted`, whether the one before is dead or not.
  for (const signal of [workerLost, workerStarted]) {
    setHandler(signal, () => {
      restarts += 1
    })
  }
  setHandler(refresh, () => {
    refreshAsked = true
  })

  while (!refreshAsked && !workflowInfo().continueAsNewSuggested) {
    const seen = restarts
    const scope = new CancellationScope()
    const watching = scope.run(() => watchPool(input))
    const interrupted = condition(() => restarts !== seen || refreshAsked).then(() => 'interrupted' as const)
    try {
      const how = await Promise.race([watching.then(() => 'ended' as const), interrupted])
      if (how === 'ended') break
      scope.cancel()
      await watching
    } catch (error) {
      if (!isCancellation(error)) log.error('WATCH-01 watching failed and is begun anew', { error: String(error) })
    }
  }
  await continueAsNew<typeof watch>(input)
}
