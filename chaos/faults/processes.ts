/**
 * @module
 * Rows 1, 2, 3, 11, 26 and 30: processes of Berth die, stop, or cannot reach each other.
 */
import { BOTH, type Fault, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'

/** Steps at which a worker can be made to kill itself: between what they name and what follows. */
const FAILPOINTS = [
  'lease answered',
  'revoked',
  'seen gone',
  'own containers removed',
  'created',
  'confirmed',
  'started',
  'follower created',
  'removed',
]

const killed =
  (part: 'worker' | 'api' | 'temporal') =>
  async ({ berth }: Target) => {
    await berth.signal(part, 'SIGKILL')
    return NOTHING_TO_HEAL
  }

/** The worker of `berth up` stands still; the second one, or nobody, does its work. Then it goes on where it was. */
function stopWorker(name: string, withSecond: boolean): Fault {
  return {
    ...ORDINARY,
    row: 11,
    name,
    kinds: BOTH,
    touches: ['worker', 'second'],
    holds: [5_000, 20_000],
    inject: async (target) => {
      const { berth } = target
      if (withSecond) await berth.startSecond()
      const pid = await berth.signal('worker', 'SIGSTOP')
      return async () => {
        if (berth.pid('worker') === pid) await berth.signal('worker', 'SIGCONT')
        await target.wait(500)
        await berth.stopSecond()
      }
    },
  }
}

const failpoint = (step: string): Fault => ({
  ...ORDINARY,
  row: 1,
  name: `worker kills itself after "${step}"`,
  touches: ['worker', 'second'],
  holds: [0, 300],
  inject: async (target) => {
    const { berth, api, random } = target
    await berth.startSecond(step.replaceAll(' ', '-'))
    // Two workers share the work: until the one with the failpoint has got some.
    for (let attempt = 0; attempt < 6 && berth.secondRuns; attempt += 1) {
      await api.ask('POST', '/lease/elect', { body: { reason: `failpoint ${step}` }, withinMs: 5_000 })
      await target.wait(random.between(400, 1_200))
    }
    target.tally(berth.secondRuns ? 'failpoints not reached' : 'failpoints reached')
    target.say(`the failpoint "${step}" was ${berth.secondRuns ? 'not ' : ''}reached`)
    return () => berth.stopSecond()
  },
})

export const processFaults: readonly Fault[] = [
  { ...ORDINARY, row: 1, name: 'worker killed', touches: ['worker'], inject: killed('worker') },
  {
    ...ORDINARY,
    row: 1,
    name: 'worker killed just after an election was asked for',
    touches: ['worker'],
    inject: async (target) => {
      void target.api.ask('POST', '/lease/elect', { body: { reason: 'before a kill' }, withinMs: 5_000 })
      await target.wait(target.random.between(0, 250))
      await target.berth.signal('worker', 'SIGKILL')
      return NOTHING_TO_HEAL
    },
  },
  {
    ...ORDINARY,
    row: 1,
    name: 'worker killed three times',
    touches: ['worker'],
    inject: async (target) => {
      for (let kill = 0; kill < 3; kill += 1) {
        await target.berth.signal('worker', 'SIGKILL')
        await target.wait(target.random.between(300, 1_500))
      }
      return NOTHING_TO_HEAL
    },
  },
  ...FAILPOINTS.map(failpoint),
  { ...ORDINARY, row: 2, name: 'API killed', touches: ['api'], limitMs: 30_000, inject: killed('api') },
  { ...ORDINARY, row: 3, name: 'Temporal killed', touches: ['temporal'], inject: killed('temporal') },
  stopWorker('worker stopped and continued beside a second worker', true),
  { ...stopWorker('worker stopped and continued, no second one', false), holds: [2_000, 8_000] },
  {
    ...ORDINARY,
    row: 26,
    name: 'second worker cut off from Temporal',
    touches: ['second'],
    holds: [3_000, 12_000],
    inject: async ({ berth }) => {
      await berth.startSecond()
      berth.link.cut()
      return async () => {
        berth.link.restore()
        await berth.stopSecond()
      }
    },
  },
  {
    ...ORDINARY,
    row: 26,
    name: 'the only worker is cut off from Temporal',
    touches: ['worker', 'second'],
    holds: [2_000, 8_000],
    inject: async (target) => {
      const { berth } = target
      await berth.startSecond()
      const pid = await berth.signal('worker', 'SIGSTOP')
      berth.link.cut()
      return async () => {
        berth.link.restore()
        if (berth.pid('worker') === pid) await berth.signal('worker', 'SIGCONT')
        await target.wait(1_000)
        await berth.stopSecond()
      }
    },
  },
  {
    ...ORDINARY,
    row: 30,
    name: 'everything killed at once and started again',
    touches: ['worker', 'api', 'temporal', 'second', 'daemon', 'gluetun', 'containers'],
    limitMs: 90_000,
    inject: async ({ berth }) => {
      await berth.killAll()
      return () => berth.start()
    },
  },
]
