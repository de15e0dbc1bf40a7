/**
 * @module
 * A Docker daemon of its own with a Gluetun stand-in, as a container whose network the engines share.
 */
import Docker from 'dockerode'
import { startDockerd } from '../test/support/dockerd.js'
import type { Cleanup } from './cleanup.js'
import { GLUETUN_COMMAND, importStandIns, STAND_IN_IMAGE } from './docker-image.js'
import { until } from './until.js'

const GLUETUN_NAME = 'gluetun'
const FORWARDED_PORT = 41_000

/** What Berth and the floor are measured on. */
export interface DockerWorld {
  docker: Docker
  /** Where engines answer, whichever container of Gluetun's network they are. */
  address: string
  /** What `berth up` needs to use this daemon. */
  env: Record<string, string>
}

/** Starts it; `cleanup` ends it with all of its containers. */
export async function startDockerWorld(cleanup: Cleanup): Promise<DockerWorld> {
  const dockerd = await cleanup.make('the Docker daemon', startDockerd, (daemon) => daemon.stop())
  const docker = new Docker({ socketPath: dockerd.socketPath })
  await importStandIns(docker)
  const gluetun = await docker.createContainer({
    name: GLUETUN_NAME,
    Image: STAND_IN_IMAGE,
    Cmd: GLUETUN_COMMAND,
    User: '0:0',
    Env: [`VPN_PORT=${FORWARDED_PORT}`, 'VPN_SERVICE_PROVIDER=protonvpn'],
  })
  await gluetun.start()
  const { NetworkSettings } = await gluetun.inspect()
  const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress
  if (!address) throw new Error('this host allows Docker no bridge network, so that Gluetun’s container cannot be reached')
  await until('Gluetun’s control server answers', async () =>
    (await fetch(`http://${address}:8000/v1/vpn/status`)).status < 500 ? true : null,
  )
  return {
    docker,
    address,
    env: { DOCKER_HOST: dockerd.dockerHost, GLUETUN_CONTAINER_NAME: GLUETUN_NAME, ENGINE_IMAGE: STAND_IN_IMAGE },
  }
}
