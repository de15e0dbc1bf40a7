/**
 * @module
 * Waiting for messages, so that what is done next comes in the same order in every replay.
 */
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow'

/** More turns than the answer of an update that does not wait takes to be given. */
const TURNS = 20

/**
 * Resolves with true when `stirred` holds, with false when `limit` has passed before; and only when every update that arrived with what happened has answered.
 *
 * Whether a signal and an update arrive in one activation or in two may differ between the first run and a replay: a task that times out between them is enough.
 * So then would the order of the update's answer and of the commands of the loop that was waiting, which no replay bears.
 */
export async function untilStirred(stirred: () => boolean, limit: string | number | null = null): Promise<boolean> {
  if (limit === null) {
    await condition(stirred)
    await updatesAnswered()
    return true
  }
  const timer = new CancellationScope()
  const expired = timer
    .run(() => sleep(limit))
    .then(
      () => false,
      (error: unknown) => {
        if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error
        return false
      },
    )
  const inTime = await Promise.race([expired, condition(stirred).then(() => true)])
  await updatesAnswered()
  timer.cancel()
  return inTime
}

/** Resolves when every update that arrived with what has just happened, and whose handler does not wait, has answered. */
export async function updatesAnswered(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
}
