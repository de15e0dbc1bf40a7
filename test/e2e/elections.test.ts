import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { ForwardedSampler, verifyExclusive } from '../support/sampler.js'
import { Berth, DockerWorld, eventually, type Lease } from '../support/world.js'

const ELECTIONS = 100
const KILLERS = 10

describe.skipIf(whyNoDockerd() !== null)(
  `${ELECTIONS} elections asked for at once, and ${KILLERS} who kill the forwarded container`,
  () => {
    let world: DockerWorld
    let berth: Berth

    beforeAll(async () => {
      world = await DockerWorld.start()
      await world.startGluetun(41_000)
      berth = await Berth.prepare(world, { MIN_REPLICAS: '3' })
      await berth.start()
    })
    afterAll(async () => {
      await berth?.discard()
      await world?.stop()
    })

    const kill = async (): Promise<void> => {
      const [container] = await world.forwarded()
      if (!container) return
      await world.docker
        .getContainer(container.Id)
        .remove({ force: true })
        .catch((error: { statusCode?: number }) => {
          if (error.statusCode !== 404 && error.statusCode !== 409) throw error
        })
    }

    it('have one winner each, and epochs without holes or repeats', async () => {
      await berth.settled(3)
      const { epoch } = await berth.lease()
      const sampler = new ForwardedSampler(world.docker)
      const asked = Array.from({ length: ELECTIONS }, (_, index) =>
        berth.send('POST', '/lease/elect', { reason: `election ${index}` }, index % 4 === 0 ? { 'if-match': `"epoch-${epoch}"` } : {}),
      )
      const killers = Array.from({ length: KILLERS }, kill)
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      await Promise.all(killers)
      expect(statuses.filter((status) => status !== 202 && status !== 412)).toEqual([])
      expect(statuses).toContain(202)
      await berth.settled(3)
      const lease = await eventually<Lease>('one holds it', async () => {
        const now = await berth.lease()
        return now.holder?.phase === 'active' && now.condition === null ? now : null
      })
      const epochs = lease.log.map((turnover) => turnover.epoch)
      expect(epochs).toEqual(epochs.map((_, index) => (epochs[0] ?? 0) + index))
      expect(lease.epoch).toBeGreaterThan(epoch)
      const open = lease.log.filter(({ ended }) => ended === null)
      expect(open.map((turnover) => turnover.epoch)).toEqual([lease.holder?.epoch])
      verifyExclusive(await sampler.stop())
    })
  },
)
