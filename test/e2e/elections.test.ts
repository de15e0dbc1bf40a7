import { describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { killForwarded } from '../support/killer.js'
import { useBerth } from '../support/running-berth.js'
import { eventually, type Lease } from '../support/world.js'

const ELECTIONS = 100
const KILLERS = 10

describe.skipIf(whyNoDockerd() !== null)(
  `${ELECTIONS} elections asked for at once, and ${KILLERS} who kill the forwarded container`,
  () => {
    const at = useBerth({ MIN_REPLICAS: '3' })

    it('have one winner each, and epochs without holes or repeats', async () => {
      await at.berth.settled(3)
      const { epoch } = await at.berth.lease()
      const asked = Array.from({ length: ELECTIONS }, (_, index) =>
        at.berth.send('POST', '/lease/elect', { reason: `election ${index}` }, index % 4 === 0 ? { 'if-match': `"epoch-${epoch}"` } : {}),
      )
      const killers = Array.from({ length: KILLERS }, () => killForwarded(at.world.docker))
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      await Promise.all(killers)
      expect(statuses.filter((status) => status !== 202 && status !== 412)).toEqual([])
      expect(statuses).toContain(202)
      await at.berth.settled(3)
      const lease = await eventually<Lease>('one holds it', async () => {
        const now = await at.berth.lease()
        return now.holder?.phase === 'active' && now.condition === null ? now : null
      })
      const epochs = lease.log.map((turnover) => turnover.epoch)
      expect(epochs).toEqual(epochs.map((_, index) => (epochs[0] ?? 0) + index))
      expect(lease.epoch).toBeGreaterThan(epoch)
      const open = lease.log.filter(({ ended }) => ended === null)
      expect(open.map((turnover) => turnover.epoch)).toEqual([lease.holder?.epoch])
    })
  },
)
