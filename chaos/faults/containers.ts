/**
 * @module
 * Rows 13, 14, 15, 17 and 18: what happens to containers behind Berth's back.
 */
import { z } from 'zod'
import { LABEL } from '../../src/domain/labels.js'
import { type Fault, type Heal, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'
import { MIN_REPLICAS } from '../setting.js'

/** Caller's label by which a misbehaving engine is found again. */
const MARK = 'chaos.mark'
const MarkedEngines = z.array(z.object({ engine_id: z.string(), labels: z.record(z.string(), z.string()) }))

type Role = 'leader' | 'follower'

/** A running container of ours in that role; waits a little for one. */
async function find({ world, label, random, wait }: Target, role: Role): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const running = (await world.managed(label)).filter(({ State }) => State === 'running')
    const fitting = running.filter(({ Labels }) => (Labels[LABEL.forwarded] === 'true') === (role === 'leader'))
    const found = random.pick(fitting)
    if (found !== null) return found.Id
    await wait(100)
  }
  throw new Error(`there is no ${role} now`)
}

const toOne = (
  row: number,
  name: string,
  role: Role,
  act: (target: Target, id: string) => Promise<Heal>,
  changes: Partial<Fault> = {},
) => ({
  ...ORDINARY,
  row,
  name: `${role} ${name}`,
  ...changes,
  inject: async (target: Target) => act(target, await find(target, role)),
})

const toBoth = (row: number, name: string, act: (target: Target, id: string) => Promise<Heal>, changes: Partial<Fault> = {}): Fault[] => [
  toOne(row, name, 'leader', act, changes),
  toOne(row, name, 'follower', act, changes),
]

/** An engine that is made to fail again and again, until it is deleted. */
const misbehaving = (row: number, name: string, env: Record<string, string>): Fault => ({
  ...ORDINARY,
  row,
  name,
  holds: [4_000, 10_000],
  inject: async (target) => {
    const { api, random } = target
    const mark = `${name} ${random.between(1, 1_000_000)}`
    const body = { env, labels: { [MARK]: mark } }
    // Two tries make room for it. An answer that is not given does not mean that it was not made.
    if ((await api.ask('POST', '/provision/acestream', { body, withinMs: 8_000 })).status === 503) {
      await api.ask('POST', `/scale/${MIN_REPLICAS}`)
      await api.ask('POST', '/provision/acestream', { body, withinMs: 8_000 })
    }
    return async () => {
      const engines = await api.get('/engines?all=true', MarkedEngines)
      for (const { engine_id: id } of engines.filter(({ labels }) => labels[MARK] === mark)) {
        const { status, text } = await api.ask('DELETE', `/containers/${id}`)
        if (status !== 200 && status !== 404) throw new Error(`engine ${id} could not be deleted: ${status} ${text.slice(0, 100)}`)
      }
    }
  },
})

export const containerFaults: readonly Fault[] = [
  ...toBoth(13, 'removed by hand', async ({ world }, id) => {
    await world.docker.getContainer(id).remove({ force: true })
    return NOTHING_TO_HEAL
  }),
  ...toBoth(14, 'exits with 0', async ({ world }, id) => {
    await world.parts.endProcess(id, 0)
    return NOTHING_TO_HEAL
  }),
  ...toBoth(
    14,
    'exits with 1',
    async ({ world }, id) => {
      await world.parts.endProcess(id, 1)
      return NOTHING_TO_HEAL
    },
    { kinds: ['simulator'] },
  ),
  ...toBoth(14, 'is killed for its memory', async ({ world }, id) => {
    await world.parts.endProcess(id, 'out-of-memory')
    return NOTHING_TO_HEAL
  }),
  ...toBoth(14, 'killed by hand', async ({ world }, id) => {
    await world.docker.getContainer(id).kill()
    return NOTHING_TO_HEAL
  }),
  misbehaving(14, 'an engine that ends after 300 ms each time', { ENGINE_EXIT_AFTER_MS: '300' }),
  misbehaving(15, 'an engine that never answers', { ENGINE_HANG: '1' }),
  ...toBoth(
    15,
    'paused',
    async ({ world }, id) => {
      await world.docker.getContainer(id).pause()
      return async () => {
        // Berth has removed it, or finds it well again.
        await world.docker
          .getContainer(id)
          .unpause()
          .catch(() => undefined)
      }
    },
    { holds: [1_000, 9_000] },
  ),
  toOne(17, 'restarted by hand', 'leader', async ({ world, runs }, id) => {
    runs.markHandmade(id)
    await world.docker.getContainer(id).restart({ t: 0 })
    return NOTHING_TO_HEAL
  }),
  toOne(17, 'stopped by hand and started again', 'leader', async (target, id) => {
    const { world, runs, random } = target
    runs.markHandmade(id)
    await world.docker.getContainer(id).stop({ t: 0 })
    await target.wait(random.between(0, 150))
    await world.docker
      .getContainer(id)
      .start()
      .catch((error: unknown) => target.say(`it could not be started again: ${String(error)}`))
    return NOTHING_TO_HEAL
  }),
  toOne(17, 'renamed by hand', 'leader', async ({ world, runs, random }, id) => {
    runs.markHandmade(id)
    await world.docker.getContainer(id).rename({ name: `renamed-${random.between(1000, 9999)}` })
    return NOTHING_TO_HEAL
  }),
  toOne(17, 'run a second time by another tool, with the same labels', 'leader', async ({ world, runs, random }, id) => {
    const { Config, HostConfig } = await world.docker.getContainer(id).inspect()
    const copy = await world.docker.createContainer({
      name: `copy-${random.between(1000, 9999)}`,
      Image: Config.Image,
      Cmd: Config.Cmd,
      Env: Config.Env,
      Labels: Config.Labels,
      HostConfig: { NetworkMode: HostConfig.NetworkMode },
    })
    runs.markCopy(copy.id)
    await copy.start().catch((error: unknown) => {
      if (!String(error).includes('404')) throw error // removed before it was started
    })
    return NOTHING_TO_HEAL
  }),
  {
    ...ORDINARY,
    row: 18,
    name: 'a foreign container with the forwarded label and a high epoch appears',
    holds: [1_000, 4_000],
    inject: async ({ world, random }) => {
      const id = await world.makeForeign(`intruder-${random.between(1000, 9999)}`, {
        [LABEL.forwarded]: 'true',
        [LABEL.epoch]: '9007199254740990',
        [LABEL.index]: '0',
        [LABEL.p2pPort]: String(world.gluetun.port ?? 41_000),
      })
      return () => world.removeForeign(id)
    },
  },
  {
    ...ORDINARY,
    row: 18,
    name: 'a foreign container with huge labels and line breaks in them appears',
    holds: [1_000, 4_000],
    inject: async ({ world, random }) => {
      const id = await world.makeForeign(`oversized-${random.between(1000, 9999)}`, {
        [LABEL.forwarded]: 'true\nacestream.lease.epoch=5',
        [LABEL.epoch]: '12\n13',
        [LABEL.engineId]: 'x'.repeat(5_000),
        [LABEL.pool]: '../../default',
        ['k'.repeat(300)]: '\u001b[31m',
      })
      return () => world.removeForeign(id)
    },
  },
]
