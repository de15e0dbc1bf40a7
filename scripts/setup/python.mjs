/**
 * @module
 * Finds a Python that can make environments. Only tests need one.
 */
import { existsSync } from 'node:fs'
import { command, lastLines } from './command.mjs'

const oldest = [3, 11]
const aptGet = '/usr/bin/apt-get'
const candidates = ['python3', '/usr/bin/python3', 'python3.13', 'python3.12', 'python3.11']
const probe = `import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (${oldest.join(', ')}) else 3)`

/**
 * A Python of 3.11 or newer with its module `venv`; Debian's packages are installed for it where this may be done.
 * @param {(doing: string) => void} say
 * @returns {Promise<{ python: string } | { obstacle: { cause: string, fix: string } }>}
 */
export async function findPython(say) {
  const present = await firstUsable()
  if (present) return { python: present }
  if (process.getuid?.() === 0 && existsSync(aptGet)) {
    say("installing Debian's python3-venv")
    const refusal = await installFromDebian()
    const installed = refusal === null ? await firstUsable() : null
    if (installed) return { python: installed }
    return { obstacle: { cause: refusal ?? "Debian's python3 is too old: 3.11 is needed", fix: 'install Python 3.11 or newer' } }
  }
  const cause = 'there is no python3 of version 3.11 or newer that has its module venv'
  return { obstacle: { cause, fix: 'install it (on Debian and Ubuntu the packages python3 and python3-venv)' } }
}

async function firstUsable() {
  for (const python of candidates) {
    const { code } = await command(python, ['-c', probe], { timeout: 30_000 })
    if (code === 0) return python
  }
  return null
}

/** Why it could not be installed, `null` when it was. */
async function installFromDebian() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await command(aptGet, ['update', '--quiet'], { env, timeout: 5 * 60_000 })
  const packages = ['install', '--yes', '--quiet', '--no-install-recommends', 'python3', 'python3-venv']
  const { code, output } = await command(aptGet, packages, { env, timeout: 10 * 60_000 })
  return code === 0 ? null : `apt-get could not install python3-venv: ${lastLines(output, 3)}`
}
