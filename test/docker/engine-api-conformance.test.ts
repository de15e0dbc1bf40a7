/**
 * The same requests go to the simulator and to a real daemon, and what comes back is compared: statuses, messages, events, and the fields that Berth
 * reads. Where they differ the real daemon is right.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Readable } from 'node:stream'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDockerSimulator } from '../../src/simulator/docker-engine.js'
import type { DockerSimulator } from '../../src/simulator/docker-engine.js'
import { startDockerd, whyNoDockerd } from '../support/dockerd.js'
import type { Dockerd } from '../support/dockerd.js'
import { ENGINE_IMAGE, importEngineImage } from '../support/images.js'

const HTTP_PORT = 16_878
const P2P_PORT = 18_621
const LABEL = 'berth.test'
const DEADLINE_MS = 15_000

type Create = Partial<Docker.ContainerCreateOptions>

/** One daemon, and what a case may ask of it. All that a case reports goes through `plain`, so that two daemons can be compared. */
interface World {
  docker: Docker
  /** Makes an engine container with the case's label. */
  make: (name: string, extra?: Create) => Promise<Docker.Container>
  /** Makes and starts it, and resolves when the engine inside listens. */
  run: (name: string, extra?: Create) => Promise<Docker.Container>
  /** The answer, or the refusal with its status and message. */
  attempt: (request: Promise<unknown>) => Promise<unknown>
  /** A request as it is, for what the client library would not send. */
  raw: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<unknown>
  /** Actions of the case's containers during `deed`, with names, signals and exit codes; waits for `last`. */
  events: (last: string, deed: () => Promise<void>) => Promise<string[]>
  until: (what: string, check: () => Promise<boolean>) => Promise<void>
  answers: (address: string) => Promise<boolean>
}

let dockerd: Dockerd
let simulator: DockerSimulator
let folder: string

beforeAll(async () => {
  if (whyNoDockerd() !== null) return
  folder = await mkdtemp(join(tmpdir(), 'berth-conformance-'))
  simulator = createDockerSimulator({ socketPath: join(folder, 'docker.sock'), images: [ENGINE_IMAGE], unpullable: ['nope'], latency: 0.1 })
  await simulator.start()
  dockerd = await startDockerd()
  await importEngineImage(dockerd.dockerHost)
}, 120_000)

afterAll(async () => {
  await simulator?.stop()
  await dockerd?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true })
}, 60_000)

function worldOf(socketPath: string): World {
  const docker = new Docker({ socketPath })
  const make: World['make'] = (name, extra = {}) =>
    docker.createContainer({
      name,
      Image: ENGINE_IMAGE,
      ...extra,
      Env: extra.Env ?? [`HTTP_PORT=${HTTP_PORT}`],
      Labels: { [LABEL]: '1', ...extra.Labels },
    })
  const world: World = {
    docker,
    make,
    run: async (name, extra) => {
      const container = await make(name, extra)
      await container.start()
      await world.until(`${name} listens`, async () => (await logsOf(container)).includes('engine listens'))
      return container
    },
    attempt: (request) =>
      request.then(
        (value) => ({ value: Buffer.isBuffer(value) ? value.toString() : value instanceof Docker.Container ? 'container' : value }),
        (cause: { statusCode?: number; json?: { message?: string } }) => ({ status: cause.statusCode, message: cause.json?.message }),
      ),
    raw: (method, path, body, headers = {}) => rawRequest(socketPath, method, path, body, headers),
    events: async (last, deed) => {
      const stream = (await docker.getEvents({ filters: { type: ['container'], label: [LABEL] } })) as Readable
      const heard: string[] = []
      let rest = ''
      stream.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) heard.push(describeEvent(line))
      })
      try {
        await deed()
        await world.until(`event ${last} after ${heard.join(', ')}`, async () => heard.includes(last))
      } finally {
        stream.destroy()
      }
      return heard
    },
    until: async (what, check) => {
      const end = performance.now() + DEADLINE_MS
      while (!(await check())) {
        if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`)
        await delay(5)
      }
    },
    answers: (address) =>
      fetch(`http://${address}:${HTTP_PORT}/webui/api/service?method=get_version`, { signal: AbortSignal.timeout(500) }).then(
        (response) => response.ok,
        () => false,
      ),
  }
  return world
}

function describeEvent(line: string): string {
  const { Action, Type, scope, timeNano, Actor } = JSON.parse(line) as {
    Action: string
    Type: string
    scope: string
    timeNano: number
    Actor: { Attributes: Record<string, string> }
  }
  if (Type !== 'container' || scope !== 'local' || !(timeNano > 1e18)) throw new Error(`unexpected event: ${line}`)
  const { name = '', signal, exitCode, oldName, image } = Actor.Attributes
  if (image !== ENGINE_IMAGE || Actor.Attributes[LABEL] !== '1') throw new Error(`unexpected attributes: ${line}`)
  return [Action, name, signal ?? exitCode ?? oldName].filter((part) => part !== undefined).join(' ')
}

async function logsOf(container: Docker.Container): Promise<string> {
  return (await container.logs({ stdout: true, stderr: true, follow: false })).toString()
}

function rawRequest(socketPath: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<unknown> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path, agent: false, headers: { 'content-type': 'application/json', ...headers } }
    const outgoing = request(options, (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (answer += chunk))
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], answer: tryJson(answer) }))
    })
    outgoing.once('error', reject)
    outgoing.end(text)
  })
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Ids become `<1>`, `<2>`… in the order they are met, moments and addresses become words. */
function plain(value: unknown): unknown {
  const ids = new Map<string, string>()
  const text = JSON.stringify(value, (_, part: unknown) => (part === undefined ? '<undefined>' : part))
    .replace(/\b[0-9a-f]{64}\b/g, (id) => ids.get(id) ?? (ids.set(id, `<${ids.size + 1}>`), `<${ids.size}>`))
    .replace(/\b20\d\d-[\d-]+T[\d:.]+Z/g, '<moment>')
    .replace(/\b(127\.88|10\.\d+|172\.\d+)(\.\d+){2}\b/g, '<address>')
    .replace(/\b\d+(\.\d+)? seconds?\b|Less than a second|About a minute/gi, '<time>')
  return JSON.parse(text) as unknown
}

/** Without those that come from the image. */
const ownLabels = (labels: Record<string, string>): unknown =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(`${LABEL}.`)))

/** The fields that Berth reads of `inspect`. */
async function inspected(container: Docker.Container): Promise<unknown> {
  const { Id, Name, Created, State, Config, HostConfig, NetworkSettings } = await container.inspect()
  const { Status, Running, Paused, Restarting, OOMKilled, Dead, ExitCode, Error: error, StartedAt, FinishedAt } = State
  const networks = Object.entries(NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress])
  return {
    ...{
      Id,
      Name,
      Created,
      Labels: ownLabels(Config.Labels),
      Image: Config.Image,
      Env: Config.Env?.filter((line) => !line.startsWith('PATH=')),
    },
    State: {
      Status,
      Running,
      Paused,
      Restarting,
      OOMKilled,
      Dead,
      ExitCode,
      error: error.replace(/endpoint .*\)/, 'endpoint'),
      StartedAt,
      FinishedAt,
    },
    ...{ NetworkMode: HostConfig.NetworkMode, RestartPolicy: HostConfig.RestartPolicy, networks, Ports: NetworkSettings.Ports },
  }
}

/** The fields that Berth reads of `list`. */
async function listed(docker: Docker, options: Docker.ContainerListOptions): Promise<unknown> {
  const containers = await docker.listContainers(options)
  return containers.map(({ Id, Names, Image, State, Status, Labels, Created, HostConfig, NetworkSettings, Ports }) => ({
    ...{ Id, Names, Image, State, Status, Labels: ownLabels(Labels), HostConfig, Ports, created: Number.isInteger(Created) },
    networks: Object.entries(NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress]),
  }))
}

const addressOf = async (container: Docker.Container): Promise<string> =>
  Object.values((await container.inspect()).NetworkSettings.Networks)[0]?.IPAddress ?? ''

const inside = (target: string): Create => ({ HostConfig: { NetworkMode: `container:${target}` } })

const CASES: Record<string, (world: World) => Promise<unknown>> = {
  'ping and the version': async ({ docker, raw }) => {
    const { ApiVersion, MinAPIVersion, Os } = await docker.version()
    return [ApiVersion, MinAPIVersion, Os, (await docker.ping()).toString(), await raw('HEAD', '/_ping'), await raw('GET', '/v1.41/_ping')]
  },

  'an unknown page and a version that is too new': async ({ raw }) => [
    await raw('GET', '/nope'),
    await raw('PUT', '/containers/json'),
    await raw('GET', '/v1.99/containers/json'),
    await raw('GET', '/v1.41/containers/json?filters=%7B%22label%22%3A%5B%22nobody%22%5D%7D'),
  ],

  names: async ({ attempt, make }) => {
    const names = ['a', 'x!', '-x', '_x', '.x', 'x y', '/slash', 'ok_1.2-3', 'ok_1.2-3', 'é1']
    const answers: unknown[] = []
    for (const name of names) answers.push(await attempt(make(name)))
    return answers
  },

  'a create body that is refused': async ({ raw }) => {
    const create = (body: unknown, headers?: Record<string, string>) => raw('POST', '/containers/create?name=refused', body, headers)
    return [
      await create({}),
      await create(''),
      await create({ Image: '' }),
      await create({ Image: 'not here:1' }),
      await create({ Image: 'nothere:1' }),
      await create({ Image: ENGINE_IMAGE }, { 'content-type': 'text/plain' }),
      await create({ Image: ENGINE_IMAGE, HostConfig: { RestartPolicy: { Name: 'bogus' } } }),
      await create({ Image: ENGINE_IMAGE, HostConfig: { NetworkMode: 'container:x1', PortBindings: { '1/tcp': [{ HostPort: '1' }] } } }),
      await create({ Image: ENGINE_IMAGE, Hostname: 'h', HostConfig: { NetworkMode: 'container:x1' } }),
    ]
  },

  'concurrent creates of one name': async ({ attempt, make }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => attempt(make('lock'))))
    return answers.map((answer) => JSON.stringify(answer).replace(/[0-9a-f]{64}/, '<id>')).sort()
  },

  'a container that is created and never started': async ({ docker, make }) => {
    const container = await make('fresh', { Labels: { a: '1', b: '' } })
    return [
      await inspected(container),
      await listed(docker, { all: true, filters: { id: [container.id] } }),
      await listed(docker, { filters: { id: [container.id] } }),
    ]
  },

  'start, stop and their repetition': async ({ attempt, run, docker }) => {
    const container = await run('engine')
    return [
      await attempt(container.start()),
      await inspected(container),
      await listed(docker, { filters: { name: ['engine'] } }),
      await attempt(container.stop()),
      await attempt(container.stop()),
      await inspected(container),
      await attempt(container.start()),
      await attempt(container.restart({ t: 0 })),
      await attempt(container.kill()),
      await attempt(container.kill()),
      await inspected(container),
      await attempt(container.remove()),
      await attempt(container.remove()),
      await attempt(container.inspect()),
    ]
  },

  'what is done to a container that does not exist': async ({ attempt, docker }) => {
    const nobody = docker.getContainer('nobody')
    return Promise.all(
      [
        nobody.start(),
        nobody.stop(),
        nobody.restart(),
        nobody.kill(),
        nobody.pause(),
        nobody.unpause(),
        nobody.rename({ name: 'somebody' }),
        nobody.remove({ force: true }),
        nobody.inspect(),
        nobody.logs({ stdout: true, follow: false }),
        nobody.wait(),
      ].map((request) => attempt(request)),
    )
  },

  'ids and their prefixes': async ({ attempt, make, docker }) => {
    const { id } = await make('prefixed')
    const idOf = async (reference: string) =>
      attempt(
        docker
          .getContainer(reference)
          .inspect()
          .then(({ Id }) => Id),
      )
    return [
      await idOf(id),
      await idOf(id.slice(0, 12)),
      await idOf(id.slice(0, 20)),
      await idOf('prefixed'),
      await idOf('/prefixed'.slice(1, 5)),
    ]
  },

  'kill with other signals': async ({ attempt, run }) => {
    const container = await run('signalled')
    const answers = []
    for (const signal of ['SIGFOO', '0', 'SIGURG', 'WINCH', 'SIGTERM']) answers.push(await attempt(container.kill({ signal })))
    return [answers, await container.wait(), await inspected(container)]
  },

  'pause and unpause': async ({ attempt, make, docker }) => {
    const container = await make('paused')
    const before = [await attempt(container.pause()), await attempt(container.unpause())]
    await container.start()
    return [
      before,
      await attempt(container.pause()),
      await attempt(container.pause()),
      await attempt(container.start()),
      await attempt(container.remove()),
      await listed(docker, { filters: { name: ['paused'] } }),
      await listed(docker, { filters: { status: ['paused'] } }),
      await attempt(container.unpause()),
      await attempt(container.unpause()),
      await attempt(container.remove()),
      await attempt(container.remove({ force: true })),
    ]
  },

  rename: async ({ attempt, make, docker }) => {
    const container = await make('before')
    await make('other')
    const answers = []
    for (const name of ['other', 'before', 'x', '', '/after']) answers.push(await attempt(container.rename({ name })))
    return [answers, await attempt(docker.getContainer('before').inspect()), await attempt(make('before')), await inspected(container)]
  },

  'removals of one container at once': async ({ attempt, run }) => {
    const container = await run('removed')
    const answers = await Promise.all([1, 2, 3].map(() => attempt(container.remove({ force: true }))))
    return answers.map((answer) => JSON.stringify(answer).replace(/[0-9a-f]{64}/, '<id>')).sort()
  },

  wait: async ({ attempt, run }) => {
    const container = await run('awaited')
    const ended = container.wait()
    const removed = container.wait({ condition: 'removed' })
    await container.stop()
    const first = await ended
    await container.remove()
    return [first, await removed, await attempt(container.wait())]
  },

  logs: async ({ attempt, run }) => {
    const container = await run('logged')
    return [
      (await container.logs({ stdout: true, stderr: true, follow: false })).toString('hex'),
      (await container.logs({ stdout: true, tail: 0, follow: false })).toString('hex'),
      await attempt(container.logs({ follow: false })),
    ]
  },

  filters: async ({ attempt, run, make, docker, raw }) => {
    const namesOf = async (filters: Record<string, string[]>, all = true) =>
      (await docker.listContainers({ all, filters })).map(({ Names }) => Names[0] ?? '').sort()
    await run('filter-1', { Labels: { kind: 'a', other: 'x=y' } })
    await make('filter-2', { Labels: { kind: 'b' } })
    return [
      await namesOf({ label: [LABEL] }),
      await namesOf({ label: [LABEL] }, false),
      await namesOf({ label: [LABEL, 'kind=b'] }),
      await namesOf({ label: ['kind=a', 'kind=b'] }),
      await namesOf({ label: ['other=x=y'] }),
      await namesOf({ label: ['kind='] }),
      await namesOf({ name: ['filter'] }),
      await namesOf({ name: ['filter-1', 'filter-2'] }),
      await namesOf({ name: ['^/filter-2$'] }),
      await namesOf({ name: ['^filter-2$'] }),
      await namesOf({ status: ['created'], label: [LABEL] }, false),
      await namesOf({ status: ['created', 'running'], label: [LABEL] }, false),
      await attempt(docker.listContainers({ filters: { nope: ['1'] } as never })),
      await attempt(docker.listContainers({ filters: { status: ['nope'] } })),
      await raw('GET', '/containers/json?filters=bad'),
      await raw('GET', `/containers/json?all=true&filters=${encodeURIComponent(JSON.stringify({ label: { 'kind=nobody': true } }))}`),
      (await docker.listContainers({ limit: 1 })).map(({ Names }) => Names),
    ]
  },

  'the network of a container that is missing or stopped': async ({ attempt, make, run, until }) => {
    const orphan = await make('joins-nobody', inside('nobody'))
    const answers = [await attempt(orphan.start()), await inspected(orphan)]
    const parent = await run('parent')
    const child = await make('child', { ...inside('parent'), Env: ['HTTP_PORT=16879'] })
    answers.push(await attempt(child.start()), await inspected(child), await attempt(parent.stop()))
    await until('the child listens', async () => (await logsOf(child)).includes('engine listens'))
    answers.push(await attempt(child.restart()), await inspected(child), await attempt(child.start()))
    answers.push(await attempt(parent.remove()), await attempt(child.start()), await attempt(child.restart()), await attempt(child.wait()))
    return answers
  },

  'a container of a network that does not exist': async ({ attempt, make }) => {
    const container = await make('lost', { HostConfig: { NetworkMode: 'nowhere' } })
    return [await attempt(container.start()), await inspected(container)]
  },

  'two engines on one port of one namespace': async ({ run, make }) => {
    await run('parent', { Env: [`HTTP_PORT=${HTTP_PORT}`, `P2P_PORT=${P2P_PORT}`] })
    const outcomes = []
    for (const [name, env] of [
      ['same-http', ['HTTP_PORT=16878', 'P2P_PORT=18622']],
      ['same-p2p', ['HTTP_PORT=16879', `P2P_PORT=${P2P_PORT}`]],
    ] as const) {
      const container = await make(name, { ...inside('parent'), Env: [...env] })
      await container.start()
      outcomes.push(await container.wait(), (await logsOf(container)).includes('EADDRINUSE'))
    }
    return outcomes
  },

  'an engine whose namespace has lost its owner': async ({ run, until, answers }) => {
    const parent = await run('parent', { Env: ['HTTP_PORT=16880'] })
    const child = await run('child', inside('parent'))
    await until('the child is reached', async () => answers(await addressOf(parent)))
    await parent.restart()
    const orphaned = [await answers(await addressOf(parent)), await inspected(child)]
    await child.restart()
    await until('the child is reached again', async () => answers(await addressOf(parent)))
    return orphaned
  },

  'published ports that clash': async ({ attempt, make, run }) => {
    const published = { HostConfig: { PortBindings: { [`${HTTP_PORT}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: '19341' }] } } }
    const exposed = { ...published, ExposedPorts: { [`${HTTP_PORT}/tcp`]: {} } }
    const first = await run('first', exposed)
    const second = await make('second', exposed)
    const refusal = JSON.stringify(await attempt(second.start())).replace(/\([0-9a-f]{64}\)/, '(<endpoint>)')
    const reached = (await fetch('http://127.0.0.1:19341/server/api?api_version=3&method=get_status')).status
    const states = [await inspected(first), await inspected(second)]
    await first.stop()
    return [refusal, reached, ...states, await attempt(second.start())]
  },

  images: async ({ attempt, docker, raw }) => [
    await attempt(
      docker
        .getImage(ENGINE_IMAGE)
        .inspect()
        .then(({ RepoTags }) => RepoTags),
    ),
    await attempt(docker.getImage('nope:1').inspect()),
    await raw('POST', '/images/create?fromImage=Bad%20Image&tag=1'),
  ],

  'events of create, start, stop and remove': ({ events, run }) =>
    events('destroy engine', async () => {
      const container = await run('engine')
      await container.stop()
      await container.remove()
    }),

  'events of a forced removal': ({ events, run }) =>
    events('destroy engine', async () => {
      await (await run('engine')).remove({ force: true })
    }),

  'events of kill, rename, pause and restart': ({ events, run, until }) =>
    events('destroy renamed', async () => {
      const container = await run('engine')
      await container.rename({ name: 'renamed' })
      await container.pause()
      await container.unpause()
      await container.restart()
      await until('it listens again', async () => (await logsOf(container)).split('engine listens').length === 3)
      await container.kill()
      await container.remove()
    }),

  'events of an impatient stop': ({ events, run }) =>
    events('destroy engine', async () => {
      const container = await run('engine', { Env: ['HTTP_PORT=16878', 'ENGINE_HANG=1'] })
      await container.stop()
      await container.start()
      await container.kill({ signal: 'SIGURG' })
      await container.remove({ force: true })
    }),

  'events of an engine that exits by itself': ({ events, run }) =>
    events('destroy engine', async () => {
      const container = await run('engine', { Env: ['HTTP_PORT=16878', 'ENGINE_EXIT_AFTER_MS=700'] })
      await container.wait()
      await container.remove()
    }),

  'events of a start that fails': ({ events, make, attempt }) =>
    events('destroy engine', async () => {
      const container = await make('engine', inside('nobody'))
      await attempt(container.start())
      await container.remove()
    }),

  'events that were kept': async ({ docker, make }) => {
    const since = Math.floor(Date.now()) / 1000 - 0.001
    const container = await make('recorded')
    await container.remove()
    const until = Math.ceil(Date.now() / 1000 + 0.01)
    const read = async (filters: Docker.GetEventsOptions['filters']) => {
      const stream = (await docker.getEvents({ since, until, filters })) as Readable
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map(describeEvent)
    }
    return [
      await read({ label: [LABEL] }),
      await read({ container: ['recorded'], event: ['destroy'] }),
      await read({ container: [container.id] }),
      await read({ label: [`${LABEL}=2`] }),
      await read({ type: ['image'], label: [LABEL] }),
    ]
  },
}

const NEEDS_BRIDGE = ['published ports that clash', 'an engine whose namespace has lost its owner']

const obstacle = whyNoDockerd()

describe.skipIf(obstacle !== null)(`the simulator answers as a real daemon does${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  test.for(Object.entries(CASES))('%s', { timeout: 90_000 }, async ([name, run], { skip }) => {
    skip(!dockerd.bridge && NEEDS_BRIDGE.includes(name), 'this host allows no bridges')
    const outcomes: unknown[] = []
    for (const { socketPath } of [dockerd, simulator]) {
      const world = worldOf(socketPath)
      try {
        outcomes.push(plain(await run(world)))
      } finally {
        const left = await world.docker.listContainers({ all: true, filters: { label: [LABEL] } })
        await Promise.all(left.map(({ Id }) => world.docker.getContainer(Id).remove({ force: true, v: true })))
      }
    }
    const [real, simulated] = outcomes
    expect(simulated).toEqual(real)
  })
})
