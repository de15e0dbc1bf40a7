/**
 * @module
 * One hash over the content of many files, to know whether anything has changed since.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Hashes the names and contents of files and of everything below folders; what is missing counts as empty.
 * @param {string} base
 * @param {string[]} paths relative to `base`
 */
export function fingerprint(base, paths) {
  const hash = createHash('sha256').update(process.version)
  for (const path of paths) {
    for (const file of filesBelow(base, path)) hash.update(`\0${file}\0`).update(readFileSync(join(base, file)))
  }
  return hash.digest('hex')
}

function filesBelow(base, path) {
  const full = join(base, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesBelow(base, join(path, name)))
}
