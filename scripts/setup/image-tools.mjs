/**
 * @module
 * Obtains what only the tests of the image need: Docker Compose, and the Node.js that the image runs on.
 */
import { chmodSync, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cachedBinary, keepBinary } from './binary-cache.mjs'
import { composeModule, composeOfDebian, imageNode } from './binary-pins.mjs'
import { command, lastLines } from './command.mjs'
import { fromDebian } from './debian-source.mjs'
import { SetupFailure } from './failure.mjs'
import { fromGoModule } from './go-source.mjs'
import { compareVersions } from './node-version.mjs'
import { fromWheel } from './wheel-source.mjs'

/** The first that puts a file's text from the compose file into a container, and lets one file take back what another says. */
const oldestCompose = '2.24.4'

/** The one that was obtained earlier, or `null`. */
export function keptCompose() {
  return cachedBinary(composeOfDebian) ?? cachedBinary(composeModule)
}

/**
 * Finds or obtains Docker Compose; the value is the path of a program that runs by itself. BERTH_COMPOSE names one, else the plugin of the
 * machine's Docker, else the one obtained earlier, else it is fetched from Debian's archive, else built from its Go module.
 * @param {(doing: string) => void} say
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function obtainCompose(say, env = process.env) {
  const found = env.BERTH_COMPOSE || (await installedCompose(env)) || keptCompose()
  if (found) return { value: found, upToDate: true }
  const sources = [
    { from: "Debian's archive", pin: composeOfDebian, takes: '', make: (folder) => fromDebian(composeOfDebian, folder) },
    {
      from: 'its Go module',
      pin: composeModule,
      takes: ', this takes some minutes',
      make: (folder) => fromGoModule(composeModule, folder),
    },
  ]
  const refusals = []
  for (const { from, pin, takes, make } of sources) {
    try {
      say(`version ${pin.version} from ${from}${takes}`)
      const value = await keepBinary(pin, async (folder) => {
        await make(folder)
        if (!(await versionOf(join(folder, pin.name)))) throw new Error('what was obtained does not run')
      })
      return { value, detail: `obtained ${pin.version} from ${from}` }
    } catch (error) {
      refusals.push(`${from}: ${error.message}`)
    }
  }
  throw new SetupFailure(
    `Docker Compose could not be had\n${refusals.join('\n')}`,
    'install the compose plugin of Docker (docker-compose-plugin or docker-compose-v2), or Go, or set BERTH_COMPOSE to the program',
  )
}

async function installedCompose(env) {
  const folders = [
    ...['/usr/libexec/docker/cli-plugins', '/usr/lib/docker/cli-plugins', '/usr/local/lib/docker/cli-plugins'],
    ...(env.HOME ? [join(homedir(), '.docker/cli-plugins')] : []),
    ...(env.PATH ?? '').split(delimiter).filter(Boolean),
  ]
  for (const path of folders.map((folder) => join(folder, 'docker-compose')).filter((candidate) => existsSync(candidate))) {
    const version = await versionOf(path)
    if (version && compareVersions(version, oldestCompose) >= 0) return path
  }
  return null
}

async function versionOf(path) {
  const { code, stdout } = await command(path, ['version', '--short'], { timeout: 30_000 })
  return code === 0 ? /^v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined
}

/**
 * Finds or fetches the Node.js of the image's base, which cannot be pulled where the tests run. BERTH_IMAGE_NODE names one.
 * @param {(doing: string) => void} say
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function obtainImageNode(say, env = process.env) {
  const kept = env.BERTH_IMAGE_NODE || cachedBinary(imageNode)
  if (kept) return { value: kept, upToDate: true }
  try {
    say(`fetching version ${imageNode.version}`)
    const value = await keepBinary(imageNode, async (folder) => {
      await fromWheel(imageNode, folder)
      chmodSync(join(folder, imageNode.name), 0o755)
      const { code, output } = await command(join(folder, imageNode.name), ['--version'], { timeout: 10_000 })
      if (code !== 0) throw new Error(`what was fetched does not run: ${lastLines(output, 3)}`)
    })
    return { value, detail: `fetched ${imageNode.version}` }
  } catch (error) {
    throw new SetupFailure(
      `Node.js ${imageNode.version} could not be had: ${error.message}`,
      'check the network (PIP_INDEX_URL names a mirror), or set BERTH_IMAGE_NODE to the program',
    )
  }
}
