import { createServer, type RequestListener } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDockerRuntime } from '../../src/docker/dockerode-runtime.js'
import { parseDockerHost } from '../../src/docker/docker-host.js'
import { refusal, refusalWithNetwork, unreachable } from '../../src/docker/failures.js'
import { engineSpec, INSTANCE, LIMITS, MANAGED, outcome } from './runtime-cases.js'

const ID = 'c'.repeat(64)
const OTHER = 'd'.repeat(64)

describe('a refusal of the daemon', () => {
  test.each([
    [404, 'No such image: x:1', 'image-missing'],
    [
      409,
      'Conflict. The container name "/a" is already in use by container "b". You have to remove (or rename) that container.',
      'name-taken',
    ],
    [409, `cannot join network of a non running container: ${OTHER}`, 'network-gone'],
    [404, `No such container: ${OTHER}`, 'network-gone'],
    [404, `No such container: ${ID}`, 'no-such-container'],
    [409, `joining network namespace of container: No such container: ${OTHER}`, 'network-gone'],
    [404, 'network media not found', 'network-gone'],
    [
      500,
      'driver failed programming external connectivity on endpoint a: Bind for 127.0.0.1:19000 failed: port is already allocated',
      'port-taken',
    ],
    [500, 'Error starting userland proxy: listen tcp4 127.0.0.1:19000: bind: address already in use', 'port-taken'],
    [409, 'container is marked for removal and cannot be started', 'no-such-container'],
    [409, 'cannot start a paused container, try unpause instead', 'conflict'],
    [400, 'OCI runtime create failed: exec: "python": executable file not found in $PATH: unknown', 'refused'],
    [403, 'Forbidden', 'refused'],
    [500, 'something else', 'failed'],
    [502, '', 'failed'],
  ])('%i %s is %s', (status, message, code) => {
    const error = refusalWithNetwork('starting the container', status, message, ID)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^starting the container: \S/)
  })

  test('is told in one line of bounded length', () => {
    const { message } = refusal('listing', 500, `a\nb\u001b[31m${'x'.repeat(10_000)}`)
    expect(message).not.toMatch(/[\n\u001b]/)
    expect(message.length).toBeLessThan(600)
  })
})

describe('a daemon that cannot be reached', () => {
  test.each([
    ['ENOENT', /no Docker socket.*start Docker.*DOCKER_HOST.*--demo/],
    ['ECONNREFUSED', /nothing listens.*start Docker/],
    ['EACCES', /no permission.*docker group/],
    ['ENOTFOUND', /cannot be resolved.*DOCKER_HOST/],
    ['ECONNRESET', /broke/],
  ])('%s names the fix', (code, words) => {
    const error = unreachable('listing the containers', parseDockerHost(null), Object.assign(new Error(code), { code }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toMatch(words)
  })
})

describe('the address of the daemon', () => {
  test.each([
    [null, { kind: 'socket', path: '/var/run/docker.sock' }],
    ['', { kind: 'socket', path: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { kind: 'socket', path: '/run/user/1000/docker.sock' }],
    ['tcp://socket-proxy:2376', { kind: 'tcp', host: 'socket-proxy', port: 2376 }],
    ['tcp://10.0.0.1:80/', { kind: 'tcp', host: '10.0.0.1', port: 80 }],
    ['tcp://[::1]', { kind: 'tcp', host: '::1', port: 2375 }],
  ])('%j is read', (text, address) => {
    expect(parseDockerHost(text)).toEqual(address)
  })

  test.each(['docker.sock', 'ssh://me@host', 'tcp://', 'tcp://host/path'])('%j is refused, with the accepted forms', (text) => {
    expect(() => parseDockerHost(text)).toThrowError(/unix:\/\/\/path\/to\/docker.sock or tcp:\/\/host:port/)
  })
})

describe('an answer that is none', () => {
  let folder: string
  let server: Server
  let answer: RequestListener

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-answers-'))
    server = createServer((request, response) => answer(request, response))
    await new Promise<void>((listening) => server.listen(join(folder, 'docker.sock'), listening))
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })
  const runtime = (timeoutMs?: number) =>
    createDockerRuntime({
      dockerHost: `unix://${folder}/docker.sock`,
      managedLabel: MANAGED,
      instance: INSTANCE,
      limits: LIMITS,
      timeoutMs,
    })

  test('that never comes is unreachable after the time-out, in every call', async () => {
    answer = () => undefined
    const hasty = runtime(50)
    const calls = [
      hasty.ping(),
      hasty.list(),
      hasty.others(),
      hasty.inspect(ID),
      hasty.inspectVpn('vpn'),
      hasty.create(engineSpec('x:1')),
      hasty.start(ID),
      hasty.remove(ID),
    ]
    const events = hasty.events('vpn', new AbortController().signal)[Symbol.asyncIterator]().next()
    expect(new Set(await Promise.all([...calls, events, hasty.ensureImage('x:1')].map(outcome)))).toEqual(new Set(['unreachable']))
  })

  test('with more containers than were asked for is sorted by whose they are', async () => {
    const listed = (id: string, labels: Record<string, string>) => ({ Id: id, Image: 'x', State: 'running', Created: 1, Labels: labels })
    const managed = { [MANAGED.key]: MANAGED.value }
    const [unlabelled, theirs, strange] = ['a'.repeat(64), 'b'.repeat(64), 'e'.repeat(64)] as const
    const all = [
      listed(ID, { ...managed, 'acestream.instance': INSTANCE }),
      listed(unlabelled, managed),
      listed(theirs, { ...managed, 'acestream.instance': 'elsewhere' }),
      listed(strange, { 'acestream.instance': INSTANCE }),
    ]
    answer = (_, response) => void response.end(JSON.stringify(all))
    expect((await runtime().list()).map(({ id }) => id)).toEqual([ID, unlabelled])
    expect((await runtime().others()).map(({ id }) => id)).toEqual([theirs])
  })

  test('that is cut short is unreachable at once', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' })
      response.write('[{"Id":')
      setImmediate(() => response.socket?.destroy())
    }
    const started = performance.now()
    expect(await outcome(runtime().list())).toBe('unreachable')
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test.each(['not JSON', '{"message":"a list was wanted"}', '[{"Id":"short"}]', ''])('that reads %j is unreachable', async (text) => {
    answer = (_, response) => void response.end(text)
    expect(await outcome(runtime().list())).toBe('unreachable')
  })

  test('that cannot be read is not quoted: it may hold credentials', async () => {
    answer = (_, response) => void response.end(JSON.stringify({ Id: 'x', Config: { Env: ['OPENVPN_PASSWORD=hunter2'] } }))
    const error: unknown = await runtime()
      .inspectVpn('gluetun')
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2')
  })

  test('of the event stream that breaks in the middle ends the iteration as unreachable', async () => {
    answer = (_, response) => {
      response.writeHead(200)
      response.write('{"Type":"container","Act')
      setImmediate(() => response.socket?.destroy())
    }
    const heard: string[] = []
    const following = (async () => {
      for await (const each of runtime().events(null, new AbortController().signal)) heard.push(each.kind)
    })()
    expect(await outcome(following)).toBe('unreachable')
    expect(heard).toEqual(['connected'])
  })

  test('of the event stream that the daemon ends is unreachable too', async () => {
    answer = (_, response) => void response.end()
    const following = (async () => {
      for await (const each of runtime().events(null, new AbortController().signal)) expect(each.kind).toBe('connected')
    })()
    expect(await outcome(following)).toBe('unreachable')
  })

  test('to a removal that stays in progress is a conflict in the end', async () => {
    const found = {
      Id: ID,
      Name: '/a',
      Created: '',
      State: { Status: 'removing' },
      Config: { Image: 'x', Labels: { [MANAGED.key]: MANAGED.value } },
      HostConfig: {},
    }
    answer = (request, response) => {
      if (request.method !== 'DELETE') return void response.end(JSON.stringify(found))
      response.writeHead(409).end(JSON.stringify({ message: `removal of container ${ID} is already in progress` }))
    }
    expect(await outcome(runtime(100).remove(ID))).toBe('conflict')
  })

  test('of a pull that fails half way is a missing image, and one pull serves all who wait', async () => {
    let pulls = 0
    answer = (request, response) => {
      if (request.method === 'GET') return void response.writeHead(404).end('{"message":"No such image: x:latest"}')
      pulls += 1
      expect(request.url).toContain('fromImage=x%3Alatest')
      response.end('{"status":"Pulling"}\n{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}\n')
    }
    const one = runtime()
    const outcomes = await Promise.all([outcome(one.ensureImage('x')), outcome(one.ensureImage('x')), outcome(one.ensureImage('x'))])
    expect(outcomes).toEqual(['image-missing', 'image-missing', 'image-missing'])
    expect(pulls).toBe(1)
  })

  test('is asked for once only while an image is known to be there', async () => {
    let asked = 0
    answer = (_, response) => {
      asked += 1
      response.end('{}')
    }
    const one = runtime()
    await one.ensureImage('x:1')
    await one.ensureImage('x:1')
    expect(asked).toBe(1)
  })
})
