/**
 * @module
 * Obtains schemathesis, which only the suite `fuzz` uses: a Python environment of its own in Berth's cache folder.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'
import { locked } from './lock.mjs'
import { obtainPython, pythonObstacle } from './python.mjs'
import { root } from './root.mjs'

const requirements = join(root, 'scripts/setup/schemathesis-requirements.txt')

/** The environment's interpreter, or `null` when it has not been made. */
export function keptSchemathesis() {
  const python = interpreterOf(folderOf())
  return existsSync(python) ? python : null
}

/** Why it cannot be had here and what to do about it, or `null` when it is there or can be obtained. */
export function schemathesisObstacle(env = process.env) {
  return env.BERTH_SCHEMATHESIS || keptSchemathesis() ? null : pythonObstacle()
}

/**
 * Finds or makes the environment; the value is its interpreter. BERTH_SCHEMATHESIS names one that has schemathesis already.
 * @param {(doing: string) => void} say
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function obtainSchemathesis(say, env = process.env) {
  if (env.BERTH_SCHEMATHESIS) return { value: env.BERTH_SCHEMATHESIS, upToDate: true }
  const kept = await keptAndSound()
  if (kept) return { value: kept, upToDate: true }
  return locked(async () => {
    const made = await keptAndSound()
    if (made) return { value: made, upToDate: true }
    const base = await obtainPython(say)
    say('fetching schemathesis')
    const value = await make(base)
    return { value, detail: `fetched ${await versionOf(value)}` }
  }, say)
}

async function keptAndSound() {
  const kept = keptSchemathesis()
  return kept && (await runs(kept)) ? kept : null
}

/** Makes it aside and moves it into place whole: an environment runs wherever it lies when it is run by its interpreter. */
async function make(base) {
  mkdirSync(cacheFolder(), { recursive: true })
  const staging = mkdtempSync(join(cacheFolder(), '.fetch-'))
  try {
    await must('make a Python environment', base, ['-m', 'venv', staging], `run ${base} -m venv by hand to see why`)
    const install = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '--requirement', requirements]
    const fix = "check the network (pip's own configuration is followed, PIP_INDEX_URL names a mirror), then run again"
    await must('install schemathesis', interpreterOf(staging), install, fix)
    return await moveIntoPlace(staging)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** One that runs stays: another copy of Berth was quicker. One that does not is replaced. */
async function moveIntoPlace(staging) {
  const folder = folderOf()
  for (let attempt = 1; !(await runs(interpreterOf(folder))); attempt++) {
    try {
      renameSync(staging, folder)
    } catch (error) {
      if (attempt > 3 || !existsSync(folder)) throw error
      const damaged = `${staging}-damaged`
      renameSync(folder, damaged)
      rmSync(damaged, { recursive: true, force: true })
    }
  }
  return interpreterOf(folder)
}

async function must(what, program, args, fix) {
  const { code, output } = await command(program, args, { timeout: 10 * 60_000 })
  if (code !== 0) throw new SetupFailure(`Python could not ${what}: ${lastLines(output, 5)}`, fix)
}

async function runs(python) {
  return (await versionOf(python)) !== null
}

async function versionOf(python) {
  const tell = 'from importlib.metadata import version; import schemathesis; print(version("schemathesis"))'
  const { code, stdout } = await command(python, ['-c', tell], { timeout: 60_000 })
  return code === 0 ? stdout.trim() : null
}

/** Another one for other requirements and for another platform. */
function folderOf() {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  return join(cacheFolder(), `schemathesis-${hash}-${process.platform}-${process.arch}`)
}

function interpreterOf(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts/python.exe') : join(folder, 'bin/python')
}
