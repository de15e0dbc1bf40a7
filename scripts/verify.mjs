/**
 * @module
 * `npm run verify`: every check that needs no server: sources, build, and the tests of the suite `unit`.
 */
import { join } from 'node:path'
import { runChecks } from './checks/run-checks.mjs'
import { staticChecks } from './checks/static.mjs'
import { build } from './setup/build.mjs'
import { command } from './setup/command.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { checkNodeVersion } from './setup/node-version.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

const vitest = join(root, 'node_modules/vitest/vitest.mjs')

const checks = [
  ...staticChecks,
  { name: 'build', fix: 'npm run build', run: runBuild },
  {
    name: 'tests',
    fix: 'npx vitest run --project unit',
    run: () => command(process.execPath, [vitest, 'run', '--project', 'unit'], { cwd: root }),
  },
]

await runScript(async () => {
  const steps = new Steps()
  await steps.run('node', () => checkNodeVersion())
  await steps.run('dependencies', installDependencies)
  const failed = await runChecks(steps, checks)
  console.log(failed.length === 0 ? `all ${checks.length} checks passed` : `failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
})

async function runBuild() {
  try {
    await build()
    return { code: 0, output: '' }
  } catch (error) {
    return { code: 1, output: error.message }
  }
}
