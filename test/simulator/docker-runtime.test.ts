import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDockerRuntime } from '../../src/docker/dockerode-runtime.js'
import type { EngineSpec } from '../../src/docker/runtime.js'
import { createDockerSimulator } from '../../src/simulator/docker-engine.js'
import { runtimeConformance } from '../docker/runtime-cases.js'
import { answersAt, ENGINE_IMAGE, freePort, IDLE_IMAGE, startSimulator, until } from './docker-harness.js'

const spec: Omit<EngineSpec, 'httpPort' | 'httpsPort' | 'network'> = {
  name: 'berth-engine',
  image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
  variant: 'krinkuto11-amd64',
  engineId: 'engine-1',
  pool: 'default',
  forwarded: null,
  labels: {},
  environment: {},
}

runtimeConformance('the simulator', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-runtime-'))
  const socketPath = join(folder, 'docker.sock')
  const simulator = createDockerSimulator({ socketPath, images: [ENGINE_IMAGE, IDLE_IMAGE], unpullable: [/no-such-image/], latency: 0.1 })
  await simulator.start()
  const stop = async () => {
    await simulator.stop()
    await rm(folder, { recursive: true })
  }
  return { dockerHost: `unix://${socketPath}`, image: ENGINE_IMAGE, vpn: { Image: IDLE_IMAGE }, bridge: true, stop }
})

async function startRuntime() {
  const { simulator } = await startSimulator({ gluetun: { name: 'gluetun' } })
  const runtime = createDockerRuntime({
    dockerHost: `unix://${simulator.socketPath}`,
    managedLabel: { key: 'managed-by', value: 'berth' },
    instance: 'home',
    limits: { memoryMb: 512, cpus: 1, pidsLimit: 100 },
  })
  return { simulator, runtime }
}

test('the runtime takes a forwarded engine from its image to its removal, and hears of each step', async () => {
  const { runtime, simulator } = await startRuntime()
  const vpn = await runtime.inspectVpn('gluetun')
  if (vpn === null) throw new Error('there is no Gluetun container')
  expect(vpn).toMatchObject({ running: true, health: 'healthy', address: '127.0.0.1', provider: 'protonvpn' })

  const heard: string[] = []
  const following = new AbortController()
  onTestFinished(() => following.abort())
  const follow = async (): Promise<void> => {
    for await (const item of runtime.events('gluetun', following.signal)) heard.push(item.kind === 'event' ? item.event.action : item.kind)
  }
  const followed = follow()
  await until('the subscription stands', () => heard.length > 0)

  const [httpPort, httpsPort, p2pPort] = [await freePort(), await freePort(), await freePort()]
  const network = { kind: 'container', containerId: vpn.id, containerName: 'gluetun' } as const
  await runtime.ensureImage(spec.image)
  const id = await runtime.create({ ...spec, httpPort, httpsPort, network, forwarded: { index: 0, epoch: 7, p2pPort } })
  await runtime.start(id)
  await until('the engine answers', () => answersAt(httpPort))

  const [listed] = await runtime.list({ forwardedOnly: true })
  expect(listed).toMatchObject({ id, state: 'running', networkMode: `container:${vpn.id}`, engine: { epoch: 7, p2pPort } })
  expect(simulator.containers()[0]?.ports).toEqual({ address: '127.0.0.1', http: httpPort, p2p: p2pPort })
  await simulator.killContainer(id, 'oom')
  expect(await runtime.inspect(id)).toMatchObject({ managed: true, state: 'exited', exitCode: 137, oomKilled: true })
  await runtime.remove(id)
  expect(await runtime.inspect(id)).toBeNull()
  await until('the end is heard', () => heard.includes('destroy'))
  expect(heard).toEqual(['connected', 'create', 'start', 'oom', 'die', 'destroy'])
  following.abort()
  await followed
})

test('the runtime reaches an engine without a VPN at the port that it has published', async () => {
  const { runtime } = await startRuntime()
  const hostHttpPort = await freePort()
  const network = { kind: 'bridge', name: null, hostHttpPort, hostAddress: '127.0.0.1' } as const
  await runtime.ensureImage(spec.image)
  const id = await runtime.create({ ...spec, httpPort: 6878, httpsPort: 6879, network })
  await runtime.start(id)
  await until('the engine answers', () => answersAt(hostHttpPort))
  await runtime.remove(id)
  expect(await answersAt(hostHttpPort)).toBe(false)
})
