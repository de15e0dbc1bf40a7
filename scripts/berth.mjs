#!/usr/bin/env node
/**
 * @module
 * The `berth` command. From a clone it builds first when the sources have changed; steps are told on stderr, so that a command's
 * output stays clean. Without sources beside it (an image) it runs what was built.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cliEntry } from './setup/app.mjs'
import { prepare } from './setup/prepare.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

await runScript(async () => {
  if (existsSync(join(root, 'src'))) {
    const steps = new Steps({ stream: process.stderr, quiet: true })
    Object.assign(process.env, await prepare(steps, { temporal: process.argv[2] === 'up' }))
  }
  process.argv[1] = cliEntry
  await import(pathToFileURL(cliEntry).href)
  return process.exitCode ?? 0
})
