/**
 * @module
 * The folder in which fetched binaries are kept, shared by all copies of Berth of one user.
 */
import { mkdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** BERTH_CACHE_DIR, else `berth` in XDG_CACHE_HOME, else `~/.cache/berth`; below the temporary folder when there is no usable home. */
export function cacheFolder(env = process.env) {
  if (env.BERTH_CACHE_DIR) return env.BERTH_CACHE_DIR
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'berth')
  const home = env.HOME || homeOfUser()
  const candidate = home && join(home, '.cache', 'berth')
  return candidate && writable(candidate) ? candidate : join(tmpdir(), `berth-cache-${process.getuid?.() ?? 0}`)
}

/** The account's home folder, `''` when it has none: `homedir()` throws for an unknown user and repeats an empty HOME. */
function homeOfUser() {
  try {
    return homedir()
  } catch {
    return ''
  }
}

function writable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    return true
  } catch {
    return false
  }
}
