import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { describe, expect, test } from 'vitest'
import { FaultPlan } from '../../src/simulator/docker-faults.js'
import { IDLE_IMAGE, startSimulator, until } from './docker-harness.js'

const CREATE = { method: 'POST', path: '/containers/create' }

const create = (docker: Docker, name: string) => docker.createContainer({ name, Image: IDLE_IMAGE })

/** Actions heard so far, and whether the stream has ended. */
async function follow(docker: Docker) {
  const stream = (await docker.getEvents({ filters: { type: ['container'] } })) as Readable
  const heard: string[] = []
  const state = { heard, ended: false }
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { Attributes: { name: string } } }
      heard.push(`${Action} ${Actor.Attributes.name}`)
    }
  })
  for (const end of ['end', 'error', 'close']) stream.on(end, () => (state.ended = true))
  return { state, close: () => stream.destroy() }
}

describe('a request can be', () => {
  test('refused: nothing is executed', async () => {
    const { docker, simulator } = await startSimulator()
    const fault = simulator.faults.add({ kind: 'refuse', ...CREATE, count: 1 })
    await expect(create(docker, 'one')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(simulator.containers()).toEqual([])
    expect(fault.hits).toBe(1)
    await create(docker, 'one')
  })

  test('swallowed: nothing is executed and nothing is answered', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'black-hole', ...CREATE, count: 1 })
    const request = docker.createContainer({ name: 'one', Image: IDLE_IMAGE, abortSignal: AbortSignal.timeout(150) })
    await expect(request).rejects.toThrow()
    expect(simulator.containers()).toEqual([])
  })

  test('delayed: it is executed late, though its client has given up and another has the name by then', async () => {
    const { docker, simulator } = await startSimulator()
    const fault = simulator.faults.add({ kind: 'delay', milliseconds: 150, ...CREATE, count: 1 })
    const late = docker.createContainer({ name: 'late', Image: IDLE_IMAGE, abortSignal: AbortSignal.timeout(50) })
    await expect(late).rejects.toThrow()
    expect(fault.hits).toBe(1)
    expect(simulator.containers()).toEqual([])
    await until('the late create happens', () => simulator.containers().some(({ name }) => name === 'late'))
    await expect(create(docker, 'late')).rejects.toMatchObject({ statusCode: 409 })
  })

  test('answered with 500: nothing is executed', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'error', ...CREATE, count: 1 })
    await expect(create(docker, 'one')).rejects.toMatchObject({ statusCode: 500 })
    expect(simulator.containers()).toEqual([])
  })

  test('answered with half of the JSON', async () => {
    const { docker, simulator } = await startSimulator()
    await create(docker, 'one')
    simulator.faults.add({ kind: 'truncate', path: '/containers/json', count: 1 })
    const torn: unknown = await docker.listContainers({ all: true }).catch((cause: unknown) => cause)
    expect(Array.isArray(torn)).toBe(false)
    expect(await docker.listContainers({ all: true })).toHaveLength(1)
  })

  test('executed, with the reply dropped', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'drop-reply', ...CREATE, count: 1 })
    await expect(create(docker, 'one')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(simulator.containers().map(({ name }) => name)).toEqual(['one'])
    await expect(create(docker, 'one')).rejects.toMatchObject({ statusCode: 409 })
  })
})

describe('an event stream can be', () => {
  test('cut after a number of events', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'cut-events', after: 2, count: 1 })
    const { state } = await follow(docker)
    for (const name of ['one', 'two', 'three']) await create(docker, name)
    await until('the stream has ended', () => state.ended)
    expect(state.heard).toEqual(['create one', 'create two'])
  })

  test('cut while it is open', async () => {
    const { docker, simulator } = await startSimulator()
    const { state } = await follow(docker)
    simulator.faults.cutEventStreams()
    await until('the stream has ended', () => state.ended)
  })

  test('stalled: it stays open and says nothing, while a new one hears all', async () => {
    const { docker, simulator } = await startSimulator()
    const stalled = await follow(docker)
    simulator.faults.stallEventStreams()
    const fresh = await follow(docker)
    await create(docker, 'one')
    await until('the fresh stream hears it', () => fresh.state.heard.length === 1)
    expect(stalled.state).toEqual({ heard: [], ended: false })
    stalled.close()
    fresh.close()
  })

  test('stripped of one event', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'drop-event', count: 1 })
    const { state, close } = await follow(docker)
    for (const name of ['one', 'two']) await create(docker, name)
    await until('the second is heard', () => state.heard.length === 1)
    expect(state.heard).toEqual(['create two'])
    close()
  })

  test('put out of order', async () => {
    const { docker, simulator } = await startSimulator()
    simulator.faults.add({ kind: 'swap-event', count: 1 })
    const { state, close } = await follow(docker)
    for (const name of ['one', 'two']) await create(docker, name)
    await until('both are heard', () => state.heard.length === 2)
    expect(state.heard).toEqual(['create two', 'create one'])
    close()
  })
})

test('a removal that hangs keeps the container and its name, and a second one is told that it is in progress', async () => {
  const { docker, simulator } = await startSimulator()
  const container = await create(docker, 'stuck')
  await container.start()
  const release = simulator.holdRemoval('stuck', 'in-progress')
  const removal = container.remove({ force: true })
  await until('it is being removed', () => simulator.containers()[0]?.status === 'removing')
  await expect(docker.getContainer('stuck').remove({ force: true })).rejects.toMatchObject({
    statusCode: 409,
    json: { message: 'removal of container stuck is already in progress' },
  })
  await expect(container.start()).rejects.toMatchObject({ statusCode: 409 })
  await expect(create(docker, 'stuck')).rejects.toMatchObject({ statusCode: 409 })
  release()
  await removal
  await create(docker, 'stuck')
})

test('a removal that fails leaves a dead container, which goes with the next one', async () => {
  const { docker, simulator } = await startSimulator()
  const container = await create(docker, 'stuck')
  const release = simulator.holdRemoval('stuck', 'dead')
  await expect(container.remove({ force: true })).rejects.toMatchObject({ statusCode: 500 })
  expect((await container.inspect()).State).toMatchObject({ Status: 'dead', Dead: true })
  release()
  await container.remove({ force: true })
  expect(simulator.containers()).toEqual([])
})

test('a daemon that is down cannot be asked, and its containers live on or die with it', async () => {
  const { docker, simulator } = await startSimulator()
  await (await create(docker, 'one')).start()
  await simulator.daemonDown()
  await expect(docker.ping()).rejects.toMatchObject({ code: 'ENOENT' })
  await simulator.daemonUp()
  expect(await docker.listContainers()).toHaveLength(1)
  await simulator.daemonDown()
  await simulator.daemonUp({ killContainers: true })
  expect(await docker.listContainers()).toHaveLength(0)
})

test('the same seed hits the same requests, another seed others', () => {
  const hits = (seed: number): string => {
    const plan = new FaultPlan(seed)
    plan.add({ kind: 'drop-reply', path: '/containers/*/start', probability: 0.3 })
    return Array.from({ length: 200 }, () => (plan.forRequest('POST', '/containers/a/start') === null ? '.' : 'x')).join('')
  }
  expect(hits(7)).toBe(hits(7))
  expect(hits(7)).not.toBe(hits(8))
  expect(hits(7).replaceAll('.', '').length).toBeGreaterThan(30)
})

test('a rule hits only its method and path', () => {
  const plan = new FaultPlan()
  plan.add({ kind: 'refuse', method: 'DELETE', path: /^\/containers\/[^/]+$/g })
  expect(plan.forRequest('GET', '/containers/a')).toBeNull()
  expect(plan.forRequest('DELETE', '/containers/a/b')).toBeNull()
  expect(plan.forRequest('DELETE', '/containers/a')?.kind).toBe('refuse')
})
