/**
 * @module
 * Berth's Docker simulator as a campaign's world.
 */
import Docker from 'dockerode'
import type { Cleanup } from '../bench/cleanup.js'
import type { DockerParts, Secrets } from './docker-parts.js'
import { Gluetun } from './gluetun.js'
import { OutsideProcess } from './outside-process.js'
import { Done, type Question, Started } from './questions.js'
import { ENGINE_IMAGE, FIRST_PORT, GLUETUN_NAME } from './setting.js'

export async function startSimulatedDocker(seed: number, secrets: Secrets, cleanup: Cleanup): Promise<DockerParts> {
  const outside = await OutsideProcess.start(cleanup)
  const tell = (question: Question) => outside.ask(question, Done)
  const { vpnPassword: password, gluetunKey } = secrets
  const { proxySocket, daemonSocket, gluetunUrl } = await outside.ask({ ask: 'start', target: null, seed, password, gluetunKey }, Started)
  const docker = new Docker({ socketPath: daemonSocket })
  const container = () => docker.getContainer(GLUETUN_NAME)
  const tellPorts = async (ports: readonly number[]) => void (await tell({ ask: 'gluetun-ports', ports: [...ports] }))
  const back = async (port: number) => {
    await tellPorts([port])
    await tell({ ask: 'gluetun-fault', fault: null })
  }
  const gluetun = new Gluetun(
    {
      id: async () => (await container().inspect()).Id,
      tellPorts,
      tellVpn: async (state) => void (await tell({ ask: 'gluetun-vpn', state })),
      setFault: async (fault) => void (await tell({ ask: 'gluetun-fault', fault })),
      kill: async () => {
        await tell({ ask: 'gluetun-fault', fault: 'refuse' })
        await container().kill()
      },
      start: async (port) => {
        await container().start()
        await back(port)
      },
      recreate: async (port) => {
        await tell({ ask: 'gluetun-fault', fault: 'refuse' })
        const { Config } = await container().inspect()
        await container().remove({ force: true })
        const made = await docker.createContainer({ name: GLUETUN_NAME, Image: Config.Image, Env: Config.Env, Labels: Config.Labels })
        await made.start()
        await back(port)
      },
    },
    FIRST_PORT,
  )
  return {
    outside,
    docker,
    daemonSocket,
    gluetun,
    // Its process listens on nothing: the simulator's addresses are this machine's own.
    foreignImage: 'busybox:latest',
    env: {
      DOCKER_HOST: `unix://${proxySocket}`,
      GLUETUN_CONTAINER_NAME: GLUETUN_NAME,
      GLUETUN_URL: gluetunUrl ?? '',
      GLUETUN_API_KEY: gluetunKey,
      ENGINE_IMAGE,
    },
    daemonDown: async () => void (await tell({ ask: 'daemon-down' })),
    daemonUp: async (killContainers) => void (await tell({ ask: 'daemon-up', killContainers })),
    endProcess: async (id, exitCode) => {
      const outOfMemory = exitCode === 'out-of-memory'
      await tell({ ask: 'end-process', id, exitCode: outOfMemory ? 137 : exitCode, outOfMemory })
    },
  }
}
