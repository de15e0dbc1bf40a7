/**
 * @module
 * Builds the `temporal` command from its Go module, whose checksum Go itself verifies.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { command, lastLines } from './command.mjs'

/**
 * Builds the pinned version into `folder`; takes minutes.
 * @param {import('./binary-pins.mjs').PinnedBinary} binary
 * @param {string} folder
 */
export async function fromGo({ version }, folder) {
  const { code: absent } = await command('go', ['version'], { timeout: 10_000 })
  if (absent) throw new Error('Go is not installed')
  const module = `github.com/temporalio/cli/cmd/temporal@v${version}`
  const { code, output } = await command('go', ['install', module], { env: goEnvironment(folder), timeout: 30 * 60_000 })
  if (code !== 0) throw new Error(`go install ${module}: ${lastLines(output, 5)}`)
}

/** Go needs a home folder for its module and build caches; without one they go below Berth's own cache. */
function goEnvironment(folder) {
  const env = { ...process.env, GOBIN: folder }
  if (env.HOME && existsSync(homedir())) return env
  return { ...env, GOPATH: env.GOPATH ?? join(cacheFolder(), 'go'), GOCACHE: env.GOCACHE ?? join(cacheFolder(), 'go-build') }
}
