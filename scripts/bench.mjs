/**
 * @module
 * `npm run bench`: sets up what is missing, compiles the benchmarks and runs them. Arguments go to `bench/main.ts`.
 */
import { join } from 'node:path'
import { runApp } from './setup/app.mjs'
import { compiler } from './setup/build.mjs'
import { command, lastLines } from './setup/command.mjs'
import { SetupFailure } from './setup/failure.mjs'
import { prepare } from './setup/prepare.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

await runScript(async () => {
  const steps = new Steps()
  const env = await prepare(steps, { external: false })
  await steps.run('bench build', compileBenchmarks)
  return runApp([join(root, 'dist/bench/main.js'), ...process.argv.slice(2)], env)
})

async function compileBenchmarks() {
  const { code, output } = await command(process.execPath, [compiler, '-p', 'tsconfig.bench.json'], { cwd: root })
  if (code !== 0) throw new SetupFailure(`the benchmarks do not compile\n${lastLines(output)}`, 'correct the lines named above')
  return { detail: 'compiled' }
}
