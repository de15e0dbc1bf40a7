/**
 * @module
 * `npm start`: sets up what is missing, then runs all of Berth on this machine. Arguments go to `berth up`.
 */
import { existsSync } from 'node:fs'
import { cliEntry, runApp } from './setup/app.mjs'
import { prepare } from './setup/prepare.mjs'
import { runScript, Steps } from './setup/steps.mjs'

// What is set already counts more than the file.
if (existsSync('.env')) process.loadEnvFile('.env')

await runScript(async () => {
  const env = await prepare(new Steps())
  return runApp([cliEntry, 'up', ...process.argv.slice(2)], env)
})
