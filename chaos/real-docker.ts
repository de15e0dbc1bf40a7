/**
 * @module
 * A Docker daemon of the campaign's own, with the stand-ins as containers.
 */
import Docker from 'dockerode'
import type { Cleanup } from '../bench/cleanup.js'
import { GLUETUN_COMMAND, importStandIns, STAND_IN_IMAGE } from '../bench/docker-image.js'
import { until } from '../bench/until.js'
import { startDockerd } from '../test/support/dockerd.js'
import type { DockerParts, Secrets } from './docker-parts.js'
import { Gluetun } from './gluetun.js'
import { OutsideProcess } from './outside-process.js'
import { Started } from './questions.js'
import { Random } from './random.js'
import { FIRST_PORT, GLUETUN_NAME } from './setting.js'

const CONTROL_PORT = 9998
/** Signals that end the stand-in's process from outside. No signal makes it end with 1: as the first of its container it ignores what it does not handle. */
const SIGNALS = { 0: 'SIGTERM', 1: 'SIGKILL', 'out-of-memory': 'SIGKILL' } as const

export async function startRealDocker(seed: number, secrets: Secrets, cleanup: Cleanup): Promise<DockerParts> {
  const dockerd = await cleanup.make('the Docker daemon', startDockerd, (daemon) => daemon.stop())
  const docker = new Docker({ socketPath: dockerd.socketPath })
  await importStandIns(docker)
  const outside = await OutsideProcess.start(cleanup)
  const { vpnPassword, gluetunKey } = secrets
  const { proxySocket } = await outside.ask({ ask: 'start', target: dockerd.socketPath, seed, password: vpnPassword, gluetunKey }, Started)
  const version = new Random(seed, 'gluetun').pick(['v3.40.4', 'v3.41.1', 'v3.41.3', 'latest']) ?? 'v3.41.3'
  const container = () => docker.getContainer(GLUETUN_NAME)

  const put = async (path: string, body: object): Promise<void> => {
    await until(
      `Gluetun’s stand-in takes ${path}`,
      async () => {
        const { NetworkSettings } = await container().inspect()
        const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress
        if (!address) throw new Error('Gluetun has no address: this host allows Docker no bridge network')
        const response = await fetch(`http://${address}:${CONTROL_PORT}${path}`, {
          method: 'PUT',
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(2_000),
        })
        if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
        return true
      },
      { withinMs: 15_000 },
    )
  }
  const make = async (port: number): Promise<void> => {
    const made = await docker.createContainer({
      name: GLUETUN_NAME,
      Image: STAND_IN_IMAGE,
      Cmd: GLUETUN_COMMAND,
      User: '0:0',
      Env: [
        `VPN_PORT=${port}`,
        `CONTROL_PORT=${CONTROL_PORT}`,
        `GLUETUN_VERSION=${version}`,
        `HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE=${JSON.stringify({ auth: 'apikey', apikey: gluetunKey })}`,
        'VPN_SERVICE_PROVIDER=protonvpn',
        `OPENVPN_PASSWORD=${vpnPassword}`,
      ],
    })
    await made.start()
  }
  const tellPorts = (ports: readonly number[]) => put('/ports', { ports })

  await make(FIRST_PORT)
  await tellPorts([FIRST_PORT])
  const gluetun = new Gluetun(
    {
      id: async () => (await container().inspect()).Id,
      tellPorts,
      tellVpn: (state) => put('/vpn', { state }),
      setFault: (kind) => put('/fault', { kind }),
      kill: async () => void (await container().kill()),
      start: async (port) => {
        await container().start()
        await tellPorts([port])
      },
      recreate: async (port) => {
        await container().remove({ force: true })
        await make(port)
        await tellPorts([port])
      },
    },
    FIRST_PORT,
  )
  return {
    outside,
    docker,
    daemonSocket: dockerd.socketPath,
    gluetun,
    foreignImage: STAND_IN_IMAGE,
    env: {
      DOCKER_HOST: `unix://${proxySocket}`,
      GLUETUN_CONTAINER_NAME: GLUETUN_NAME,
      GLUETUN_API_KEY: gluetunKey,
      ENGINE_IMAGE: STAND_IN_IMAGE,
      ENGINE_MEMORY_MB: '512',
    },
    daemonDown: () => dockerd.kill(),
    daemonUp: () => dockerd.restart(),
    endProcess: async (id, exitCode) => {
      const { State } = await docker.getContainer(id).inspect()
      if (State.Pid === 0) throw new Error('the container does not run')
      process.kill(State.Pid, SIGNALS[exitCode])
    },
  }
}
