import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { expect, onTestFinished, test } from 'vitest'
import { createDockerSimulator } from '../../src/simulator/docker-engine.js'
import { ENGINE_IMAGE, IDLE_IMAGE, startSimulator } from './docker-harness.js'

test('of 100 concurrent creates of one name one succeeds and 99 are told who has it', async () => {
  const { docker } = await startSimulator({ latency: 0.5 })
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => docker.createContainer({ name: 'lease', Image: IDLE_IMAGE })))
  const made = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  const refused = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => reason as { statusCode: number; json: { message: string } })
  expect(made).toHaveLength(1)
  expect(new Set(refused.map(({ statusCode }) => statusCode))).toEqual(new Set([409]))
  expect(refused[0]?.json.message).toContain(`"/lease" is already in use by container "${made[0]?.value.id}"`)
})

test('a create whose client has gone happens all the same', async () => {
  const { docker, simulator } = await startSimulator({ latency: 1 })
  const aborted = new AbortController()
  const request = docker.createContainer({ name: 'left', Image: IDLE_IMAGE, abortSignal: aborted.signal })
  simulator.faults.add({ kind: 'delay', milliseconds: 20, path: '/containers/create' })
  setImmediate(() => setTimeout(() => aborted.abort(), 5))
  await expect(request).rejects.toThrow()
  await expect.poll(() => simulator.containers().map(({ name }) => name)).toEqual(['left'])
})

test('an image that cannot be pulled is refused, another is there afterwards', async () => {
  const { docker } = await startSimulator({ unpullable: ['nope', /^ghcr\.io\/private\//] })
  await expect(docker.pull('nope:1')).rejects.toMatchObject({ statusCode: 404 })
  await expect(docker.pull('ghcr.io/private/engine:1')).rejects.toMatchObject({ statusCode: 404 })
  await expect(docker.createContainer({ Image: 'other:1' })).rejects.toMatchObject({
    statusCode: 404,
    json: { message: 'No such image: other:1' },
  })
  const progress = await docker.pull('other:1')
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())))
  expect((await docker.getImage('other:1').inspect()).RepoTags).toEqual(['other:1'])
  expect((await docker.createContainer({ Image: 'other:1' })).id).toMatch(/^[0-9a-f]{64}$/)
})

test('a daemon of another version says so', async () => {
  const { docker, simulator } = await startSimulator({ version: { engine: '29.0.0', api: '1.52', minimumApi: '1.44' } })
  expect(await docker.version()).toMatchObject({ Version: '29.0.0', ApiVersion: '1.52', MinAPIVersion: '1.44' })
  const old = new Docker({ socketPath: simulator.socketPath, version: 'v1.43' })
  await expect(old.listContainers()).rejects.toMatchObject({ statusCode: 400 })
})

test('stop leaves no socket and no engine', async () => {
  const { docker, simulator } = await startSimulator()
  const container = await docker.createContainer({ Image: ENGINE_IMAGE, Env: ['HTTP_PORT=16878'] })
  await container.start()
  await simulator.stop()
  expect(simulator.containers().map(({ status }) => status)).toEqual(['exited'])
  await expect(docker.ping()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a socket that is in use is left alone, one that nobody listens on is replaced', async () => {
  const { docker, simulator } = await startSimulator()
  await expect(createDockerSimulator({ socketPath: simulator.socketPath }).start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect((await docker.ping()).toString()).toBe('OK')

  const socketPath = `${simulator.socketPath}.stale`
  const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  await expect(promisify(execFile)(process.execPath, ['-e', script])).rejects.toMatchObject({ signal: 'SIGKILL' })
  const second = createDockerSimulator({ socketPath })
  await second.start()
  onTestFinished(() => second.stop())
  expect((await new Docker({ socketPath }).ping()).toString()).toBe('OK')
})
