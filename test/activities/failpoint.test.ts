import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { failpointOf } from '../../activities/failpoint.js'

const folder = mkdtempSync(join(tmpdir(), 'berth-failpoint-'))
const file = join(folder, 'armed')
const kill = vi.spyOn(process, 'kill')

beforeEach(() => {
  kill.mockReset().mockImplementation(() => true)
  rmSync(file, { force: true })
})
afterAll(() => {
  kill.mockRestore()
  rmSync(folder, { recursive: true, force: true })
})

const failpoint = (setting: string) => failpointOf({ NODE_ENV: 'test', BERTH_FAILPOINT: setting })
/** What this very process was sent. */
const signals = () => kill.mock.calls.map(([pid, signal]) => (pid === process.pid ? signal : `${signal} to another one`))

describe('a failpoint', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['outside tests', { BERTH_FAILPOINT: 'created:kill' }],
    ['in production', { NODE_ENV: 'production', BERTH_FAILPOINT: 'created:kill' }],
    ['that is not set', { NODE_ENV: 'test' }],
    ['that is empty', { NODE_ENV: 'test', BERTH_FAILPOINT: '' }],
  ])('%s is none', (_, env) => {
    expect(failpointOf(env)).toBeNull()
  })

  it('kills this process at its step, named with hyphens for spaces', () => {
    const reached = failpoint('own-containers-removed:kill')
    for (const step of ['lease answered', 'own containers', 'own containers removed twice', 'created']) reached?.(step)
    expect(signals()).toEqual([])
    reached?.('own containers removed')
    expect(signals()).toEqual(['SIGKILL'])
  })

  it('stops it when told to, and kills it when told nothing', () => {
    failpoint('created:stop')?.('created')
    failpoint('created')?.('created')
    expect(signals()).toEqual(['SIGSTOP', 'SIGKILL'])
  })

  it('in a file does so once each time that the file is there', () => {
    const reached = failpoint(`@${file}`)
    reached?.('created')
    expect(signals()).toEqual([])
    writeFileSync(file, 'created:stop\n')
    reached?.('confirmed')
    expect(existsSync(file)).toBe(true)
    reached?.('created')
    expect(signals()).toEqual(['SIGSTOP'])
    expect(existsSync(file)).toBe(false)
    reached?.('created')
    expect(signals()).toHaveLength(1)
    writeFileSync(file, 'confirmed:kill')
    reached?.('confirmed')
    expect(signals()).toEqual(['SIGSTOP', 'SIGKILL'])
  })

  it('in an empty file does nothing', () => {
    writeFileSync(file, '')
    failpoint(`@${file}`)?.('created')
    expect(signals()).toEqual([])
  })
})
