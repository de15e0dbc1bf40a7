/**
 * @module
 * The checks that read the sources and run nothing of them.
 */
import { join } from 'node:path'
import { compiler } from '../setup/build.mjs'
import { command } from '../setup/command.mjs'
import { root } from '../setup/root.mjs'
import { checkImportRules } from './import-rules.mjs'

/**
 * One check: what it is called, how it is run, and the command that corrects or explains what it finds.
 * @typedef {{ name: string, fix: string, run: () => Promise<{ code: number, output: string }> }} Check
 */

/** @type {Check[]} */
export const staticChecks = [
  { name: 'format', fix: 'npm run format', run: () => tool('@biomejs/biome/bin/biome', 'format', '.') },
  { name: 'lint', fix: 'npm run lint', run: () => tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'import rules', fix: 'npm run imports', run: checkImportRules },
  { name: 'dead code', fix: 'npm run dead-code', run: () => tool('knip/bin/knip.js', '--no-progress', '--no-config-hints') },
  { name: 'types', fix: 'npm run types', run: () => compile('tsconfig.json', '--noEmit') },
  { name: 'panel types', fix: 'npm run types:panel', run: () => compilePanel() },
  { name: 'workflow types', fix: 'npm run types:workflows', run: () => compile('tsconfig.workflows.json') },
]

function tool(file, ...args) {
  return command(process.execPath, [join(root, 'node_modules', file), ...args], { cwd: root })
}

/** Its sources know of no Node; its tests run on it. */
async function compilePanel() {
  const sources = await compile('panel/tsconfig.json')
  return sources.code === 0 ? compile('test/panel/tsconfig.json') : sources
}

function compile(project, ...args) {
  return command(process.execPath, [compiler, '-p', project, ...args], { cwd: root })
}
