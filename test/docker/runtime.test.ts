import { readFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDockerRuntime } from '../../src/docker/dockerode-runtime.js'
import { startDockerd, whyNoDockerd, type Dockerd } from '../support/dockerd.js'
import { ENGINE_IMAGE, importEngineImage } from '../support/images.js'
import { engineSpec, eventually, INSTANCE, LIMITS, MANAGED, outcome, runtimeConformance } from './runtime-cases.js'

const obstacle = whyNoDockerd()

describe.skipIf(obstacle !== null)(obstacle ?? 'with a Docker daemon of its own', () => {
  runtimeConformance('a Docker daemon', async () => {
    const dockerd = await startDockerd()
    const image = await importEngineImage(dockerd.dockerHost)
    return { dockerHost: dockerd.dockerHost, image, vpn: { Image: image }, bridge: dockerd.bridge, stop: () => dockerd.stop() }
  })

  describe('a daemon that fails', () => {
    let dockerd: Dockerd

    beforeAll(async () => {
      dockerd = await startDockerd()
      await importEngineImage(dockerd.dockerHost)
    }, 180_000)
    afterAll(async () => dockerd.stop(), 60_000)

    const runtimeWith = (dockerHost = dockerd.dockerHost, timeoutMs?: number) =>
      createDockerRuntime({ dockerHost, managedLabel: MANAGED, instance: INSTANCE, limits: LIMITS, timeoutMs })

    test('makes an engine an unprivileged process within its limits', async () => {
      const runtime = runtimeWith()
      const id = await runtime.create(engineSpec(ENGINE_IMAGE))
      await runtime.start(id)
      const docker = new Docker({ socketPath: dockerd.socketPath })
      const { HostConfig, State } = await docker.getContainer(id).inspect()
      expect(HostConfig).toMatchObject({
        Privileged: false,
        Binds: null,
        CapAdd: null,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        RestartPolicy: { Name: 'no' },
        Memory: 512 * 1_048_576,
        NanoCpus: 1e9,
        PidsLimit: 256,
        Init: true,
      })
      // Effective, permitted and bounding sets of the process itself.
      const status = await readFile(`/proc/${State.Pid}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\t1000\t/m)
      expect(status).toMatch(/^CapEff:\t0{16}$/m)
      expect(status).toMatch(/^CapBnd:\t0{16}$/m)
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      await runtime.remove(id)
    })

    test('carries out a create whose answer was not waited for', async () => {
      const mute = createServer((client) => {
        client
          .pipe(connect(dockerd.socketPath))
          .on('close', () => client.destroy())
          .resume()
        client.on('error', () => client.destroy())
      })
      const muteSocket = join(dockerd.folder, 'mute.sock')
      await new Promise<void>((listening) => mute.listen(muteSocket, listening))
      const wanted = engineSpec(ENGINE_IMAGE)
      expect(await outcome(runtimeWith(`unix://${muteSocket}`, 20).create(wanted))).toBe('unreachable')
      mute.close()
      const found = await eventually('the container', () => runtimeWith().inspect(wanted.name))
      expect(found.engine.engineId).toBe(wanted.engineId)
      await runtimeWith().remove(found.id)
    })

    test('ends the events as unreachable when it is killed, and is followed again when it is back', async () => {
      const runtime = runtimeWith()
      const following = (async () => {
        for await (const each of runtime.events('vpn', new AbortController().signal)) if (each.kind === 'connected') await dockerd.kill()
      })()
      expect(await outcome(following)).toBe('unreachable')
      await expect(runtime.list()).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('start Docker') })

      await dockerd.restart()
      expect(await runtime.list()).toEqual([])
      for await (const each of runtime.events('vpn', new AbortController().signal)) {
        expect(each.kind).toBe('connected')
        break
      }
    }, 60_000)
  })
})
