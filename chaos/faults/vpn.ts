/**
 * @module
 * Rows 6, 7, 20, 21 and 22: Gluetun goes, comes back as another container, gets another port, several ports, or tells nothing of use.
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

/** One more change of the list at each step: a list that counts by its lowest port alone. */
const list = (name: string, next: (ports: readonly number[], target: Target) => number[], steps: readonly [number, number]): Fault => ({
  ...GLUETUN,
  row: 22,
  name,
  holds: [1_000, 6_000],
  limitMs: 30_000,
  hidesPort: false,
  inject: async (target) => {
    const { world, random } = target
    const { gluetun } = world
    let ports = gluetun.port === null ? [] : [gluetun.port]
    for (let step = random.between(...steps); step > 0; step -= 1) {
      ports = next(ports, target)
      await gluetun.setPorts(ports)
      target.say(`Gluetun forwards ${ports.join(', ')}`)
      await target.wait(random.between(100, 1_500))
    }
    return async () => {
      if (gluetun.port !== null) await gluetun.setPort(gluetun.port)
    }
  },
})

const higher = (ports: readonly number[], { world, random }: Target) =>
  random.chance(0.5) && ports.length > 1 ? ports.slice(0, 1) : [...ports, world.gluetun.freshPort()]

/** Any port of the list may go, and the new ones are higher or lower than all; at least one is left. */
function shrunkOrGrown(ports: readonly number[], { world: { gluetun }, random }: Target): number[] {
  if (ports.length > 1 && random.chance(0.5)) {
    const gone = random.pick(ports)
    return ports.filter((port) => port !== gone)
  }
  return random.chance(0.5) ? [gluetun.freshLowerPort(), ...ports] : [...ports, gluetun.freshPort()]
}

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
  list('Gluetun’s list of ports shrinks and grows above the lowest one', higher, [2, 5]),
  list('Gluetun’s list of ports shrinks and grows', shrunkOrGrown, [2, 5]),
  silent('the port is there at every second question only', 'flap'),
  silent('Gluetun answers 401', 'unauthorized'),
  silent('Gluetun answers with a web page', 'html'),
  silent('Gluetun answers nothing', 'slow'),
  silent('Gluetun refuses connections', 'refuse'),
]
