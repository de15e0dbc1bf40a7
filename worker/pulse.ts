/**
 * @module
 * Shows from outside that a worker takes tasks.
 */
import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'

/** A check of the file counts one that was written some of these ago as dead. Milliseconds. */
const EVERY_MS = 5_000

/**
 * 1. Writes `file` at once and then every 5 s, each time that `works` says so; an event loop that hangs writes nothing either.
 * 2. Resolves once `stopping` is aborted, and the file is gone.
 * 3. Never rejects: a file that cannot be written is logged. With `null` for the file there is nothing to do.
 */
export async function keepPulse(
  file: string | null,
  works: () => Promise<boolean>,
  stopping: AbortSignal,
  logger: Pick<Logger, 'warn'>,
  everyMs = EVERY_MS,
): Promise<void> {
  if (file === null) return
  const failed = (error: unknown): void => logger.warn({ error: String(error) }, 'the health file cannot be written: see BERTH_HEALTH_FILE')
  while (!stopping.aborted) {
    if (await works()) await writeFile(file, `${new Date().toISOString()}\n`).catch(failed)
    await delay(everyMs, undefined, { signal: stopping }).catch(() => undefined)
  }
  await rm(file, { force: true }).catch(failed)
}
