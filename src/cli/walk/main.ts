/**
 * @module
 * The process of `npm run manual-test`.
 */
import { existsSync } from 'node:fs'
import { manualTest } from './command.js'
import { askPerson } from './questions.js'

/** A terminal and npm both pass on one Ctrl-C. Milliseconds. */
const ECHO_MS = 500

// What is set already counts more than the file.
if (existsSync('.env')) process.loadEnvFile('.env')

process.exitCode = await manualTest(process.argv.slice(2), {
  env: process.env,
  say: (line) => console.log(line),
  complain: (text) => console.error(text),
  ask: process.stdin.isTTY && process.stdout.isTTY ? askPerson : null,
  stop: interruption(),
})

/** Aborts at the first Ctrl-C, so that the walk can tidy up; the next one ends the process. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  let first = 0
  process.on('SIGINT', () => {
    if (!stop.signal.aborted) first = performance.now()
    else if (performance.now() - first > ECHO_MS) process.exit(130)
    stop.abort()
  })
  return stop.signal
}
