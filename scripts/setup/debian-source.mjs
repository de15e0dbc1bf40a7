/**
 * @module
 * Obtains a pinned binary from its package in Debian's archive. Debian's own tool takes the package apart, so there is Debian, or one of its kin.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, lastLines } from './command.mjs'
import { checked, get } from './download.mjs'

/** Plain HTTP, as Debian's own tools do it: the checksum is what is trusted. */
const archive = 'http://deb.debian.org/debian/pool/'

/**
 * Fetches the package for this platform, checks its sha256 and puts the program into `folder`. What the package depends on is not installed.
 * @param {import('./binary-pins.mjs').PinnedPackage} binary
 * @param {string} folder
 */
export async function fromDebian({ name, packages, member }, folder) {
  const platform = `${process.platform}-${process.arch}`
  const wanted = packages[platform]
  if (!wanted) throw new Error(`there is no package for ${platform}`)
  const tool = await command('dpkg-deb', ['--version'], { timeout: 10_000 })
  if (tool.code !== 0) throw new Error('this is no Debian: there is no dpkg-deb')
  const url = new URL(wanted.path, archive)
  const { body } = await get(url, {}, 15 * 60_000)
  const work = mkdtempSync(join(folder, 'package-'))
  try {
    const file = join(work, 'package.deb')
    writeFileSync(file, checked(url, body, wanted.sha256))
    const { code, output } = await command('dpkg-deb', ['--extract', file, join(work, 'files')], { timeout: 5 * 60_000 })
    if (code !== 0) throw new Error(`dpkg-deb: ${lastLines(output, 3)}`)
    renameSync(join(work, 'files', member), join(folder, name))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
