/**
 * @module
 * The Chromium that the panel's tests and screenshots look through.
 */
import { existsSync } from 'node:fs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const APT = '/usr/bin/apt-get'

/** BERTH_CHROMIUM, else one that is installed, else `null`. */
export function findChromium() {
  return process.env.BERTH_CHROMIUM || (PATHS.find((path) => existsSync(path)) ?? null)
}

/** Why there is none and none can be installed, with what to do about it; `null` when there is or can be one. */
export function chromiumObstacle() {
  if (findChromium() !== null || (process.getuid?.() === 0 && existsSync(APT))) return null
  return { cause: 'they need Chromium, and there is none', fix: 'install Chromium, or set BERTH_CHROMIUM to where it is' }
}

/**
 * Answers where Chromium is; as root on Debian and its kin it is installed when it is absent.
 * @param {(doing: string) => void} [say]
 */
export async function obtainChromium(say = () => {}) {
  const found = findChromium()
  if (found !== null) return { value: found, upToDate: true }
  say('installing, this takes a minute the first time')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await command(APT, ['update'], { env })
  const { code, output } = await command(APT, ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-liberation'], { env })
  const installed = findChromium()
  if (code !== 0 || installed === null)
    throw new SetupFailure(`Chromium cannot be installed\n${lastLines(output)}`, 'install Chromium, or set BERTH_CHROMIUM to where it is')
  return { value: installed, detail: 'installed' }
}
