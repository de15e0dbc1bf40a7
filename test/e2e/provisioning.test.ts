import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { ForwardedSampler, verifyExclusive } from '../support/sampler.js'
import { Berth, DockerWorld, eventually, processesNaming } from '../support/world.js'

interface Provisioned {
  container_id: string
  container_name: string
  host_http_port: number
  container_http_port: number
  container_https_port: number
}

/** Of twenty concurrent provisions. */
const ROUNDS = Number(process.env.BERTH_TEST_ROUNDS ?? 3)

describe.skipIf(whyNoDockerd() !== null)('on a real Docker daemon', () => {
  let world: DockerWorld
  let berth: Berth
  let sampler: ForwardedSampler

  beforeAll(async () => {
    world = await DockerWorld.start()
  })
  afterAll(async () => {
    await world?.stop()
  })
  beforeEach(() => {
    sampler = new ForwardedSampler(world.docker)
  })
  afterEach(async () => {
    await berth?.discard()
    verifyExclusive(await sampler.stop())
    await world.clear()
  })

  it('20 concurrent provisions with none forwarded make exactly one forwarded, again and again, and give no port twice', async () => {
    await world.startGluetun(41000)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '0', ENGINE_MEMORY_MB: '256' })
    await berth.start()
    await eventually('the port is known', async () => ((await berth.lease()).port === 41000 ? true : null))
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => berth.send('POST', '/provision/acestream', {})))
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200))
      const made = answers.map((answer) => answer.body as Provisioned)
      expect(new Set(made.map((engine) => engine.host_http_port)).size).toBe(20)
      expect(new Set(made.map((engine) => engine.container_https_port)).size).toBe(20)
      expect(await world.forwarded()).toHaveLength(1)
      await berth.settled(20)
      expect(await world.running()).toHaveLength(20)
      const full = await berth.send('POST', '/provision/acestream', {})
      expect(full).toMatchObject({ status: 503, body: { detail: { code: 'max_capacity' } } })
      await berth.send('POST', '/scale/0')
      await eventually(
        'all are gone',
        async () => ((await world.running()).length === 0 && (await berth.engines()).length === 0 ? true : null),
        60_000,
      )
    }
  })

  it('an engine deleted and another provisioned at once leave exactly one forwarded', async () => {
    await world.startGluetun(41000)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '1' })
    await berth.start()
    for (let round = 0; round < 3; round++) {
      const [holder] = await berth.settled(1)
      const deleted = berth.send('DELETE', `/containers/${holder?.container_name}`)
      const provisioned = berth.send('POST', '/provision/acestream', {})
      expect((await deleted).status).toBe(200)
      expect((await provisioned).status).toBe(200)
      const engines = await eventually('one is forwarded', async () => {
        const now = await berth.engines()
        return now.filter((engine) => engine.forwarded).length === 1 ? now : null
      })
      await berth.settled(engines.length)
      await berth.send('POST', '/scale/1')
      await berth.settled(1)
    }
  })

  it('engines start without a port while the VPN has none, and one becomes forwarded by itself when it comes', async () => {
    const gluetun = await world.startGluetun(0)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '2' })
    await berth.start()
    await berth.settled(2, { forwarded: false })
    expect(await world.forwarded()).toEqual([])
    expect((await berth.lease()).condition?.code).toBe('no-forwarded')
    await gluetun.setPort(42002)
    const engines = await berth.settled(2, { withinMs: 15_000 })
    expect(engines.find((engine) => engine.forwarded)?.forwarded_port).toBe(42002)
  })

  it('without a VPN no engine is forwarded, none has a P2P port, and all else works', async () => {
    berth = await Berth.prepare(world, { MIN_REPLICAS: '2', GLUETUN_CONTAINER_NAME: '' })
    await berth.start()
    const engines = await berth.settled(2, { forwarded: false })
    for (const engine of engines) {
      const { Config, HostConfig } = await world.docker.getContainer(engine.container_id).inspect()
      expect(Config.Env.some((entry) => entry.startsWith('P2P_PORT'))).toBe(false)
      expect(HostConfig.NetworkMode).not.toContain('container:')
      expect(engine.host).toBe('localhost')
    }
    expect(await world.forwarded()).toEqual([])
    expect(await berth.get('/vpn/status')).toMatchObject({ mode: 'disabled', enabled: false })
    expect((await berth.send('POST', '/lease/elect')).status).toBe(409)
    const provisioned = await berth.send('POST', '/provision/acestream', { labels: { stream_id: 'ch-42' } })
    expect(provisioned.status).toBe(200)
    const { container_id } = provisioned.body as Provisioned
    expect((await world.docker.getContainer(container_id).inspect()).Config.Labels.stream_id).toBe('ch-42')
    expect((await berth.send('DELETE', `/containers/${container_id}`)).status).toBe(200)
  })

  it('a missing image is said with the fix, and the rest goes on', async () => {
    await world.startGluetun(41000)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '0', ENGINE_IMAGE: 'berth-test/nowhere:latest' })
    await berth.start()
    const answer = await berth.send('POST', '/provision/acestream', {})
    expect(answer.status).toBe(503)
    expect(JSON.stringify(answer.body)).toContain('ENGINE_IMAGE')
    expect((await berth.send('POST', '/scale/0')).status).toBe(200)
    expect(await berth.get('/vpn/status')).toMatchObject({ forwarded_port: 41000, connected: true })
  })

  it('a VPN that answers 401 is said with the fix, engines run, and the port is taken once it may be read', async () => {
    const gluetun = await world.startGluetun(41000)
    await eventually('Gluetun answers', async () => gluetun.setFault('unauthorized').then(() => true))
    berth = await Berth.prepare(world, { MIN_REPLICAS: '1' })
    await berth.start()
    await berth.settled(1, { forwarded: false })
    const vpn = await eventually('the problem is shown', async () => {
      const now = await berth.get<{ problem: { code: string; detail: string } | null }>('/vpn/status')
      return now.problem
    })
    expect(vpn.code).toBe('gluetun-unauthorized')
    expect(vpn.detail).toContain('GLUETUN_API_KEY')
    await gluetun.setFault(null)
    await berth.settled(1)
  })

  it('a stop that is to remove the engines leaves no container and no process', async () => {
    await world.startGluetun(41000)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '2', BERTH_ON_STOP: 'remove' })
    await berth.start()
    await berth.settled(2)
    const parts = Object.values(berth.parts())
    expect(parts.every((pid) => pid > 0)).toBe(true)
    expect(await berth.stop()).toBe(0)
    expect(await world.docker.listContainers({ all: true, filters: JSON.stringify({ label: ['ondemand.app=myservice'] }) })).toEqual([])
    expect(processesNaming(berth.dataDir)).toEqual([])
    await berth.start()
    await berth.settled(2)
  })

  it('a Docker daemon that is not there is said, nothing moves, and work goes on when it is back', async () => {
    await world.startGluetun(41000)
    berth = await Berth.prepare(world, { MIN_REPLICAS: '2' })
    await berth.start()
    await berth.settled(2)
    await world.dockerd.kill()
    const ready = await eventually('Docker is said to be missing', async () => {
      const response = await fetch(`${berth.url}/readyz`)
      const body = (await response.json()) as { parts: { docker: { ok: boolean; detail: string | null } } }
      return body.parts.docker.ok ? null : body.parts.docker
    })
    expect(ready.detail).toMatch(/Docker/)
    const epoch = (await berth.lease()).epoch
    expect((await berth.lease()).holder?.epoch).toBe(epoch)
    await world.dockerd.restart()
    await world.startGluetunAgain()
    const engines = await berth.settled(2, { withinMs: 90_000 })
    expect(engines.filter((engine) => engine.forwarded)).toHaveLength(1)
  })
})
