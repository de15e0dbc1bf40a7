import type Docker from 'dockerode'
import { expect, test } from 'vitest'
import type { DockerSimulator } from '../../src/simulator/docker-engine.js'
import { answersAt, engine, freePort, startSimulator, until } from './docker-harness.js'

const INSIDE = { HostConfig: { NetworkMode: 'container:gluetun' } }

async function startEngine(docker: Docker, name: string, ports: { http: number; p2p?: number }, env: string[] = []) {
  const container = await docker.createContainer({ name, ...engine(ports, { ...INSIDE, Env: env }) })
  await container.start()
  return container
}

function statusOf(simulator: DockerSimulator, name: string) {
  const { status, exitCode, orphaned } = simulator.containers().find((container) => container.name === name) ?? {}
  return { status, exitCode, orphaned }
}

const withGluetun = () => startSimulator({ gluetun: { name: 'gluetun' } })

test('the Gluetun container is there, runs on the loopback address, is healthy and carries labels of compose', async () => {
  const { docker } = await withGluetun()
  const { State, Config, NetworkSettings } = await docker.getContainer('gluetun').inspect()
  expect(State).toMatchObject({ Running: true, Health: { Status: 'healthy' } })
  expect(Config.Labels).toMatchObject({ 'com.docker.compose.service': 'gluetun' })
  expect(Config.Env).toContain('VPN_SERVICE_PROVIDER=protonvpn')
  expect(Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress)).toEqual(['127.0.0.1'])
})

test.each(['http', 'p2p'] as const)('a second engine on one %s port of a namespace starts and exits with 1', async (shared) => {
  const { docker, simulator } = await withGluetun()
  const taken = { http: await freePort(), p2p: await freePort() }
  await startEngine(docker, 'first', taken)
  await until('the first answers', () => answersAt(taken.http))
  const second = await startEngine(docker, 'second', { http: await freePort(), p2p: await freePort(), [shared]: taken[shared] })
  expect(await second.wait()).toEqual({ Error: null, StatusCode: 1 })
  expect(statusOf(simulator, 'second')).toMatchObject({ status: 'exited', exitCode: 1 })
  expect(statusOf(simulator, 'first')).toMatchObject({ status: 'running' })
  const log = await second.logs({ stderr: true, stdout: true, follow: false })
  expect(log.toString()).toContain('EADDRINUSE')
})

test('engines on networks of their own share a container port, and answer on the host port that each has published', async () => {
  const { docker } = await startSimulator()
  const http = await freePort()
  for (const name of ['one', 'two']) {
    const hostPort = await freePort()
    const PortBindings = { [`${http}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] }
    const container = await docker.createContainer({ name, ...engine({ http }, { HostConfig: { PortBindings } }) })
    await container.start()
    await until(`${name} answers`, () => answersAt(hostPort))
    const address = (await container.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? ''
    if (process.platform === 'linux') expect(await answersAt(http, address)).toBe(true)
  }
})

test('engines keep running when Gluetun restarts, nothing reaches them, and a restart of theirs repairs them', async () => {
  const { docker, simulator } = await withGluetun()
  const http = await freePort()
  const container = await startEngine(docker, 'engine', { http, p2p: await freePort() })
  await until('it answers', () => answersAt(http))
  await docker.getContainer('gluetun').restart()
  expect(statusOf(simulator, 'engine')).toEqual({ status: 'running', exitCode: 0, orphaned: true })
  expect(await answersAt(http)).toBe(false)
  const [{ State: own }, { State: gluetun }] = await Promise.all([container.inspect(), docker.getContainer('gluetun').inspect()])
  expect(Date.parse(own.StartedAt)).toBeLessThan(Date.parse(gluetun.StartedAt))
  await container.restart()
  await until('it answers again', () => answersAt(http))
  expect(statusOf(simulator, 'engine')).toMatchObject({ orphaned: false })
})

test('an orphan leaves its ports to a new engine', async () => {
  const { docker, simulator } = await withGluetun()
  const ports = { http: await freePort(), p2p: await freePort() }
  await startEngine(docker, 'old', ports)
  await until('the old one answers', () => answersAt(ports.http))
  await docker.getContainer('gluetun').restart()
  await startEngine(docker, 'new', ports)
  await until('the new one answers', () => answersAt(ports.http))
  expect(statusOf(simulator, 'old')).toMatchObject({ status: 'running', orphaned: true })
})

test('an engine cannot be started while Gluetun is stopped, and can be afterwards', async () => {
  const { docker } = await withGluetun()
  const http = await freePort()
  const container = await startEngine(docker, 'engine', { http })
  await container.stop()
  await docker.getContainer('gluetun').stop()
  await expect(container.start()).rejects.toMatchObject({ statusCode: 409 })
  await docker.getContainer('gluetun').start()
  await container.start()
  await until('it answers', () => answersAt(http))
})

test('an engine is bound to the Gluetun container that it was made for: with a new one it can never start again', async () => {
  const { docker, simulator } = await withGluetun()
  const container = await startEngine(docker, 'engine', { http: await freePort() })
  const oldId = (await docker.getContainer('gluetun').inspect()).Id
  const newId = await simulator.recreateGluetun()
  expect(newId).not.toBe(oldId)
  expect(statusOf(simulator, 'engine')).toMatchObject({ status: 'running', orphaned: true })
  expect((await container.inspect()).HostConfig.NetworkMode).toBe(`container:${oldId}`)
  await expect(container.restart()).rejects.toMatchObject({ statusCode: 500 })
  await expect(container.start()).rejects.toMatchObject({ statusCode: 404, json: { message: `No such container: ${oldId}` } })
})

test('an engine that is told to exits by itself, and one that is told to hang never answers', async () => {
  const { docker } = await withGluetun()
  const hung = await freePort()
  const dying = await startEngine(docker, 'dying', { http: await freePort() }, ['ENGINE_EXIT_AFTER_MS=20'])
  await startEngine(docker, 'hung', { http: hung }, ['ENGINE_HANG=1'])
  expect(await dying.wait()).toMatchObject({ StatusCode: 1 })
  await expect(fetch(`http://127.0.0.1:${hung}/`, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('a paused engine accepts and does not answer until it is unpaused', async () => {
  const { docker } = await withGluetun()
  const http = await freePort()
  const container = await startEngine(docker, 'engine', { http })
  await until('it answers', () => answersAt(http))
  await container.pause()
  const answer = answersAt(http)
  await container.unpause()
  expect(await answer).toBe(true)
})

test.each([
  ['die', 3, { status: 'exited', exitCode: 3 }],
  ['oom', 1, { status: 'exited', exitCode: 137 }],
  ['rm', 1, { status: undefined }],
] as const)('an engine can be made to %s', async (how, exitCode, expected) => {
  const { docker, simulator } = await withGluetun()
  const http = await freePort()
  await startEngine(docker, 'engine', { http })
  await simulator.killContainer('engine', how, exitCode)
  expect(statusOf(simulator, 'engine')).toMatchObject(expected)
  expect(await answersAt(http)).toBe(false)
  if (how === 'oom') expect((await docker.getContainer('engine').inspect()).State.OOMKilled).toBe(true)
})
