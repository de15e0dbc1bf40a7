import { describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { holderOf, useBerth } from '../support/running-berth.js'
import { type Engine, eventually, type Lease } from '../support/world.js'

describe.skipIf(whyNoDockerd() !== null)('the forwarded port', () => {
  const at = useBerth({ MIN_REPLICAS: '3', HEALTH_CHECK_INTERVAL_S: '1' })

  const followersOf = (engines: readonly Engine[]): Engine[] => engines.filter((engine) => !engine.forwarded)
  const heldBy = (engineId: string): Promise<Lease> =>
    eventually(`${engineId} holds the port`, async () => {
      const lease = await at.berth.lease()
      return lease.holder?.phase === 'active' && lease.holder.engine_id === engineId ? lease : null
    })
  const play = async (engine: Engine, id: string): Promise<void> => {
    const { status } = await at.berth.send('POST', '/events/stream_started', {
      engine: { host: engine.host, port: engine.port },
      stream: { key_type: 'infohash', key: 'a'.repeat(40) },
      session: {
        playback_session_id: id,
        stat_url: `http://${engine.host}:${engine.port}/ace/stat/x`,
        command_url: `http://${engine.host}:${engine.port}/ace/cmd/x`,
        is_live: 1,
      },
      labels: { stream_id: id },
    })
    expect(status).toBe(200)
  }
  const end = async (id: string): Promise<unknown> => (await at.berth.send('POST', '/events/stream_ended', { stream_id: id })).body

  it('goes to the engine that a person names, and stays there after the naming is undone', async () => {
    const [chosen] = followersOf(await at.berth.settled(3))
    expect((await at.berth.send('POST', '/lease/designate', { engine: chosen?.container_id })).status).toBe(202)
    const lease = await heldBy(chosen?.engine_id ?? '')
    expect(lease.preferred).toBe(chosen?.engine_id)
    expect(lease.log.at(-2)?.ended).toBe('designated')
    await at.berth.settled(3)
    expect((await at.berth.send('POST', '/lease/designate', { engine: null })).body).toMatchObject({
      preferred: null,
      holder: { engine_id: chosen?.engine_id },
    })
  })

  it('goes to the candidate of an election, by signal too', async () => {
    const [first, second] = followersOf(await at.berth.settled(3))
    expect((await at.berth.send('POST', '/lease/elect', { candidate: first?.engine_id, reason: 'test' })).status).toBe(202)
    await heldBy(first?.engine_id ?? '')
    await at.berth.settled(3)
    const input = JSON.stringify({ reason: 'by hand', candidate: second?.engine_id })
    const id = 'forwarded-lease/default/0'
    await at.berth.temporal('workflow', 'signal', '--workflow-id', id, '--name', 'forceElection', '--input', input)
    expect((await heldBy(second?.engine_id ?? '')).log.at(-2)?.ended).toBe('by hand')
  })

  it('is not moved by a request for another epoch', async () => {
    await at.berth.settled(3)
    const { epoch } = await at.berth.lease()
    const refused = await at.berth.send('POST', '/lease/elect', {}, { 'if-match': `"epoch-${epoch - 1}"` })
    expect(refused).toMatchObject({ status: 412, body: { type: '/problems/precondition-failed' } })
    expect((await at.berth.lease()).epoch).toBe(epoch)
    expect((await at.berth.send('POST', '/lease/elect', {}, { 'if-match': `"epoch-${epoch}"` })).status).toBe(202)
    await eventually('the next epoch', async () => ((await at.berth.lease()).holder?.epoch === epoch + 1 ? true : null))
  })

  it('stays with an engine that plays: an election is refused and a rotation waits until the stream ends', async () => {
    const holder = holderOf(await at.berth.settled(3))
    await play(holder, 'ch-1')
    const startedAt = await at.world.startedAt(holder.container_id)
    expect((await at.berth.engines()).find((engine) => engine.engine_id === holder.engine_id)).toMatchObject({ streams: ['ch-1'] })
    expect(await at.berth.send('POST', '/lease/elect', {})).toMatchObject({ status: 409 })
    expect((await at.berth.send('POST', '/lease/rotate', { reason: 'tidy' })).status).toBe(202)
    const waiting = await eventually('the rotation waits', async () => {
      const lease = await at.berth.lease()
      return lease.rotation.due === null ? null : lease
    })
    expect(waiting.rotation.due).toMatchObject({ waiting_for: 'streams', reason: 'tidy' })
    expect(await at.world.startedAt(holder.container_id)).toBe(startedAt)
    expect(await end('ch-1')).toMatchObject({ updated: true, stream: { id: 'ch-1', status: 'ended' } })
    expect(await end('ch-1')).toMatchObject({ updated: false })
    const lease = await eventually('another engine holds it', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.engine_id !== holder.engine_id ? now : null
    })
    expect(lease.log.at(-2)).toMatchObject({ engine_id: holder.engine_id, ended: 'tidy' })
  })

  it('never goes to an engine that plays while another does not', async () => {
    const engines = await at.berth.settled(3)
    const [busy, idle] = followersOf(engines)
    if (!busy || !idle) throw new Error('two followers are needed')
    await play(busy, 'ch-2')
    const before = await at.world.startedAt(busy.container_id)
    await at.berth.send('POST', '/lease/elect', {})
    await heldBy(idle.engine_id)
    await at.berth.settled(3)
    expect(await at.world.startedAt(busy.container_id)).toBe(before)
    await end('ch-2')
  })

  it('leaves a holder that does not answer, for a healthy engine without streams', async () => {
    const before = holderOf(await at.berth.settled(3))
    await at.world.docker.getContainer(before.container_id).pause()
    const lease = await eventually('another engine holds it', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.engine_id !== before.engine_id ? now : null
    })
    expect(lease.log.at(-2)).toMatchObject({ engine_id: before.engine_id, ended: 'unhealthy' })
    await at.berth.settled(3)
  })

  it('is told of every turnover in its history, newest first, with epochs that fall by one', async () => {
    const { items } = await at.berth.get<{ items: { epoch: number; gap_ms: number | null; began: string }[] }>('/lease/history?limit=100')
    const epochs = items.map((turnover) => turnover.epoch)
    expect(epochs).toEqual(epochs.map((_, index) => (epochs[0] ?? 0) - index))
    expect(items.length).toBeGreaterThan(5)
    for (const { gap_ms } of items.slice(0, -1)) expect(gap_ms).toBeGreaterThan(0)
  })

  it('is taken back from a container that somebody starts with a copy of its labels', async () => {
    const holder = holderOf(await at.berth.settled(3))
    const { Config, HostConfig } = await at.world.docker.getContainer(holder.container_id).inspect()
    await at.unwatched(async () => {
      const copy = await at.world.docker.createContainer({
        name: 'copy-of-forwarded',
        Image: Config.Image,
        Env: ['HTTP_PORT=19500', 'HTTPS_PORT=45500', 'P2P_PORT=40500'],
        Labels: Config.Labels,
        HostConfig: { NetworkMode: HostConfig.NetworkMode },
      })
      await copy.start()
      const [left] = await eventually('only one runs', async () => {
        const running = await at.world.forwarded()
        return running.length === 1 ? running : null
      })
      expect(left?.Id).toBe(holder.container_id)
      await eventually('it is said', async () => (at.berth.log().includes('several-forwarded') ? true : null))
      await eventually('the condition is over', async () => ((await at.berth.lease()).condition === null ? true : null))
    })
  })

  it('is rotated by the period, between engines that play nothing', async () => {
    await at.berth.stop()
    await at.berth.start({ FORWARDED_ROTATE_EVERY: '30s' })
    const before = holderOf(await at.berth.settled(3))
    const lease = await eventually(
      'another engine holds it',
      async () => {
        const now = await at.berth.lease()
        return now.holder?.phase === 'active' && now.holder.engine_id !== before.engine_id ? now : null
      },
      60_000,
    )
    expect(lease.log.at(-2)).toMatchObject({ engine_id: before.engine_id, ended: 'rotation' })
  })
})
