/**
 * @module
 * `npm run manual-test`: builds what is missing, then walks a person through a running Berth. Arguments go to `src/cli/walk/main.ts`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './setup/prepare.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

await runScript(async () => {
  await prepare(new Steps({ stream: process.stderr, quiet: true }), { temporal: false })
  await import(pathToFileURL(join(root, 'dist/src/cli/walk/main.js')).href)
  return process.exitCode ?? 0
})
