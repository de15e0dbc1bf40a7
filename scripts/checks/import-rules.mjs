/**
 * @module
 * Checks who imports whom, by the table in .dependency-cruiser.cjs.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../setup/command.mjs'
import { root } from '../setup/root.mjs'

const folders = ['src', 'workflows', 'activities', 'worker', 'panel', 'test', 'bench', 'chaos', 'scripts']

/**
 * Runs the check over a tree. It fails when nothing was looked at: a check that reads no module would always pass.
 * @param {string} [tree] folder to check, with the same layout as the repository
 * @returns {Promise<{ code: number, output: string, modules: number }>}
 */
export async function checkImportRules(tree = root) {
  const args = [
    join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    '--config',
    join(tree, '.dependency-cruiser.cjs'),
    '--output-type',
    'err-long',
    ...folders.filter((folder) => existsSync(join(tree, folder))),
  ]
  const { code, output } = await command(process.execPath, args, { cwd: tree })
  const modules = Number(/\b(\d+) modules/.exec(output)?.[1] ?? 0)
  if (code === 0 && modules === 0) return { code: 1, output: `${output}\nno module was looked at`, modules }
  return { code, output, modules }
}
