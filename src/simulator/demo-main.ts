/**
 * @module
 * The demo's world: a simulated Docker daemon, Gluetun and engines, and a socket by which `berth demo` plays with them.
 */
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { z } from 'zod'
import { createDockerSimulator } from './docker-engine.js'
import { GluetunStandIn } from './gluetun-stand-in.js'

const environment = z.object({
  BERTH_DEMO_DOCKER: z.string().min(1),
  BERTH_DEMO_CONTROL: z.string().min(1),
  BERTH_DEMO_GLUETUN_PORT: z.coerce.number().int().min(1).max(65535),
  BERTH_DEMO_PORT: z.coerce.number().int().min(1).max(65535).default(41000),
})

const command = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('port'), port: z.number().int().min(1).max(65535) }),
  z.object({ kind: z.literal('vpn'), state: z.enum(['up', 'down']) }),
  z.object({ kind: z.literal('kill'), container: z.string().min(1).max(128) }),
])

async function main(): Promise<void> {
  const settings = environment.parse(process.env)
  const docker = createDockerSimulator({ socketPath: settings.BERTH_DEMO_DOCKER, gluetun: { name: 'gluetun' } })
  const gluetun = new GluetunStandIn({ port: settings.BERTH_DEMO_GLUETUN_PORT, ports: [settings.BERTH_DEMO_PORT] })
  await docker.start()
  await gluetun.start()

  const obey = async (text: string): Promise<string> => {
    const asked = command.parse(JSON.parse(text))
    switch (asked.kind) {
      case 'port':
        gluetun.setPorts([asked.port])
        return `Gluetun forwards port ${asked.port} now.`
      case 'vpn':
        gluetun.setVpn(asked.state)
        return asked.state === 'up' ? 'The VPN comes up, with a port of its own choice.' : 'The VPN is down: no port, no public address.'
      case 'kill': {
        const found = docker
          .containers()
          .find(
            (container) =>
              container.name.includes(asked.container) ||
              container.id.startsWith(asked.container) ||
              container.labels['acestream.engine.id'] === asked.container,
          )
        if (!found)
          throw new Error(
            `there is no container ${asked.container}; there are ${docker
              .containers()
              .map((container) => container.name)
              .join(', ')}`,
          )
        await docker.killContainer(found.id, 'rm')
        return `Container ${found.name} was removed, as by "docker rm -f".`
      }
    }
  }

  const control = createServer((request, response) => {
    void bodyOf(request)
      .then(obey)
      .then((said) => response.writeHead(200).end(said))
      .catch((error: unknown) => response.writeHead(400).end(error instanceof Error ? error.message : String(error)))
  })
  rmSync(settings.BERTH_DEMO_CONTROL, { force: true })
  await new Promise<void>((resolve) => control.listen(settings.BERTH_DEMO_CONTROL, resolve))
  process.send?.({ kind: 'ready' })

  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    if (process.connected) process.once('disconnect', () => resolve())
  })
  control.close()
  await docker.stop()
  await gluetun.stop()
  rmSync(settings.BERTH_DEMO_CONTROL, { force: true })
  process.exit(0)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

await main()
