import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { ForwardedSampler, verifyExclusive } from '../support/sampler.js'
import { Berth, DockerWorld, eventually } from '../support/world.js'

/** Of each. */
const ELECTIONS = Number(process.env.BERTH_TEST_ELECTIONS ?? 15)

describe.skipIf(whyNoDockerd() !== null)('of two Berths with a Temporal each on one Docker daemon and one VPN', () => {
  let world: DockerWorld
  let first: Berth
  let second: Berth
  let sampler: ForwardedSampler

  beforeAll(async () => {
    world = await DockerWorld.start()
    await world.startGluetun(41_000)
    first = await Berth.prepare(world, { MIN_REPLICAS: '2' })
    second = await Berth.prepare(world, { MIN_REPLICAS: '1', BERTH_NAME_PREFIX: 'second' })
    sampler = new ForwardedSampler(world.docker)
    await first.start()
    await first.settled(2)
    await second.start()
  })
  afterAll(async () => {
    await second?.discard()
    await first?.discard()
    await world?.stop()
  })

  it('the second says lease-conflict, runs its engine without the port, and touches nothing of the first', async () => {
    const theirs = await first.settled(2)
    const startedAt = await Promise.all(theirs.map((engine) => world.startedAt(engine.container_id)))
    const [own] = await second.settled(1, { forwarded: false })
    expect(theirs.map((engine) => engine.container_id)).not.toContain(own?.container_id)
    expect(theirs.map((engine) => engine.port)).not.toContain(own?.port)
    const { condition } = await eventually('the conflict is said', async () => {
      const lease = await second.lease()
      return lease.condition?.code === 'lease-conflict' ? lease : null
    })
    expect(condition?.detail).toMatch(/berth-forwarded .*BERTH_INSTANCE=/)
    const ready = await fetch(`${second.url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('lease-conflict')
    expect((await first.lease()).condition).toBeNull()
    expect(await Promise.all(theirs.map((engine) => world.startedAt(engine.container_id)))).toEqual(startedAt)
  })

  it(`one holds through ${ELECTIONS} elections at each of them`, async () => {
    const began = await first.lease()
    for (let round = 0; round < ELECTIONS; round++) {
      await Promise.all([first.send('POST', '/lease/elect', {}), second.send('POST', '/lease/elect', {})])
      const epoch = round + 1 + began.epoch
      await eventually(`epoch ${epoch} or later`, async () => ((await first.lease()).epoch >= epoch ? true : null))
      await eventually('it is active', async () => ((await first.lease()).holder?.phase === 'active' ? true : null))
    }
    expect((await second.lease()).holder).toBeNull()
    expect((await second.lease()).epoch).toBe(0)
    const names = await eventually('the container that was cleared last runs', async () => {
      const running = await world.forwarded()
      return running.length === 0 ? null : running.map((container) => container.Names[0])
    })
    expect(names).toEqual(['/berth-forwarded'])
  })

  it('the second takes the port once nothing of the first is left', async () => {
    await first.cli('down')
    await eventually('nobody of the first is left', async () => ((await first.engines()).length === 0 ? true : null))
    const lease = await eventually(
      'the second holds it',
      async () => {
        const now = await second.lease()
        return now.holder?.phase === 'active' ? now : null
      },
      90_000,
    )
    expect(lease.condition).toBeNull()
    verifyExclusive(await sampler.stop())
  })
})
