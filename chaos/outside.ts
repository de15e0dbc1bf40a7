/**
 * @module
 * The outside world in a process of its own: the fault proxy and, without a real daemon, the Docker simulator and Gluetun's control server.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { createDockerSimulator, type DockerSimulator } from '../src/simulator/docker-engine.js'
import type { ActiveFault } from '../src/simulator/docker-faults.js'
import { GLUETUN_VERSIONS, GluetunStandIn } from '../src/simulator/gluetun-stand-in.js'
import { untilAskedToStop } from '../src/stop.js'
import { DockerProxy } from './docker-proxy.js'
import { Question } from './questions.js'
import { Random } from './random.js'
import { ENGINE_IMAGE, FIRST_PORT, GLUETUN_NAME } from './setting.js'

interface Running {
  proxy: DockerProxy
  simulator: DockerSimulator | null
  gluetun: GluetunStandIn | null
}

/** Runs until asked to stop, or until the process that started it is gone. */
export async function runOutside(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-chaos-docker-'))
  const rules = new Map<number, ActiveFault>()
  const held: { running: Running | null; release: (() => void) | null } = { running: null, release: null }
  let nextRule = 1

  const simulatorOf = (): DockerSimulator => {
    if (held.running?.simulator) return held.running.simulator
    throw new Error('only the simulator can do this')
  }
  const gluetunOf = (): GluetunStandIn => {
    if (held.running?.gluetun) return held.running.gluetun
    throw new Error('Gluetun is a container here')
  }
  const plan = () => {
    if (held.running === null) throw new Error('not started')
    return held.running.proxy.faults
  }

  const answer = async (question: Question): Promise<unknown> => {
    switch (question.ask) {
      case 'start': {
        const started = await start(folder, question)
        held.running = started
        return {
          proxySocket: started.proxy.socketPath,
          daemonSocket: started.simulator?.socketPath ?? question.target,
          gluetunUrl: started.gluetun?.url ?? null,
        }
      }
      case 'add-rule': {
        const id = nextRule++
        rules.set(id, plan().add(question.rule))
        return { id }
      }
      case 'remove-rule': {
        const rule = rules.get(question.id)
        rules.delete(question.id)
        rule?.remove()
        return { hits: rule?.hits ?? 0 }
      }
      case 'break-streams':
        if (question.how === 'cut') plan().cutEventStreams()
        else plan().stallEventStreams()
        return null
      case 'daemon-down':
        await simulatorOf().daemonDown()
        return null
      case 'daemon-up':
        await simulatorOf().daemonUp({ killContainers: question.killContainers })
        return null
      case 'end-process':
        await simulatorOf().killContainer(question.id, question.outOfMemory ? 'oom' : 'die', question.exitCode)
        return null
      case 'hold-removal':
        held.release = simulatorOf().holdRemoval(question.name, question.how)
        return null
      case 'release-removal':
        held.release?.()
        held.release = null
        return null
      case 'gluetun-ports':
        gluetunOf().setPorts(question.ports)
        return null
      case 'gluetun-vpn':
        gluetunOf().setVpn(question.state)
        return null
      case 'gluetun-fault':
        await gluetunOf().setFault(question.fault)
        return null
    }
  }

  process.on('message', (message) => {
    const { id, question } = z.object({ id: z.number(), question: Question }).parse(message)
    answer(question).then(
      (given) => process.send?.({ id, given }),
      (error: unknown) => process.send?.({ id, failure: error instanceof Error ? error.message : String(error) }),
    )
  })

  await untilAskedToStop()
  held.release?.()
  await held.running?.proxy.stop()
  await held.running?.simulator?.stop()
  await held.running?.gluetun?.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function start(folder: string, question: Extract<Question, { ask: 'start' }>): Promise<Running> {
  const { target, seed, password, gluetunKey } = question
  const proxySocket = join(folder, 'docker.sock')
  if (target !== null) {
    const proxy = new DockerProxy(proxySocket, target, seed)
    await proxy.start()
    return { proxy, simulator: null, gluetun: null }
  }
  const simulator = createDockerSimulator({
    socketPath: join(folder, 'daemon.sock'),
    images: [ENGINE_IMAGE, 'busybox:latest'],
    gluetun: { name: GLUETUN_NAME, address: ownAddress(), environment: { OPENVPN_PASSWORD: password } },
    seed,
  })
  const version = new Random(seed, 'gluetun').pick(GLUETUN_VERSIONS) ?? 'v3.41.3'
  const gluetun = new GluetunStandIn({ ports: [FIRST_PORT], version, auth: { kind: 'apikey', key: gluetunKey } })
  const proxy = new DockerProxy(proxySocket, simulator.socketPath, seed)
  await simulator.start()
  await gluetun.start()
  await proxy.start()
  return { proxy, simulator, gluetun }
}

/** A loopback address of its own, so that the engines' ports are nobody else's; elsewhere than on Linux there is only one. */
function ownAddress(): string {
  if (process.platform !== 'linux') return '127.0.0.1'
  const part = () => 2 + Math.floor(Math.random() * 250)
  return `127.${part()}.${part()}.${part()}`
}
