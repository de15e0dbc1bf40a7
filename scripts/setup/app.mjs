/**
 * @module
 * Runs the built program as a child until it ends.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { root } from './root.mjs'

/** Where the build puts Berth's command-line program. */
export const cliEntry = join(root, 'dist/src/cli/main.js')

/** A terminal and npm both pass on one Ctrl-C: the same signal again this soon after is that same key press. */
const echoWindow = 500

/** npm's shell is looked for this often. Milliseconds. */
const lookEvery = 500

/**
 * Runs a Node.js program with our input and output.
 *
 * 1. It gets each SIGINT and SIGTERM once, however many ways the signal came, and SIGTERM for a closed terminal.
 * 2. It has an IPC channel, so it sees a `disconnect` when this process is killed, and can end in order too.
 * 3. It leads a session of its own, so a terminal's Ctrl-C reaches it only through here.
 * 4. Started by npm, it also gets SIGTERM when npm's shell is gone: npm passes a SIGTERM of its own to that shell, which dies without passing it on.
 * @param {string[]} args the program's file and its arguments
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit code, or 128 + n when signal n ended it
 */
export function runApp(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: true })
    const last = {}
    const forward = (signal) => {
      const now = Date.now()
      if (now - (last[signal] ?? 0) > echoWindow) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
      last[signal] = now
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
    const parent = process.ppid
    const orphaned = () => {
      if (process.ppid === parent) return
      clearInterval(look)
      forward('SIGTERM')
    }
    const look = process.env.npm_lifecycle_event ? setInterval(orphaned, lookEvery) : undefined
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(look)
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}
