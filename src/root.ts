/**
 * @module
 * Where Berth is installed.
 */
import { existsSync } from 'node:fs'

/** The folder of the nearest package.json above this file, which lies at another depth once it is built. */
export const ROOT: URL = nearest(new URL('.', import.meta.url))

function nearest(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder
  const parent = new URL('..', folder)
  if (parent.href === folder.href)
    throw new Error('there is no package.json above Berth, so it does not know its version: copy it beside dist')
  return nearest(parent)
}
