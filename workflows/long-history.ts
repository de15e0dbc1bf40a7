/**
 * @module
 * When a run has grown so long that it is to continue as new.
 */
import { patched, workflowInfo } from '@temporalio/workflow'

/** A worker that takes over replays the whole history within one task's time-out, on a busy machine too. Temporal suggests it at some 4,000 events. */
const MOST_EVENTS = 400
/** Runs from before this change go on until Temporal's own suggestion. */
const SHORT_HISTORIES = 'short-histories'

/** To be called once, at the beginning of a run; what it returns says whether the run is long by now. */
export function historyWatch(): () => boolean {
  const most = patched(SHORT_HISTORIES) ? MOST_EVENTS : Number.POSITIVE_INFINITY
  return () => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= most
}
