/**
 * @module
 * Lets one process at a time change `node_modules` and `dist` of this copy of Berth.
 */
import { createHash } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SetupFailure } from './failure.mjs'
import { root } from './root.mjs'

const patience = 15 * 60_000

/**
 * Runs `work` while holding the lock of this copy. A lock whose owner is dead is taken over.
 * @template T
 * @param {(say: (doing: string) => void) => Promise<T>} work
 * @param {(doing: string) => void} [say]
 * @returns {Promise<T>}
 */
export async function locked(work, say = () => {}) {
  const file = join(tmpdir(), `berth-setup-${process.getuid?.() ?? 0}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`)
  const deadline = Date.now() + patience
  for (let waited = false; !take(file); waited = true) {
    const owner = ownerOf(file)
    if (owner !== null && !alive(owner)) {
      discard(file, owner)
      continue
    }
    if (Date.now() > deadline) {
      throw new SetupFailure(`process ${owner} has been setting up this copy for 15 minutes`, `wait for it, or end it and delete ${file}`)
    }
    if (!waited) say(`waiting for process ${owner}, which is setting up this copy`)
    await sleep(200)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function take(file) {
  const own = `${file}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

function ownerOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Moves a dead owner's lock away; if a live process took it in between, its lock is put back. */
function discard(file, owner) {
  const moved = `${file}.dead.${process.pid}`
  try {
    renameSync(file, moved)
    if (ownerOf(moved) !== owner) linkSync(moved, file)
  } catch {
    return
  } finally {
    rmSync(moved, { force: true })
  }
}
