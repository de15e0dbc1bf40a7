import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rmSync } from 'node:fs'
import { whyNoDockerd } from '../support/dockerd.js'
import { ForwardedSampler, verifyExclusive } from '../support/sampler.js'
import { Berth, DockerWorld, eventually, type Engine, type Lease } from '../support/world.js'

const PORT = 41_000

describe.skipIf(whyNoDockerd() !== null)('containers that run already', () => {
  let world: DockerWorld
  let berth: Berth

  beforeAll(async () => {
    world = await DockerWorld.start()
  })
  afterAll(async () => {
    await world?.stop()
  })
  beforeEach(async () => {
    await world.startGluetun(PORT)
  })
  afterEach(async () => {
    await berth?.discard()
    await world.clear()
  })

  const idsOf = (engines: readonly Engine[]): string[] => engines.map((engine) => engine.container_id).toSorted()
  const holderOf = (engines: readonly Engine[]): Engine | undefined => engines.find((engine) => engine.forwarded)

  /** `berth up` with these engines wanted; samples that at most one forwarded container runs from the moment that one is left. */
  async function begin(minReplicas: number, env: NodeJS.ProcessEnv = {}): Promise<void> {
    berth = await Berth.prepare(world, { MIN_REPLICAS: String(minReplicas), ...env })
    await berth.start()
  }

  it('of an older orchestrator are adopted without a restart, the right one as the holder', async () => {
    const follower = await world.startLegacyEngine(19_000)
    const forwarded = await world.startLegacyEngine(19_001, { forwarded: true, p2pPort: PORT })
    const before = await Promise.all([follower, forwarded].map((id) => world.startedAt(id)))
    const sampler = new ForwardedSampler(world.docker)
    await begin(2)
    const engines = await berth.settled(2)
    expect(idsOf(engines)).toEqual([follower, forwarded].toSorted())
    expect(holderOf(engines)).toMatchObject({ container_id: forwarded, forwarded_port: PORT, port: 19_001 })
    expect(await berth.lease()).toMatchObject({
      epoch: 1,
      port: PORT,
      condition: null,
      holder: { container_id: forwarded, phase: 'active' },
    })
    expect(await Promise.all([follower, forwarded].map((id) => world.startedAt(id)))).toEqual(before)
    verifyExclusive(await sampler.stop())
  })

  it('of an older orchestrator beyond the wanted number all stay', async () => {
    const ids = await Promise.all([19_000, 19_001, 19_002].map((port) => world.startLegacyEngine(port)))
    await begin(1)
    const engines = await eventually('all three and one with the port', async () => {
      const now = await berth.engines()
      return now.length === 3 && now.some((engine) => engine.forwarded) ? now : null
    })
    expect(engines.filter((engine) => ids.includes(engine.container_id))).toHaveLength(2)
    expect((await berth.lease()).holder?.port).toBe(PORT)
  })

  it('as several forwarded ones are reported: the one with the forwarded port stays, the others are replaced', async () => {
    const stale = await world.startLegacyEngine(19_000, { forwarded: true, p2pPort: 40_000 })
    const right = await world.startLegacyEngine(19_001, { forwarded: true, p2pPort: PORT })
    const alsoStale = await world.startLegacyEngine(19_002, { forwarded: true, p2pPort: 39_000 })
    const startedAt = await world.startedAt(right)
    await begin(3)
    const engines = await berth.settled(3)
    expect(holderOf(engines)?.container_id).toBe(right)
    expect(await world.startedAt(right)).toBe(startedAt)
    const ids = (await world.running()).map((container) => container.Id)
    expect(ids).not.toContain(stale)
    expect(ids).not.toContain(alsoStale)
    expect(await world.forwarded()).toHaveLength(1)
    await eventually('the trouble is over', async () => ((await berth.lease()).condition === null ? true : null))
    await eventually('it was said', async () => (berth.log().includes('several-forwarded') ? true : null))
  })

  it.each([
    ['no P2P port', undefined],
    ['another P2P port', 40_000],
  ])('as a forwarded one with %s is replaced by one with the port', async (_, p2pPort) => {
    const wrong = await world.startLegacyEngine(19_000, { forwarded: true, p2pPort })
    await begin(1)
    const [engine] = await berth.settled(1)
    expect(engine?.container_id).not.toBe(wrong)
    expect(engine?.forwarded_port).toBe(PORT)
    expect((await world.running()).map((container) => container.Id)).not.toContain(wrong)
  })

  it('keep their holder and its epoch when the Temporal database is lost, and the next epoch is higher', async () => {
    await begin(2)
    await berth.settled(2)
    await berth.send('POST', '/lease/elect', {})
    await eventually('a second epoch', async () => ((await berth.lease()).holder?.epoch === 2 ? true : null))
    const before = await berth.settled(2)
    const started = await Promise.all(before.map((engine) => world.startedAt(engine.container_id)))
    const sampler = new ForwardedSampler(world.docker)
    await berth.killAll()
    rmSync(berth.dataDir, { recursive: true, force: true })
    await berth.start()
    const after = await berth.settled(2)
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(holderOf(after)).toMatchObject({ container_id: holderOf(before)?.container_id, lease_epoch: 2 })
    expect(await Promise.all(before.map((engine) => world.startedAt(engine.container_id)))).toEqual(started)
    await berth.send('POST', '/lease/elect', {})
    await eventually('the next epoch', async () => ((await berth.lease()).holder?.epoch === 3 ? true : null))
    verifyExclusive(await sampler.stop())
  })

  it('win over an old backup of the database: the newest epoch stays the holder, and none is used again', async () => {
    await begin(2)
    await berth.settled(2)
    await berth.killAll()
    berth.backUp()
    await berth.start()
    await berth.settled(2)
    for (const epoch of [2, 3]) {
      await berth.send('POST', '/lease/elect', {})
      await eventually(`epoch ${epoch}`, async () => ((await berth.lease()).holder?.epoch === epoch ? true : null))
      await berth.settled(2)
    }
    const newest = holderOf(await berth.engines())
    const startedAt = await world.startedAt(newest?.container_id ?? '')
    const sampler = new ForwardedSampler(world.docker)
    await berth.killAll()
    berth.restore()
    await berth.start()
    const lease = await eventually<Lease>('the lease knows the newest epoch', async () => {
      const now = await berth.lease()
      return now.epoch >= 3 && now.holder?.phase === 'active' ? now : null
    })
    expect(lease.holder).toMatchObject({ epoch: 3, container_id: newest?.container_id })
    await berth.settled(2)
    expect(await world.startedAt(newest?.container_id ?? '')).toBe(startedAt)
    await berth.send('POST', '/lease/elect', {})
    await eventually('the next epoch', async () => ((await berth.lease()).holder?.epoch === 4 ? true : null))
    verifyExclusive(await sampler.stop())
  })

  it('that would be removed are shown and stay with RECONCILE_DRY_RUN, and go without it', async () => {
    const right = await world.startLegacyEngine(19_000, { forwarded: true, p2pPort: PORT })
    await begin(1, { RECONCILE_DRY_RUN: 'true' })
    await berth.settled(1)
    const stray = await world.startLegacyEngine(19_005, { forwarded: true, p2pPort: 40_000 })
    const lease = await eventually('it is shown', async () => {
      const now = await berth.lease()
      return now.reconcile.would_remove.length > 0 ? now : null
    })
    expect(lease.reconcile).toMatchObject({ dry_run: true, would_remove: [{ container_id: stray, name: 'acestream-19005' }] })
    expect((await world.forwarded()).map((container) => container.Id).toSorted()).toEqual([right, stray].toSorted())
    await berth.stop()
    await berth.start({ RECONCILE_DRY_RUN: 'false' })
    await eventually('it goes', async () => ((await world.forwarded()).length === 1 ? true : null))
    expect((await world.forwarded())[0]?.Id).toBe(right)
  })
})
