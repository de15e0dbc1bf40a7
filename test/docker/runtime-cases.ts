/**
 * @module
 * What a container runtime does, as cases that run against any daemon: a real one, or a stand-in that must not drift from it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import Docker from 'dockerode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDockerRuntime } from '../../src/docker/dockerode-runtime.js'
import type { ContainerEvent, ContainerRuntime, EngineNetwork, EngineSpec, RuntimeErrorCode } from '../../src/docker/runtime.js'

export interface Daemon {
  dockerHost: string
  /** An image whose own command is the engine stand-in. */
  image: string
  /** Makes a container of `image` (or its own image) a Gluetun stand-in, or anything else that stays up. */
  vpn: { Image: string; Cmd?: string[] }
  /** Engines can publish ports. */
  bridge: boolean
  stop(): Promise<void>
}

export const MANAGED = { key: 'berth.test.managed', value: 'yes' }
export const INSTANCE = 'home'
export const LIMITS = { memoryMb: 512, cpus: 1, pidsLimit: 256 }
const DEADLINE_MS = 15_000

let nextPort = 23_000 + Math.floor(Math.random() * 5_000)

/** An engine on the default bridge with a port of its own; what is given takes the place of that. */
export function engineSpec(image: string, changes: Partial<EngineSpec> = {}): EngineSpec {
  nextPort += 2
  return {
    name: `engine-${nextPort}`,
    image,
    variant: 'krinkuto11-amd64',
    engineId: `e${nextPort}`,
    pool: 'default',
    httpPort: nextPort,
    httpsPort: nextPort + 1,
    network: { kind: 'bridge', name: null, hostHttpPort: nextPort, hostAddress: '127.0.0.1' },
    forwarded: null,
    labels: {},
    environment: {},
    ...changes,
  }
}

/** Resolves with the first value that is not `null`; rejects when none comes in time. */
export async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const value = await look()
    if (value !== null) return value
    if (Date.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS} ms`)
    await delay(10)
  }
}

/** Runs the cases; `start` gives a daemon without any container, `stop` is called when they are done. */
export function runtimeConformance(name: string, start: () => Promise<Daemon>): void {
  describe(`a runtime on ${name}`, () => {
    let daemon: Daemon
    let docker: Docker
    let runtime: ContainerRuntime
    const foreign: string[] = []

    beforeAll(async () => {
      daemon = await start()
      docker = new Docker({ socketPath: daemon.dockerHost.replace('unix://', '') })
    }, 180_000)
    afterAll(async () => daemon.stop(), 60_000)
    beforeEach(() => {
      runtime = runtimeOf(INSTANCE)
    })
    afterEach(async () => {
      for (const { id } of await runtime.list()) await runtime.remove(id)
      for (const id of foreign.splice(0)) await docker.getContainer(id).remove({ force: true }).catch(ignoreMissing)
    }, 60_000)

    const runtimeOf = (instance: string) =>
      createDockerRuntime({ dockerHost: daemon.dockerHost, managedLabel: MANAGED, instance, limits: LIMITS })
    const spec = (changes: Partial<EngineSpec> = {}) => engineSpec(daemon.image, changes)
    const startForeign = async (containerName: string, environment: string[] = []) => {
      const container = await docker.createContainer({ name: containerName, ...daemon.vpn, Env: environment, Labels: { other: 'tool' } })
      foreign.push(container.id)
      await container.start()
      return container
    }
    /** A container that another program made, not started. */
    const make = async (options: Partial<Docker.ContainerCreateOptions>, labels: Record<string, string> = {}) => {
      const container = await docker.createContainer({
        Image: daemon.image,
        ...options,
        Labels: { [MANAGED.key]: MANAGED.value, ...labels },
      })
      foreign.push(container.id)
      return container.id
    }
    /** One that another Berth on the same daemon made. */
    const makeElsewhere = async (changes: Partial<EngineSpec> = {}) => {
      const id = await runtimeOf('elsewhere').create(spec(changes))
      foreign.push(id)
      return id
    }
    const idsOf = async (containers: Promise<{ id: string }[]>) => (await containers).map(({ id }) => id).sort()
    const sharing = (containerId: string): EngineNetwork => ({ kind: 'container', containerId, containerName: 'vpn' })

    test('says which version the daemon has', async () => {
      const { version, apiVersion } = await runtime.ping()
      expect(version).not.toBe('')
      expect(apiVersion).toMatch(/^\d+\.\d+$/)
    })

    test('creates a container without starting it, and reads its labels back', async () => {
      const forwarded = { index: 0, epoch: 7, p2pPort: 51_413 }
      const wanted = spec({ forwarded, labels: { stream_id: 'ch-42' } })
      const id = await runtime.create(wanted)
      expect(id).toMatch(/^[0-9a-f]{64}$/)
      const found = await runtime.inspect(wanted.name)
      expect(found).toMatchObject({
        id,
        name: wanted.name,
        state: 'created',
        managed: true,
        configuredP2pPort: 51_413,
        startedAt: null,
        exitCode: null,
        oomKilled: false,
      })
      expect(found?.labels).toMatchObject({ stream_id: 'ch-42', [MANAGED.key]: MANAGED.value })
      expect(found?.engine).toEqual({
        engineId: wanted.engineId,
        pool: 'default',
        instance: INSTANCE,
        httpPort: wanted.httpPort,
        httpsPort: wanted.httpsPort,
        hostHttpPort: wanted.httpPort,
        variant: 'krinkuto11-amd64',
        forwarded: true,
        epoch: 7,
        index: 0,
        p2pPort: 51_413,
      })
      expect(Math.abs((found?.createdAt ?? 0) - Date.now())).toBeLessThan(60_000)
    })

    test('reads what a container of ours was made with, secrets masked, and of no other container', async () => {
      const id = await runtime.create(spec({ environment: { MOOD: 'good', UPSTREAM_TOKEN: 'never to be seen' } }))
      expect(await runtime.environment(id)).toMatchObject({ MOOD: 'good', UPSTREAM_TOKEN: '********' })
      for (const other of [await makeElsewhere(), 'f'.repeat(64)])
        await expect(runtime.environment(other)).rejects.toMatchObject({ code: 'no-such-container' })
    })

    test('starts an engine that answers on its published port', async ({ skip }) => {
      if (!daemon.bridge) skip('this host allows no bridges')
      const wanted = spec()
      const id = await runtime.create(wanted)
      await runtime.start(id)
      const answer = await eventually('the engine answers', () =>
        fetch(`http://127.0.0.1:${wanted.httpPort}/webui/api/service?method=get_version`, { signal: AbortSignal.timeout(1_000) }).then(
          (response) => response.text(),
          () => null,
        ),
      )
      expect(answer).toContain('"version"')
      const [listed] = await runtime.list()
      expect(listed).toMatchObject({ id, state: 'running', networkMode: 'bridge' })
      expect(listed?.address).toMatch(/^[\d.]+$/)
      expect((await runtime.inspect(id))?.startedAt).toBeGreaterThan(Date.now() - 60_000)
    })

    test('starting what runs already succeeds', async () => {
      const id = await runtime.create(spec())
      await runtime.start(id)
      await runtime.start(id)
      expect((await runtime.inspect(id))?.state).toBe('running')
    })

    test('lets one of many simultaneous creates have the name', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(runtime.create(spec({ name: 'engine-contended' })))))
      expect(outcomes.filter((each) => each === 'done')).toHaveLength(1)
      expect(outcomes.filter((each) => each === 'name-taken')).toHaveLength(19)
    })

    test('removes a running container, and again', async () => {
      const id = await runtime.create(spec())
      await runtime.start(id)
      await runtime.remove(id)
      expect(await runtime.inspect(id)).toBeNull()
      await runtime.remove(id)
      expect(await runtime.list()).toEqual([])
    })

    test('does not start what was removed', async () => {
      const id = await runtime.create(spec())
      await runtime.remove(id)
      expect(await outcome(runtime.start(id))).toBe('no-such-container')
    })

    test('frees the name with the removal', async () => {
      const wanted = spec({ name: 'engine-again' })
      const first = await runtime.create(wanted)
      await runtime.start(first)
      await runtime.remove(first)
      expect(await runtime.create(wanted)).not.toBe(first)
    })

    test('resolves a removal only when the container is gone, although another removal is in progress', async () => {
      const id = await runtime.create(spec())
      await runtime.start(id)
      const removeAndLook = async () => {
        await runtime.remove(id)
        return runtime.inspect(id)
      }
      expect(await Promise.all([removeAndLook(), removeAndLook(), removeAndLook()])).toEqual([null, null, null])
    })

    test('starts and removes by full id only', async () => {
      const wanted = spec()
      await runtime.create(wanted)
      expect(await outcome(runtime.start(wanted.name))).toBe('refused')
      expect(await outcome(runtime.remove(wanted.name))).toBe('refused')
      expect(await outcome(runtime.inspect('../info'))).toBe('refused')
      expect(await runtime.inspect(wanted.name)).not.toBeNull()
    })

    test('neither lists nor removes what is not ours', async () => {
      const other = await startForeign('other-tool')
      expect(await outcome(runtime.remove(other.id))).toBe('refused')
      expect(await runtime.list()).toEqual([])
      expect(await runtime.inspect(other.id)).toMatchObject({ managed: false, state: 'running' })
    })

    test('takes a container without an instance for ours, as older orchestrators made it', async () => {
      const id = await make({ name: 'acestream-1', Env: ['P2P_PORT=40001'] }, { 'acestream.forwarded': 'true' })
      expect(await runtime.list({ forwardedOnly: true })).toMatchObject([
        { id, engine: { instance: null, forwarded: true, p2pPort: null } },
      ])
      expect(await runtime.others()).toEqual([])
      expect(await runtime.inspect(id)).toMatchObject({ managed: true, configuredP2pPort: 40_001 })
      await runtime.remove(id)
      expect(await runtime.inspect(id)).toBeNull()
    })

    test('lists containers of another instance apart, in any state', async () => {
      const ours = await runtime.create(spec())
      const forwarded = { index: 0, epoch: 3, p2pPort: 40_000 }
      const created = await makeElsewhere({ forwarded, engineId: 'their-engine' })
      const running = await makeElsewhere()
      await docker.getContainer(running).start()
      expect(await idsOf(runtime.list())).toEqual([ours])
      expect(await runtime.list({ forwardedOnly: true })).toEqual([])
      expect(await runtime.list({ engineId: 'their-engine' })).toEqual([])
      const others = await runtime.others()
      expect(others.find(({ id }) => id === created)).toMatchObject({
        state: 'created',
        engine: { instance: 'elsewhere', engineId: 'their-engine', forwarded: true, epoch: 3, p2pPort: 40_000 },
      })
      expect(others.find(({ id }) => id === running)).toMatchObject({
        state: 'running',
        engine: { instance: 'elsewhere', forwarded: false },
      })
      expect(others).toHaveLength(2)
      expect(await idsOf(runtimeOf('elsewhere').others())).toEqual([ours])
    })

    test('does not remove a container of another instance, and says how to take it over', async () => {
      const id = await makeElsewhere({ name: 'engine-elsewhere' })
      await docker.getContainer(id).start()
      await runtime.others()
      expect(await runtime.inspect('engine-elsewhere')).toMatchObject({ id, managed: false, engine: { instance: 'elsewhere' } })
      await expect(runtime.remove(id)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(/engine-elsewhere belongs to another Berth.*instance elsewhere.*BERTH_INSTANCE=elsewhere/),
      })
      expect(await runtime.inspect(id)).toMatchObject({ state: 'running' })
      await runtimeOf('elsewhere').remove(id)
      expect(await runtime.inspect(id)).toBeNull()
    })

    test.each(['', 'two words', 'x'.repeat(64), 'x'.repeat(5_000)])(
      "takes a container whose instance cannot be read for somebody else's: %.20j",
      async (instance) => {
        const id = await make({ name: 'engine-unreadable' }, { 'acestream.instance': instance })
        expect(await runtime.list()).toEqual([])
        expect(await runtime.others()).toMatchObject([{ id, engine: { instance: null } }])
        expect(await runtime.inspect(id)).toMatchObject({ managed: false })
        await expect(runtime.remove(id)).rejects.toMatchObject({
          code: 'refused',
          message: expect.stringMatching(/another Berth.*cannot be read.*docker rm -f engine-unreadable/),
        })
      },
    )

    test('does not take a container for another instance because of that label alone', async () => {
      const id = await make({ name: 'other-tool' }, { [MANAGED.key]: 'no', 'acestream.instance': 'elsewhere' })
      expect([await runtime.list(), await runtime.others()]).toEqual([[], []])
      await expect(runtime.remove(id)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('does not carry the label'),
      })
    })

    test.each<[string, Partial<Docker.ContainerCreateOptions>, number | null]>([
      ['its environment', { Env: ['HTTP_PORT=6878', 'P2P_PORT=40001'] }, 40_001],
      ['lines of flags in its environment', { Env: ['CONF=--http-port=6879\n--port=40002\n--bind-all'] }, 40_002],
      ['its command', { Cmd: ['python', 'main.py', '--http-port', '6878', '--port', '40003'] }, 40_003],
      ['its entry point', { Entrypoint: ['/engine', '--port=40004'], Cmd: ['--bind-all'] }, 40_004],
      ['nothing', { Env: ['HTTP_PORT=6878'], Cmd: ['/engine', '--http-port', '6878'] }, null],
    ])('says which P2P port a container was made with, by %s', async (_, options, port) => {
      const id = await make({ ...options, Env: [...(options.Env ?? []), 'SECRET=hunter2'] })
      const found = await runtime.inspect(id)
      expect(found?.configuredP2pPort).toBe(port)
      expect(JSON.stringify(found)).not.toContain('hunter2')
    })

    test('says that a container which is not to be forwarded was made without a P2P port', async () => {
      expect((await runtime.inspect(await runtime.create(spec())))?.configuredP2pPort).toBeNull()
    })

    test('lists the forwarded ones, and those of one engine', async () => {
      const forwarded = await runtime.create(spec({ forwarded: { index: 0, epoch: 3, p2pPort: 40_000 } }))
      const plain = spec()
      const plainId = await runtime.create(plain)
      const ids = async (filter: Parameters<ContainerRuntime['list']>[0]) => (await runtime.list(filter)).map(({ id }) => id)
      expect(await ids({ forwardedOnly: true })).toEqual([forwarded])
      expect(await ids({ engineId: plain.engineId })).toEqual([plainId])
      expect((await ids(undefined)).sort()).toEqual([forwarded, plainId].sort())
    })

    test('puts an engine into the network of another container', async () => {
      const vpn = await startForeign('vpn')
      const id = await runtime.create(spec({ network: sharing(vpn.id) }))
      await runtime.start(id)
      const [listed] = await runtime.list()
      expect(listed).toMatchObject({ id, state: 'running', networkMode: `container:${vpn.id}`, address: null })
      expect(listed?.labels['acestream.vpn_container']).toBe('vpn')
    })

    test('says so when that other container does not run, or is gone', async () => {
      const vpn = await startForeign('vpn')
      const id = await runtime.create(spec({ network: sharing(vpn.id) }))
      await vpn.kill()
      await eventually('it has stopped', async () => ((await runtime.inspect(vpn.id))?.state === 'exited' ? true : null))
      expect(await outcome(runtime.start(id))).toBe('network-gone')
      await vpn.remove({ force: true })
      expect(await outcome(runtime.start(id))).toBe('network-gone')
    })

    test('says so when a network does not exist', async () => {
      const network: EngineNetwork = { kind: 'bridge', name: 'no-such-network', hostHttpPort: 23_001, hostAddress: '127.0.0.1' }
      const creating = runtime.create(spec({ network }))
      expect(await outcome(creating.then((id) => runtime.start(id)))).toBe('network-gone')
    })

    test('says so when a published port is taken, and starts once it is free', async ({ skip }) => {
      if (!daemon.bridge) skip('this host allows no bridges')
      const network: EngineNetwork = { kind: 'bridge', name: null, hostHttpPort: spec().httpPort, hostAddress: '127.0.0.1' }
      const first = await runtime.create(spec({ network }))
      await runtime.start(first)
      const second = await runtime.create(spec({ network }))
      expect(await outcome(runtime.start(second))).toBe('port-taken')
      await runtime.remove(first)
      await runtime.start(second)
    })

    test('says how to get an image that is missing', async () => {
      const image = 'localhost:1/berth-test/no-such-image:none'
      await expect(runtime.ensureImage(image)).rejects.toMatchObject({
        code: 'image-missing',
        message: expect.stringContaining(`docker pull ${image}`),
      })
      await expect(runtime.create(spec({ image }))).rejects.toMatchObject({
        code: 'image-missing',
        message: expect.stringContaining('ENGINE_IMAGE'),
      })
      await runtime.ensureImage(daemon.image)
    })

    test('finds nothing where there is nothing', async () => {
      expect(await runtime.inspect('no-such-container')).toBeNull()
      expect(await runtime.inspectVpn('no-such-container')).toBeNull()
    })

    test('shows the VPN container without its environment', async () => {
      const vpn = await startForeign('vpn', ['VPN_SERVICE_PROVIDER=protonvpn', 'OPENVPN_PASSWORD=hunter2', 'WIREGUARD_PRIVATE_KEY=hunter3'])
      const found = await runtime.inspectVpn('vpn')
      expect(found).toMatchObject({ id: vpn.id, name: 'vpn', running: true, health: 'none', provider: 'protonvpn' })
      expect(found?.startedAt).toBeGreaterThan(Date.now() - 60_000)
      expect(JSON.stringify(found) + JSON.stringify(await runtime.inspect('vpn'))).not.toContain('hunter')
    })

    test('tells the events of its own containers and of the VPN container, in order, and no others', async () => {
      const following = new AbortController()
      const heard: ContainerEvent[] = []
      const stream = runtime.events('vpn', following.signal)[Symbol.asyncIterator]()
      expect((await stream.next()).value).toEqual({ kind: 'connected' })
      const done = (async () => {
        for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
          if (next.value.kind === 'event') heard.push(next.value.event)
        }
      })()

      const other = await startForeign('other-tool')
      const elsewhere = await makeElsewhere()
      await startForeign('vpn')
      const id = await runtime.create(spec({ forwarded: { index: 0, epoch: 9, p2pPort: 40_001 } }))
      await runtime.start(id)
      await runtime.remove(id)
      const of = (containerId: string) => heard.filter((event) => event.containerId === containerId)
      await eventually('the destroy event', async () => of(id).find(({ action }) => action === 'destroy') ?? null)

      expect(of(id).map(({ action }) => action)).toEqual(['create', 'start', 'die', 'destroy'])
      expect(of(id)[1]).toMatchObject({ managed: true, engine: { forwarded: true, epoch: 9 }, labels: { [MANAGED.key]: MANAGED.value } })
      expect(of(id)[2]).toMatchObject({ action: 'die', exitCode: 137 })
      expect(of(id)[0]?.labels['image']).toBeUndefined()
      const times = of(id).map(({ timeNano }) => timeNano)
      expect(times.every((time) => /^\d{19}$/.test(time))).toBe(true)
      expect(times.toSorted()).toEqual(times)
      expect(heard.filter((event) => event.name === 'vpn').map(({ action, managed }) => ({ action, managed }))).toEqual([
        { action: 'create', managed: false },
        { action: 'start', managed: false },
      ])
      expect([...of(other.id), ...of(elsewhere)]).toEqual([])

      following.abort()
      await done
    })

    test('tells events of the VPN container as those of a stranger, even when another instance made it', async () => {
      const following = new AbortController()
      let heard: ContainerEvent | null = null
      for await (const each of runtime.events('vpn', following.signal)) {
        if (each.kind === 'connected') await makeElsewhere({ name: 'vpn' })
        else heard = each.event
        if (heard !== null) break
      }
      expect(heard).toMatchObject({ action: 'create', name: 'vpn', managed: false, engine: { instance: 'elsewhere' } })
    })

    test('misses no event from the moment that it says connected', async () => {
      for (let round = 0; round < 10; round += 1) {
        const following = new AbortController()
        let id: string | null = null
        let creating: Promise<string> | null = null
        for await (const each of runtime.events(null, following.signal)) {
          if (each.kind === 'connected') creating = runtime.create(spec())
          else if (each.event.action === 'create') id = each.event.containerId
          if (id !== null) break
        }
        expect(id).toBe(await creating)
      }
    })
  })
}

/** `done`, or the code of the error. */
export async function outcome(call: Promise<unknown>): Promise<RuntimeErrorCode | 'done'> {
  try {
    await call
    return 'done'
  } catch (error) {
    const { name, code } = error as { name?: string; code?: RuntimeErrorCode }
    if (name === 'RuntimeError' && code !== undefined) return code
    throw error
  }
}

function ignoreMissing(error: { statusCode?: number }): void {
  if (error.statusCode !== 404) throw error
}
