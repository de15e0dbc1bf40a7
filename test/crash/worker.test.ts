import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { holderOf, useBerth } from '../support/running-berth.js'
import { eventually } from '../support/world.js'

/** The checkpoints of making a forwarded engine anew at which something is half done, in order. */
const STEPS = ['revoked', 'seen-gone', 'own-containers-removed', 'created', 'confirmed', 'started']
const STOPPED_FOR_MS = Number(process.env.BERTH_TEST_STOPPED_S ?? '30') * 1000

describe.skipIf(whyNoDockerd() !== null)('a worker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-crash-'))
  const failpoint = join(folder, 'failpoint')
  const at = useBerth({ MIN_REPLICAS: '2', NODE_ENV: 'test', BERTH_FAILPOINT: `@${failpoint}` })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const hit = (): Promise<true> => eventually<true>('the failpoint is reached', async () => (existsSync(failpoint) ? null : true))
  /** Nothing is left over but the engines' containers, all of them running. */
  const tidy = (): Promise<true> =>
    eventually<true>(
      'no container is left over',
      async () => {
        const all = await at.world.docker.listContainers({ all: true, filters: JSON.stringify({ label: ['ondemand.app=myservice'] }) })
        const engines = await at.berth.engines()
        if (all.length === engines.length && all.every(({ State }) => State === 'running')) return true
        throw new Error(JSON.stringify(all.map(({ Names, State }) => [Names, State])))
      },
      90_000,
    )

  it.each(STEPS)('killed at "%s" while the port is handed on is taken over from', async (step) => {
    const before = holderOf(await at.berth.settled(2))
    const { epoch } = await at.berth.lease()
    writeFileSync(failpoint, `${step}:kill`)
    await at.world.docker.getContainer(before.container_id).remove({ force: true })
    await hit()
    const lease = await eventually('another container holds the port', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.container_id !== before.container_id ? now : null
    })
    expect(lease.holder?.epoch).toBeGreaterThan(epoch)
    const epochs = lease.log.map((turnover) => turnover.epoch)
    expect(epochs).toEqual(epochs.map((_, index) => (epochs[0] ?? 0) + index))
    await at.berth.settled(2)
    await tidy()
  })

  it.each(['revoked', 'removed'])('killed at "%s" while the forwarded engine is deleted is taken over from', async (step) => {
    const before = holderOf(await at.berth.settled(2))
    writeFileSync(failpoint, `${step}:kill`)
    await Promise.all([hit(), at.berth.send('DELETE', `/containers/${before.container_id}`)])
    const engines = await at.berth.settled(2)
    expect(engines.map((engine) => engine.engine_id)).not.toContain(before.engine_id)
    await tidy()
  })

  it('killed beside another is taken over from without waiting for a heartbeat', async () => {
    const second = await at.berth.startWorker({ BERTH_FAILPOINT: '' })
    process.kill(second.pid as number, 'SIGKILL')
    await eventually('the other has seen it', async () => (/a worker beside this one has died/.test(at.berth.log()) ? true : null))
    await at.berth.settled(2)
    await tidy()
  })

  it.each(['confirmed'])('stopped at "%s" for long starts nothing when it wakes', async (step) => {
    const before = holderOf(await at.berth.settled(2))
    const { worker } = at.berth.parts()
    writeFileSync(failpoint, `${step}:stop`)
    await at.world.docker.getContainer(before.container_id).remove({ force: true })
    await hit()
    await eventually('it has stopped', async () => (isStopped(worker) ? true : null))
    const stoppedAt = Date.now()
    const second = await at.berth.startWorker({ BERTH_FAILPOINT: '' })
    try {
      await eventually(
        'another container holds the port',
        async () => {
          const { holder } = await at.berth.lease()
          return holder?.phase === 'active' && holder.container_id !== before.container_id ? true : null
        },
        120_000,
      )
      const taken = holderOf(await at.berth.settled(2, { withinMs: 120_000 }))
      await eventually(
        'it has stood still for long',
        async () => (Date.now() - stoppedAt >= STOPPED_FOR_MS ? true : null),
        STOPPED_FOR_MS + 5_000,
      )
      const ids = (await at.berth.settled(2)).map((engine) => engine.container_id).toSorted()
      process.kill(worker, 'SIGCONT')
      await tidy()
      const after = await at.berth.settled(2)
      expect(holderOf(after).container_id).toBe(taken.container_id)
      expect(after.map((engine) => engine.container_id).toSorted()).toEqual(ids)
    } finally {
      second.kill('SIGTERM')
    }
  })
})

function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
