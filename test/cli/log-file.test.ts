import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { LogFile } from '../../src/cli/log-file.js'

const newPath = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'berth.log')
}

it('a log file keeps its lines in order', async () => {
  const path = newPath()
  const file = new LogFile(path, (why) => expect.unreachable(why))
  file.write('one')
  file.write('two')
  await file.end()
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
})

it.skipIf(process.platform !== 'linux')(
  'a log file on a full disk is said once to be in trouble, and goes on once there is room',
  async () => {
    const path = newPath()
    symlinkSync('/dev/full', path)
    const trouble: string[] = []
    const file = new LogFile(path, (why) => trouble.push(why))
    file.write('lost')
    await vi.waitFor(() => expect(trouble).toHaveLength(1))
    expect(trouble[0]).toContain('ENOSPC')
    file.write('lost too')
    await delay(1_100)
    file.write('lost as well')
    await delay(100)
    expect(trouble).toHaveLength(1)
    rmSync(path)
    await delay(1_000)
    file.write('kept')
    await file.end()
    expect(readFileSync(path, 'utf8')).toBe('kept\n')
  },
)
