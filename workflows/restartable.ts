/**
 * @module
 * Activities that outlive the worker that ran them.
 */
import { CancellationScope, condition, log } from '@temporalio/workflow'
import { onSignal } from './on-signal.js'
import { workerLost } from './messages.js'
import { updatesAnswered } from './until-stirred.js'

/** Runs an activity; see `restartableActivities`. */
export type Restartable = <T>(run: () => Promise<T>) => Promise<T>

/**
 * Takes `workerLost`, and gives what runs activities so that one whose worker has died is scheduled again at once.
 *
 * 1. Without the signal it is the same as running the activity: no event more.
 * 2. An attempt that was given up is cancelled and what it answers is ignored. It may still be running: activities have to bear that.
 * 3. Cancelling the surrounding scope cancels the attempt under way, and is waited for.
 */
export function restartableActivities(): Restartable {
  let lost = 0
  onSignal(workerLost, () => {
    lost += 1
  })
  return async (run) => {
    while (true) {
      const seen = lost
      let settled = false
      const scope = new CancellationScope()
      const work = scope.run(run).finally(() => {
        settled = true
      })
      const given = work.then(
        () => undefined,
        () => undefined,
      )
      await Promise.race([given, CancellationScope.nonCancellable(() => condition(() => settled || lost !== seen))])
      await updatesAnswered()
      if (settled) return work
      log.info('RESTART-01 the worker that ran an activity is dead; it is scheduled again')
      scope.cancel()
    }
  }
}
