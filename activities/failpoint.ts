/**
 * @module
 * Dying at a chosen line, for the tests of what is left behind then.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'

/** Called at each checkpoint of an activity. */
export type Failpoint = (step: string) => void

/**
 * `BERTH_FAILPOINT=<step>:kill` or `<step>:stop` kills (SIGKILL) or stops (SIGSTOP) this process when an activity reaches the step, named as its checkpoint
 * with hyphens for spaces; `BERTH_FAILPOINT=@<file>` does so once each time such a line is in the file, which is then removed. Only with `NODE_ENV=test`.
 */
export function failpointOf(env: NodeJS.ProcessEnv): Failpoint | null {
  const setting = env.BERTH_FAILPOINT
  if (env.NODE_ENV !== 'test' || setting === undefined || setting === '') return null
  const file = setting.startsWith('@') ? setting.slice(1) : null
  return (step) => {
    const armed = file === null ? setting : existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
    const [at, action] = armed.split(':')
    if (at !== step.replaceAll(' ', '-')) return
    if (file !== null) rmSync(file, { force: true })
    process.kill(process.pid, action === 'stop' ? 'SIGSTOP' : 'SIGKILL')
  }
}
