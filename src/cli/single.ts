/**
 * @module
 * `berth api` and `berth worker`: one part alone.
 */
import { loadConfig } from '../config/environment.js'
import { describeConfig } from '../config/describe.js'

/** The HTTP API of any number that may run against one Temporal. Stops on SIGINT or SIGTERM. */
export async function api(): Promise<void> {
  console.log(describeConfig(loadConfig(process.env)))
  await import('../http/main.js')
}

/** One worker of the pool, beside its Docker daemon. Stops on SIGINT or SIGTERM. */
export async function worker(): Promise<void> {
  console.log(describeConfig(loadConfig(process.env)))
  const entry = new URL('../../worker/main.js', import.meta.url).href
  await import(entry)
}
