import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoDockerd } from '../support/dockerd.js'
import { API_KEY, Stack } from '../support/stack.js'
import { type Engine, eventually } from '../support/world.js'

const minute = 60_000

describe.skipIf(whyNoDockerd() !== null)('the image and docker-compose.yml, on a real Docker daemon', () => {
  let stack: Stack

  beforeAll(async () => {
    stack = await Stack.prepare()
    await stack.compose('build')
    await stack.compose('up', '-d', '--wait', '--wait-timeout', '180')
  }, 10 * minute)
  afterAll(async () => {
    await stack?.stop()
  })

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${stack.url}${path}`)
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const settled = (count: number) =>
    eventually(
      `${count} healthy engines, one of them forwarded`,
      async () => {
        const engines = await get<Engine[]>('/engines')
        const healthy = engines.filter((engine) => engine.health_status === 'healthy')
        return engines.length === count && healthy.length === count && engines.filter((engine) => engine.forwarded).length === 1
          ? engines
          : null
      },
      minute,
    )

  it('is one image: no sources, no development packages, no compiler, and one of five core bridges', async () => {
    const list = `const { readdirSync: read, existsSync: is } = require('node:fs')
      console.log(JSON.stringify({
        app: read('/app').sort(),
        bridges: read('/app/node_modules/@temporalio/core-bridge/releases').length,
        unwanted: ['typescript', 'typescript-7', 'vitest', '@swc', '@temporalio/testing'].filter((name) => is('/app/node_modules/' + name)),
        major: Number(process.versions.node.split('.')[0]),
      }))`
    const output = await stack.compose('run', '--rm', '--no-deps', '-T', '--entrypoint', 'node', 'api', '-e', list)
    expect(JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '')).toEqual({
      app: ['LICENSE', 'bin', 'dist', 'docs', 'node_modules', 'package.json', 'scripts'],
      bridges: 1,
      unwanted: [],
      major: 24,
    })
    const { Config, Size } = await stack.docker.getImage('berth:latest').inspect()
    expect(Config.User).toBe('65532:65532')
    expect(Config.Labels).toMatchObject({ 'org.opencontainers.image.title': 'Berth', 'org.opencontainers.image.licenses': 'MIT' })
    const base = await stack.docker.getImage('node:24-trixie-slim').inspect()
    expect((Size - base.Size) / 1e6, 'MB that Berth adds to its base').toBeLessThan(150)
  })

  it('restrains its parts: nothing to write to, no capability, and only the worker has the Docker socket', async () => {
    for (const service of ['temporal', 'worker', 'api']) {
      const { Config, HostConfig, Mounts } = await stack.inspect(service)
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Privileged: false,
      })
      expect(Config.User).not.toMatch(/^(0|root)?(:|$)/)
      expect(
        Mounts.some(({ Destination }) => Destination.includes('docker.sock')),
        service,
      ).toBe(service === 'worker')
    }
  })

  it('publishes the API and the window of engine ports on loopback, and nothing of Temporal', async () => {
    const published = async (service: string) =>
      Object.values((await stack.inspect(service)).NetworkSettings.Ports).flatMap((bindings) => bindings ?? [])
    expect(await published('temporal')).toEqual([])
    expect(await published('worker')).toEqual([])
    const [api, gluetun] = [await published('api'), await published('gluetun')]
    expect(api).toEqual([{ HostIp: '127.0.0.1', HostPort: new URL(stack.url).port }])
    expect(gluetun).toHaveLength(4)
    expect(new Set(gluetun.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']))
  })

  it('keeps Temporal out of reach of Gluetun and the engines', async () => {
    const networks = async (service: string) => Object.keys((await stack.inspect(service)).NetworkSettings.Networks)
    const gluetun = new Set(await networks('gluetun'))
    expect((await networks('temporal')).filter((name) => gluetun.has(name))).toEqual([])
  })

  it('is healthy in every part, and ready', async () => {
    for (const service of ['temporal', 'gluetun', 'worker', 'api']) {
      const { State } = await stack.inspect(service)
      expect(State.Health?.Status, service).toBe('healthy')
    }
    await settled(1)
    await eventually('the stack is ready', async () => ((await fetch(`${stack.url}/readyz`)).status === 200 ? true : null))
  })

  it('serves the panel, the page of the API and the pages of problems', async () => {
    for (const path of ['/', '/docs', '/openapi.json', '/problems/max-capacity']) {
      expect([path, (await fetch(`${stack.url}${path}`)).status]).toEqual([path, 200])
    }
  })

  it('provisions over HTTP for whoever has the key, and forwards the port to exactly one engine behind Gluetun', async () => {
    const provision = (headers: Record<string, string>) => fetch(`${stack.url}/provision/acestream`, { method: 'POST', headers })
    expect((await provision({})).status).toBe(401)
    const answer = await provision({ authorization: `Bearer ${API_KEY}` })
    expect(answer.status, await answer.clone().text()).toBe(200)
    const engines = await settled(2)
    const [holder, ...more] = await stack.forwarded()
    expect(more).toEqual([])
    expect(holder?.Id).toBe(engines.find((engine) => engine.forwarded)?.container_id)
    expect(holder?.Config.Env).toContain('P2P_PORT=41000')
    const { Id: gluetun } = await stack.inspect('gluetun')
    for (const { container_id } of engines) {
      const { HostConfig } = await stack.docker.getContainer(container_id).inspect()
      expect(HostConfig.NetworkMode).toBe(`container:${gluetun}`)
    }
  })

  it('serves each engine on the host through the ports of Gluetun', async () => {
    for (const { port } of await settled(2)) {
      const answer = await fetch(`http://127.0.0.1:${port}/webui/api/service?method=get_version`)
      expect(answer.status).toBe(200)
    }
  })

  it('hands the port on when the forwarded engine is killed', async () => {
    const before = (await settled(2)).find((engine) => engine.forwarded)
    await stack.docker.getContainer(before?.container_id ?? '').kill()
    await eventually('another container is forwarded', async () => {
      const [container] = await stack.forwarded()
      return container !== undefined && container.Id !== before?.container_id && container.State.Running ? container : null
    })
    const after = (await settled(2)).find((engine) => engine.forwarded)
    expect(after?.forwarded_port).toBe(41000)
    expect(after?.lease_epoch).toBe((before?.lease_epoch ?? 0) + 1)
    expect(await stack.forwarded()).toHaveLength(1)
  })

  it('makes a worker unhealthy whose server is gone, and healthy again when that is back', async () => {
    const health = async () => (await stack.inspect('worker')).State.Health?.Status
    await stack.compose('pause', 'temporal')
    await eventually('the worker is unhealthy', async () => ((await health()) === 'unhealthy' ? true : null), 2 * minute)
    await stack.compose('unpause', 'temporal')
    await eventually('the worker is healthy', async () => ((await health()) === 'healthy' ? true : null), minute)
    await settled(2)
  })

  it('leaves nothing behind when engines are removed first', async () => {
    await stack.compose('exec', '-T', 'worker', 'berth', 'down')
    await stack.compose('down', '-v')
    expect(await stack.docker.listContainers({ all: true })).toEqual([])
    expect((await stack.docker.listVolumes()).Volumes ?? []).toEqual([])
    const networks = await stack.docker.listNetworks()
    expect(networks.map(({ Name }) => Name).filter((name) => !['bridge', 'host', 'none'].includes(name))).toEqual([])
  })
})
