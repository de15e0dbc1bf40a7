/**
 * @module
 * Installs the npm packages that package-lock.json names, when they are not there yet.
 */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'
import { locked } from './lock.mjs'
import { root } from './root.mjs'

/**
 * Makes `node_modules` match package-lock.json. No package's install script is run: none that Berth uses needs one.
 * @param {(doing: string) => void} say
 */
export async function installDependencies(say) {
  if (installed()) return { upToDate: true }
  return locked(async () => {
    if (installed()) return { upToDate: true }
    requireGlibc()
    say('installing, this takes a minute the first time')
    const [program, ...leading] = npm()
    const args = [...leading, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']
    const { code, output } = await command(program, args, { cwd: root, env: npmEnvironment() })
    if (code !== 0) throw new SetupFailure(`npm ci: ${lastLines(output)}`, fixFor(output))
    if (!installed())
      throw new SetupFailure('npm ci ended well, but node_modules does not match package-lock.json', 'delete node_modules and run again')
    return { detail: `installed ${Object.keys(readLock('node_modules/.package-lock.json').packages).length} packages` }
  }, say)
}

/**
 * True when npm's own record of what it installed names every package of the lockfile at its version. npm writes that
 * record last, so an interrupted installation counts as none. Optional packages (other platforms' binaries) may be absent.
 */
function installed() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  const present = readLock('node_modules/.package-lock.json').packages
  return Object.entries(readLock('package-lock.json').packages).every(([path, wanted]) => {
    if (path === '') return true
    const found = present[path]
    if (!found) return Boolean(wanted.optional || wanted.devOptional)
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

function readLock(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'))
}

/** The npm that runs this script, else the one on PATH. */
function npm() {
  const own = process.env.npm_execpath
  return own?.endsWith('npm-cli.js') && existsSync(own) ? [process.execPath, own] : ['npm']
}

/** npm keeps its downloads below the home folder; without one they would land in the repository. */
function npmEnvironment() {
  const env = { ...process.env }
  if (!env.HOME || !existsSync(homedir())) env.npm_config_cache ??= join(cacheFolder(), 'npm')
  return env
}

function requireGlibc() {
  if (process.platform !== 'linux') return
  process.report.excludeNetwork = true
  if (process.report.getReport().header.glibcVersionRuntime) return
  throw new SetupFailure(
    "this Linux uses musl (Alpine?), and Temporal's native code is built for glibc only",
    'use a glibc distribution, such as the image node:24-bookworm-slim',
  )
}

function fixFor(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|network/.test(output)) {
    return 'check the connection to the npm registry (npm ping), a proxy if there is one (npm config get proxy), then run again'
  }
  if (/ENOSPC/.test(output)) return 'free about 1 GB of disk space, then run again'
  if (/EACCES|EPERM/.test(output)) return `make ${root} writable for this user, then run again`
  if (/EBADENGINE/.test(output)) return 'use a Node.js version that package.json allows under "engines"'
  if (/in sync|Missing: /.test(output)) return 'package.json and package-lock.json differ: run npm install and commit both'
  if (/ENOENT/.test(output) && /npm/.test(output)) return 'install npm, it comes with Node.js'
  return 'run npm ci --ignore-scripts by hand to see all it says'
}
