import { describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { holderOf, useBerth } from '../support/running-berth.js'
import { type Engine, eventually } from '../support/world.js'

const obstacle = whyNoDockerd()

describe.skipIf(obstacle !== null)('on a real Docker daemon, Berth', () => {
  const at = useBerth({ MIN_REPLICAS: '3' })

  it('makes exactly one engine forwarded, with label, port and name, and gives the others no port', async () => {
    const engines = await at.berth.settled(3)
    const holder = holderOf(engines)
    const [labelled, ...more] = await at.world.forwarded()
    expect(more).toEqual([])
    expect(labelled?.Id).toBe(holder.container_id)
    expect(holder.container_name).toBe('berth-forwarded')
    expect(holder.forwarded_port).toBe(41000)
    expect(holder.labels['acestream.forwarded']).toBe('true')
    for (const engine of engines) {
      const { Config, HostConfig } = await at.world.docker.getContainer(engine.container_id).inspect()
      const p2p = Config.Env.filter((entry) => entry.startsWith('P2P_PORT='))
      expect(p2p).toEqual(engine.forwarded ? ['P2P_PORT=41000'] : [])
      expect('acestream.forwarded' in Config.Labels).toBe(engine.forwarded)
      expect(HostConfig.NetworkMode).toBe(`container:${at.gluetun.id}`)
      expect(Config.Labels).toMatchObject(engine.labels)
    }
    expect(new Set(engines.map((engine) => engine.port)).size).toBe(3)
  })

  it('says when it last asked each engine how it is, and that the forwarded port takes connections', async () => {
    const since = Date.now()
    const engines = await eventually('each engine was asked since', async () => {
      const told = await at.berth.settled(3)
      const isAsked = ({ last_health_check: asked, p2p_connected }: Engine) =>
        asked !== null && Date.parse(asked) >= since && p2p_connected !== null
      return told.every(isAsked) ? told : null
    })
    for (const { forwarded, p2p_connected, p2p_listening } of engines)
      expect([p2p_connected, p2p_listening]).toEqual([true, forwarded ? true : null])
  })

  it('hands the port on when the forwarded container is removed by hand', async () => {
    const before = holderOf(await at.berth.settled(3))
    await at.world.docker.getContainer(before.container_id).remove({ force: true })
    const after = await eventually('another container holds the port', async () => {
      const [container] = await at.world.forwarded()
      return container && container.Id !== before.container_id ? container : null
    })
    const holder = holderOf(await at.berth.settled(3))
    expect(holder.container_id).toBe(after.Id)
    expect(holder.lease_epoch).toBe((before.lease_epoch ?? 0) + 1)
  })

  it('replaces a follower that is removed by hand and leaves the holder alone', async () => {
    const engines = await at.berth.settled(3)
    const follower = engines.find((engine) => !engine.forwarded)
    await at.world.docker.getContainer(follower?.container_id ?? '').remove({ force: true })
    await eventually('the follower is replaced', async () => {
      const now = await at.berth.engines()
      return now.length === 3 && now.every((engine) => engine.container_id !== follower?.container_id) ? now : null
    })
    expect(holderOf(await at.berth.settled(3)).container_id).toBe(holderOf(engines).container_id)
  })

  it('follows the port when the VPN gets another one', async () => {
    const before = holderOf(await at.berth.settled(3))
    await at.gluetun.setPort(42001)
    await eventually(
      'the holder is on the new port',
      async () => {
        const [container] = await at.world.forwarded()
        return container?.Labels['acestream.p2p-port'] === '42001' ? container : null
      },
      10_000,
    )
    const holder = holderOf(await at.berth.settled(3))
    expect(holder.forwarded_port).toBe(42001)
    expect(holder.lease_epoch).toBeGreaterThan(before.lease_epoch ?? 0)
  })

  it('hands the port to another engine when a person sends forceElection', async () => {
    const before = holderOf(await at.berth.settled(3))
    await at.berth.temporal(
      'workflow',
      'signal',
      '--workflow-id',
      'forwarded-lease/default/0',
      '--name',
      'forceElection',
      '--input',
      '{"reason":"by hand"}',
    )
    const lease = await eventually('another engine holds the port', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.engine_id !== before.engine_id ? now : null
    })
    expect(lease.log.at(-2)?.ended).toBe('by hand')
    await at.berth.settled(3)
  })

  it('goes on with the same containers, holder and epochs when its workflows are terminated in the Temporal web UI', async () => {
    const before = await at.berth.settled(3)
    const ids = ['forwarded-lease/default/0', 'fleet/default', 'watch/default']
    const since = Date.now()
    for (const id of ids) await at.berth.temporal('workflow', 'terminate', '--workflow-id', id, '--reason', 'by hand')
    await eventually('each runs again', async () => {
      const described = await Promise.all(ids.map((id) => at.berth.temporal('workflow', 'describe', '--workflow-id', id, '-o', 'json')))
      const runs = described.map(
        (text) => (JSON.parse(text) as { workflowExecutionInfo: { startTime: string; status: string } }).workflowExecutionInfo,
      )
      return runs.every(({ startTime, status }) => status.endsWith('RUNNING') && Date.parse(startTime) >= since) ? true : null
    })
    await eventually('the lease knows its holder', async () => ((await at.berth.lease()).holder?.phase === 'active' ? true : null))
    const keptOf = (engines: readonly Engine[]) => engines.map((engine) => [engine.engine_id, engine.container_id, engine.lease_epoch])
    expect(keptOf(await at.berth.settled(3))).toEqual(keptOf(before))
    const holder = holderOf(before)
    await at.world.docker.getContainer(holder.container_id).remove({ force: true })
    const next = await eventually('the next epoch is active', async () => {
      const lease = await at.berth.lease()
      return lease.holder?.phase === 'active' && lease.holder.epoch !== holder.lease_epoch ? lease.holder : null
    })
    expect(next.epoch).toBe((holder.lease_epoch ?? 0) + 1)
    await at.berth.settled(3)
  })

  it('keeps the search attributes true for the Temporal web UI', async () => {
    const holder = holderOf(await at.berth.settled(3))
    const listed = await eventually('one engine is listed as forwarded', async () => {
      const found = JSON.parse(
        await at.berth.temporal('workflow', 'list', '--query', "Forwarded = true AND ExecutionStatus = 'Running'", '-o', 'json'),
      ) as {
        execution: { workflowId: string }
      }[]
      return found.length === 1 ? found : null
    })
    expect(listed[0]?.execution.workflowId).toBe(`engine/default/${holder.engine_id}`)
  })

  it('recovers when the worker is killed while the forwarded container is removed', async () => {
    const before = holderOf(await at.berth.settled(3))
    process.kill(at.berth.parts().worker, 'SIGKILL')
    await at.world.docker.getContainer(before.container_id).remove({ force: true })
    const lease = await eventually('the next epoch is active', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.epoch > (before.lease_epoch ?? 0) ? now : null
    })
    expect(lease.holder?.container_id).not.toBe(before.container_id)
    await at.berth.settled(3)
  })

  it('recovers when the worker is killed in the middle of a hand-over', async () => {
    const before = holderOf(await at.berth.settled(3))
    await at.berth.send('POST', '/lease/elect', { reason: 'test' })
    await eventually(
      'the hand-over is under way',
      async () => ((await at.berth.lease()).holder?.phase === 'active' ? null : true),
      5_000,
    ).catch(() => null)
    process.kill(at.berth.parts().worker, 'SIGKILL')
    await eventually('a later epoch is active', async () => {
      const now = await at.berth.lease()
      return now.holder?.phase === 'active' && now.holder.epoch > (before.lease_epoch ?? 0) ? now : null
    })
    await at.berth.settled(3)
  })

  it('goes on where it was when Temporal is killed and started again on its file', async () => {
    const before = await at.berth.settled(3)
    process.kill(at.berth.parts().temporal, 'SIGKILL')
    await eventually('Temporal is back', async () => ((await at.berth.get<{ status: string }>('/readyz')).status === 'ready' ? true : null))
    const after = await at.berth.settled(3)
    expect(after.map((engine) => engine.container_id)).toEqual(before.map((engine) => engine.container_id))
    const holder = holderOf(after)
    await at.world.docker.getContainer(holder.container_id).remove({ force: true })
    await eventually('the next epoch is active', async () =>
      (await at.berth.lease()).holder?.epoch === (holder.lease_epoch ?? 0) + 1 ? true : null,
    )
    await at.berth.settled(3)
  })

  it('finds the same containers, holder and epoch after a kill -9 of the whole tree', async () => {
    const before = await at.berth.settled(3)
    const startedAt = async (engines: Engine[]) =>
      Promise.all(engines.map(async ({ container_id }) => (await at.world.docker.getContainer(container_id).inspect()).State.StartedAt))
    const times = await startedAt(before)
    await at.berth.killAll()
    await at.berth.start()
    const after = await at.berth.settled(3)
    expect(after.map((engine) => engine.container_id)).toEqual(before.map((engine) => engine.container_id))
    expect(holderOf(after).engine_id).toBe(holderOf(before).engine_id)
    expect(holderOf(after).lease_epoch).toBe(holderOf(before).lease_epoch)
    expect(await startedAt(after)).toEqual(times)
  })

  it('replaces the forwarded engine that the API deletes, and the new one is forwarded', async () => {
    const before = await at.berth.settled(3)
    const gone = holderOf(before)
    const answer = await at.berth.send('DELETE', `/containers/${gone.container_id}`)
    expect(answer).toEqual({ status: 200, body: { deleted: gone.container_id } })
    const after = await at.berth.settled(3)
    const known = new Set(before.map((engine) => engine.engine_id))
    expect(known.has(holderOf(after).engine_id)).toBe(false)
  })

  it('scales up and down again and keeps the holder', async () => {
    const holder = holderOf(await at.berth.settled(3))
    expect(await at.berth.send('POST', '/scale/5')).toEqual({ status: 200, body: { scaled_to: 5 } })
    await at.berth.settled(5)
    expect(await at.berth.send('POST', '/scale/3')).toEqual({ status: 200, body: { scaled_to: 3 } })
    expect(holderOf(await at.berth.settled(3)).container_id).toBe(holder.container_id)
  })

  it('never touches a container that is not its own', async () => {
    const foreign = await at.world.docker.createContainer({
      name: 'foreign',
      Image: 'berth-test/engine:latest',
      Labels: { 'acestream.forwarded': 'no' },
    })
    const answer = await at.berth.send('DELETE', `/containers/${foreign.id}`)
    expect(answer.status).toBe(404)
    expect((await foreign.inspect()).Id).toBe(foreign.id)
    await foreign.remove({ force: true })
  })

  it('repairs engines when Gluetun is restarted', async () => {
    const before = await at.berth.settled(3)
    await at.world.docker.getContainer(at.gluetun.id).restart({ t: 0 })
    await eventually('every engine runs in the new network', async () => {
      const now = await at.berth.engines()
      const old = new Set(before.map((engine) => engine.container_id))
      return now.length === 3 && now.every((engine) => !old.has(engine.container_id)) ? now : null
    })
    await at.berth.settled(3)
  })

  it('makes engines anew when Gluetun is made anew', async () => {
    await at.berth.settled(3)
    await at.world.docker.getContainer(at.gluetun.id).remove({ force: true })
    at.gluetun = await at.world.startGluetun(43003)
    await eventually('every engine shares the new Gluetun', async () => {
      const containers = await at.world.running()
      return containers.length === 3 && containers.every((container) => container.HostConfig.NetworkMode === `container:${at.gluetun.id}`)
        ? true
        : null
    })
    expect(holderOf(await at.berth.settled(3)).forwarded_port).toBe(43003)
  })

  it('keeps the holder through a port that flaps to none', async () => {
    const before = holderOf(await at.berth.settled(3))
    for (let flap = 0; flap < 3; flap++) {
      await at.gluetun.setPort(0)
      await eventually('Gluetun shows none', async () => true)
      await at.gluetun.setPort(43003)
    }
    const after = holderOf(await at.berth.settled(3))
    expect(after.container_id).toBe(before.container_id)
  })
})
