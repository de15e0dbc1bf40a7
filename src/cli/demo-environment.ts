/**
 * @module
 * What the demo sets in place of a person.
 */
import { join } from 'node:path'
import type { Config } from '../config/environment.js'
import { bind, freePort } from './addresses.js'
import { DEMO_GLUETUN, demoSockets } from './demo-world.js'
import { StartError } from './start-error.js'

/** A demo shows more when there are followers. */
const DEMO_REPLICAS = '3'
const DEMO_PORTS = 20

/** The environment of every part of a demo: its own data folder, Docker, Gluetun and engine ports; a person's settings count where they make sense. */
export async function demoEnvironment(config: Config): Promise<NodeJS.ProcessEnv> {
  const sockets = demoSockets(config.dataDir)
  const gluetunPort = await freePort()
  const from = await demoPorts()
  return {
    MIN_REPLICAS: DEMO_REPLICAS,
    ENGINE_HOST: '127.0.0.1',
    GLUETUN_PORT_RANGE_1: `${from}-${from + DEMO_PORTS - 1}`,
    ...process.env,
    DOCKER_HOST: `unix://${sockets.docker}`,
    GLUETUN_CONTAINER_NAME: DEMO_GLUETUN,
    GLUETUN_URL: `http://127.0.0.1:${gluetunPort}`,
    BERTH_DATA_DIR: join(config.dataDir, 'demo'),
    BERTH_DEMO_DOCKER: sockets.docker,
    BERTH_DEMO_CONTROL: sockets.control,
    BERTH_DEMO_GLUETUN_PORT: String(gluetunPort),
  }
}

/** The first block of engine ports of which none is in use: another demo may run on this machine. */
async function demoPorts(): Promise<number> {
  for (let from = 19_000; from < 20_000; from += DEMO_PORTS) {
    const failures = await Promise.all(Array.from({ length: DEMO_PORTS }, (_, offset) => bind('127.0.0.1', from + offset)))
    if (failures.every((failure) => failure === null)) return from
  }
  throw new StartError('The demo finds no 20 free ports between 19000 and 19999 for its engines: end what uses them.')
}
