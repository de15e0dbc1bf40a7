/**
 * @module
 * Rows 23, 28 and 31: more requests at once than anybody would send, and elections that nobody asks for.
 */
import { LeaseAnswer } from '../lease-record.js'
import { type Fault, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'

async function burst({ api, random, say }: Target, count: number): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      api.ask('POST', '/lease/elect', { body: { reason: `burst ${index}`, ...(random.chance(0.3) ? { force: true } : {}) } }),
    ),
  )
  const counts = new Map<number, number>()
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1)
  const slowest = Math.round(Math.max(...answers.map(({ milliseconds }) => milliseconds)))
  say(`${count} elections at once: ${[...counts].map(([status, times]) => `${times} × ${status}`).join(', ')}, slowest ${slowest} ms`)
}

export const loadFaults: readonly Fault[] = [
  {
    ...ORDINARY,
    row: 23,
    name: 'many elections at once',
    hidesPort: false,
    inject: async (target) => {
      await burst(target, target.random.between(20, 100))
      return NOTHING_TO_HEAL
    },
  },
  {
    ...ORDINARY,
    row: 23,
    name: 'many elections at once while the worker is killed',
    touches: ['worker', 'containers'],
    inject: async (target) => {
      const sent = burst(target, target.random.between(20, 60))
      await target.wait(target.random.between(0, 400))
      await target.berth.signal('worker', 'SIGKILL')
      await sent
      return NOTHING_TO_HEAL
    },
  },
  {
    ...ORDINARY,
    row: 23,
    name: 'many elections at once while the leader is removed',
    inject: async (target) => {
      const sent = burst(target, target.random.between(20, 60))
      await target.wait(target.random.between(0, 400))
      const leader = await target.world.forwarded(target.label)
      if (leader !== null)
        await target.world.docker
          .getContainer(leader.Id)
          .remove({ force: true })
          .catch(() => undefined)
      await sent
      return NOTHING_TO_HEAL
    },
  },
  {
    ...ORDINARY,
    row: 28,
    name: '300 signals forceElection',
    inject: async (target) => {
      await target.forceElection(300)
      return NOTHING_TO_HEAL
    },
  },
  {
    ...ORDINARY,
    row: 31,
    name: 'the port rotates by timer every two seconds',
    touches: ['worker', 'second', 'temporal'],
    holds: [6_000, 15_000],
    hidesPort: false,
    inject: async (target) => {
      const before = (await target.api.get('/lease', LeaseAnswer)).epoch
      await target.rotateEvery(2_000)
      return async () => {
        await target.rotateEvery(null)
        const { log } = await target.api.get('/lease', LeaseAnswer)
        target.tally('rotations by timer', log.filter(({ epoch, ended }) => epoch >= before && ended === 'rotation').length)
      }
    },
  },
]
