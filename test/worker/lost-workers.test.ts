import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { isKnownDead, workerIdentity } from '../../worker/lost-workers.js'

const here = (pid: number | string) => `worker@${hostname()}:${pid}`
const never = () => {
  throw new Error('asked')
}

describe('a worker', () => {
  it('calls itself by its host and process', () => {
    expect(workerIdentity()).toBe(here(process.pid))
  })

  it('of this host is known to be dead when no process has its id', () => {
    const asked: number[] = []
    const isAlive = (pid: number) => (asked.push(pid), pid === 41)
    expect([isKnownDead(here(41), isAlive), isKnownDead(here(42), isAlive)]).toEqual([false, true])
    expect(asked).toEqual([41, 42])
  })

  it('with the id of this very process is dead: this one has not taken anything yet', () => {
    expect(isKnownDead(here(process.pid), never)).toBe(true)
  })

  it('of another host is not known to be dead', () => {
    for (const identity of [`worker@not-${hostname()}:42`, `worker@not-${hostname()}:${process.pid}`]) {
      expect(isKnownDead(identity, never)).toBe(false)
    }
  })

  it.each(['', '42', here(''), here('x'), `${here(42)}x`, `x${here(42)}`, `client@${hostname()}:42`, `42@${hostname()}`])(
    'that calls itself "%s" is not known to be dead',
    (identity) => {
      expect(isKnownDead(identity, never)).toBe(false)
    },
  )

  it('that really lives is alive, whoever owns it, and dead when it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(child, 'spawn')
    expect(isKnownDead(here(child.pid as number))).toBe(false)
    expect(isKnownDead(here(1))).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isKnownDead(here(child.pid as number))).toBe(true)
  })
})
