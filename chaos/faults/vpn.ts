/**
 * @module
 * Rows 6, 7, 20 and 21: Gluetun goes, comes back as another container, gets another port or tells nothing of use.
 */
import type { StandInFault } from '../../src/simulator/gluetun-stand-in.js'
import { type Fault, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'

const GLUETUN = { ...ORDINARY, touches: ['gluetun', 'containers'] } as const

/** What is done to Gluetun's container is the campaign's doing. */
async function toGluetun({ world }: Target, act: () => Promise<void>): Promise<void> {
  const id = await world.gluetun.parts.id()
  await world.foreign.whileOurs([id], act)
}

/** The control server gives no answer of use for a while. */
const silent = (name: string, fault: StandInFault): Fault => ({
  ...GLUETUN,
  row: 21,
  name,
  holds: [2_000, 14_000],
  inject: async ({ world }) => {
    await world.gluetun.parts.setFault(fault)
    return () => world.gluetun.parts.setFault(null)
  },
})

/** The port changes when an election is so far along. */
const changed = (name: string, delay: readonly [number, number] | null): Fault => ({
  ...GLUETUN,
  row: 20,
  name,
  holds: [1_000, 4_000],
  limitMs: 30_000,
  hidesPort: false,
  inject: async (target) => {
    const { world, api, random } = target
    if (delay !== null) {
      void api.ask('POST', '/lease/elect', { body: { reason: name }, withinMs: 5_000 })
      await target.wait(random.between(...delay))
    }
    await world.gluetun.setPort(world.gluetun.freshPort())
    return NOTHING_TO_HEAL
  },
})

export const vpnFaults: readonly Fault[] = [
  {
    ...GLUETUN,
    row: 6,
    name: 'Gluetun is killed and started again',
    holds: [500, 5_000],
    inject: async (target) => {
      await toGluetun(target, () => target.world.gluetun.kill())
      return () => toGluetun(target, () => target.world.gluetun.start())
    },
  },
  {
    ...GLUETUN,
    row: 6,
    name: 'Gluetun is restarted',
    inject: async (target) => {
      await toGluetun(target, async () => {
        await target.world.gluetun.kill()
        await target.world.gluetun.start()
      })
      return NOTHING_TO_HEAL
    },
  },
  {
    ...GLUETUN,
    row: 7,
    name: 'Gluetun is made anew',
    inject: async ({ world }) => {
      world.foreign.unwatch(await world.gluetun.parts.id())
      await world.gluetun.recreate()
      await world.foreign.watch(await world.gluetun.parts.id())
      return NOTHING_TO_HEAL
    },
  },
  changed('the port changes', null),
  changed('the port changes before a container is created', [0, 60]),
  changed('the port changes while a container is made', [60, 250]),
  changed('the port changes after a container was started', [250, 600]),
  {
    ...GLUETUN,
    row: 20,
    name: 'the port changes five times in a second',
    limitMs: 30_000,
    inject: async (target) => {
      const { gluetun } = target.world
      for (let change = 0; change < 5; change += 1) {
        await gluetun.setPort(gluetun.freshPort())
        await target.wait(200)
      }
      return NOTHING_TO_HEAL
    },
  },
  {
    ...GLUETUN,
    row: 21,
    name: 'the port is lost and comes back another',
    holds: [2_000, 14_000],
    inject: async ({ world: { gluetun } }) => {
      await gluetun.setPort(null)
      return () => gluetun.setPort(gluetun.freshPort())
    },
  },
  {
    ...GLUETUN,
    row: 21,
    name: 'the VPN goes down and comes up',
    holds: [1_000, 14_000],
    inject: async ({ world: { gluetun } }) => {
      await gluetun.vpnDown()
      return () => gluetun.vpnUp()
    },
  },
  silent('the port is there at every second question only', 'flap'),
  silent('Gluetun answers 401', 'unauthorized'),
  silent('Gluetun answers with a web page', 'html'),
  silent('Gluetun answers nothing', 'slow'),
  silent('Gluetun refuses connections', 'refuse'),
]
