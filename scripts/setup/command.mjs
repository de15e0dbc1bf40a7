/**
 * @module
 * Runs another program to its end and keeps what it said.
 */
import { spawn } from 'node:child_process'

/**
 * Runs a program without a shell. Never throws: a program that cannot be started answers code 127 and the reason.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number, inherit?: boolean }} [options] `inherit` shows the output instead of keeping it
 * @returns {Promise<{ code: number, output: string, stdout: string }>} `output` is stdout and stderr as they came
 */
export function command(program, args, { cwd, env, timeout, inherit = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    // spawn's own timeout goes on waiting, and keeps this process, when the program could not be started.
    const overdue = timeout === undefined ? undefined : setTimeout(() => child.kill(), timeout)
    const output = []
    const stdout = []
    child.stdout?.on('data', (chunk) => {
      output.push(chunk)
      stdout.push(chunk)
    })
    child.stderr?.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => {
      clearTimeout(overdue)
      resolve({ code: 127, output: error.message, stdout: '' })
    })
    child.on('close', (code, signal) => {
      clearTimeout(overdue)
      const said = Buffer.concat(output).toString()
      const ended = code === null ? `${said}\nended by ${signal}` : said
      resolve({ code: code ?? 1, output: ended.trim(), stdout: Buffer.concat(stdout).toString() })
    })
  })
}

/** The last lines of a program's output: enough to see why it failed. */
export function lastLines(output, count = 20) {
  return output.trim().split('\n').slice(-count).join('\n') || 'it printed nothing'
}
