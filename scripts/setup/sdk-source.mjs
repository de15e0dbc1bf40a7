/**
 * @module
 * Lets the Temporal SDK fetch the `temporal` binary by its own download, the last resort.
 */
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { command, lastLines } from './command.mjs'
import { root } from './root.mjs'

const start = `
  const { TestWorkflowEnvironment } = await import('@temporalio/testing')
  const [downloadDir, version] = process.argv.slice(1)
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version } },
  })
  await environment.teardown()
`

/**
 * Starts the SDK's development server once with its download going to `folder`. Needs the npm packages.
 * @param {import('./binary-pins.mjs').PinnedBinary} binary
 * @param {string} folder
 */
export async function fromSdk({ name, version }, folder) {
  if (!existsSync(join(root, 'node_modules/@temporalio/testing'))) throw new Error('the npm packages are not installed')
  const args = ['--input-type=module', '--eval', start, folder, `v${version}`]
  const { code, output } = await command(process.execPath, args, { cwd: root, timeout: 5 * 60_000 })
  const [downloaded] = readdirSync(folder)
  if (code !== 0 || !downloaded) throw new Error(lastLines(output, 3))
  renameSync(join(folder, downloaded), join(folder, name))
}
