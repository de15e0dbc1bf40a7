/**
 * @module
 * The oldest Node.js that Berth runs on.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupFailure } from './failure.mjs'
import { root } from './root.mjs'

/** Checks the running Node.js against `engines` in package.json. */
export function checkNodeVersion(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const floor = engines.node.replace(/^>=/, '')
  if (compareVersions(version, floor) < 0) {
    throw new SetupFailure(
      `Node.js ${version} is too old: Berth needs ${floor} or newer`,
      `install Node.js 24 (or any from ${floor} on) and run the same command again`,
    )
  }
  return { upToDate: true, detail: version }
}

/** Orders two `1.2.3` versions: negative, zero or positive. */
export function compareVersions(left, right) {
  const parts = right.split('.').map(Number)
  const differences = left.split('.').map((part, index) => Number.parseInt(part, 10) - (parts[index] ?? 0))
  return differences.find((difference) => difference !== 0) ?? 0
}
