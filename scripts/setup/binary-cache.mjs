/**
 * @module
 * Keeps fetched binaries, one folder for each name, version and platform. A folder appears whole, by one rename, so what is
 * there has been checked; two processes that fetch the same one at once do each other no harm.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'

/**
 * Where a pinned binary is kept, or `null` when it is not there or was cut short since.
 * @param {Pick<import('./binary-pins.mjs').PinnedBinary, 'name' | 'version'>} binary
 */
export function cachedBinary(binary) {
  const folder = folderOf(binary)
  const path = join(folder, binary.name)
  if (!existsSync(path)) return null
  try {
    return statSync(path).size === Number(readFileSync(join(folder, 'size'), 'utf8')) ? path : null
  } catch {
    return null
  }
}

/**
 * Lets `make` put the binary into a folder of its own, then moves it into the cache.
 * @param {Pick<import('./binary-pins.mjs').PinnedBinary, 'name' | 'version'>} binary
 * @param {(folder: string) => Promise<void>} make writes `<folder>/<binary.name>`
 * @returns {Promise<string>} where the binary is kept
 */
export async function keepBinary(binary, make) {
  mkdirSync(cacheFolder(), { recursive: true })
  const staging = mkdtempSync(join(cacheFolder(), '.fetch-'))
  try {
    await make(staging)
    const path = join(staging, binary.name)
    chmodSync(path, 0o755)
    chmodSync(staging, 0o755)
    flush(path)
    writeFileSync(join(staging, 'size'), String(statSync(path).size))
    moveIntoPlace(binary, staging)
    return join(folderOf(binary), binary.name)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** A damaged folder in the way is moved aside; a good one means that another process was quicker, and stays. */
function moveIntoPlace(binary, staging) {
  const folder = folderOf(binary)
  for (let attempt = 1; !cachedBinary(binary); attempt++) {
    try {
      renameSync(staging, folder)
    } catch (error) {
      if (attempt > 3 || !existsSync(folder)) throw error
      const damaged = `${staging}-damaged`
      renameSync(folder, damaged)
      rmSync(damaged, { recursive: true, force: true })
    }
  }
}

function folderOf({ name, version }) {
  return join(cacheFolder(), `${name}-${version}-${process.platform}-${process.arch}`)
}

function flush(path) {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
