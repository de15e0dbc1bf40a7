/**
 * @module
 * Signal handlers that never throw.
 */
import { log, setHandler, type SignalDefinition } from '@temporalio/workflow'

/** Takes a signal. People send signals too, and a handler that throws stops its workflow for good: what cannot be taken is logged and dropped. */
export function onSignal<Args extends unknown[]>(
  signal: SignalDefinition<Args>,
  take: (...args: NoInfer<Args>) => void,
  options: { description?: string } = {},
): void {
  const handler = (...args: NoInfer<Args>): void => {
    try {
      take(...args)
    } catch (error) {
      log.warn('SIGNAL-01 a signal that cannot be taken was dropped', { signal: signal.name, error: String(error) })
    }
  }
  setHandler(signal, handler, options)
}
