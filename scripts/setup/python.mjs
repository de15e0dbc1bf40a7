/**
 * @module
 * Finds a Python that can make environments. Only tests need one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'

const aptGet = '/usr/bin/apt-get'
const candidates = ['python3', '/usr/bin/python3', 'python3.13', 'python3.12', 'python3.11']
const probe = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 3)'
const missing = {
  cause: 'they need Python 3.11 or newer with its module venv, and there is none',
  fix: 'install it (on Debian and Ubuntu the packages python3 and python3-venv)',
}

/** Why there is no Python here and what to do about it, or `null` when there is one or Debian's can be installed. */
export function pythonObstacle() {
  return firstUsable() || installable() ? null : missing
}

/**
 * A Python of 3.11 or newer with its module `venv`; Debian's packages are installed for it where this may be done.
 * @param {(doing: string) => void} say
 */
export async function obtainPython(say) {
  const present = firstUsable()
  if (present) return present
  if (!installable()) throw new SetupFailure(missing.cause, missing.fix)
  say("installing Debian's python3-venv")
  const refusal = await installFromDebian()
  const installed = refusal === null ? firstUsable() : null
  if (installed) return installed
  throw new SetupFailure(refusal ?? "Debian's python3 is older than 3.11", missing.fix)
}

function firstUsable() {
  return candidates.find((python) => spawnSync(python, ['-c', probe], { stdio: 'ignore', timeout: 30_000 }).status === 0)
}

function installable() {
  return process.getuid?.() === 0 && existsSync(aptGet)
}

/** Why it could not be installed, `null` when it was. */
async function installFromDebian() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await command(aptGet, ['update', '--quiet'], { env, timeout: 5 * 60_000 })
  const packages = ['install', '--yes', '--quiet', '--no-install-recommends', 'python3', 'python3-venv']
  const { code, output } = await command(aptGet, packages, { env, timeout: 10 * 60_000 })
  return code === 0 ? null : `apt-get could not install python3-venv: ${lastLines(output, 3)}`
}
