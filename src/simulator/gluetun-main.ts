/**
 * @module
 * The Gluetun stand-in as a process, for a container that takes Gluetun's place.
 *
 * Environment: `HTTP_CONTROL_SERVER_ADDRESS` (`:8000`), `HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE` (JSON, as Gluetun v3.41 reads it),
 * `VPN_PORT` (41000; 0: none), `GLUETUN_VERSION` (v3.41.3) and `CONTROL_PORT` (none). On the last one `PUT /port {"port":N}`,
 * `PUT /ports {"ports":[N,…]}`, `PUT /vpn {"state":"up"|"down"}` and `PUT /fault {"kind":…|null}` answer 204 when in effect and 400 with the reason when refused.
 *
 * The first line of its output is JSON: `{"controlServer":"http://…","testControl":"http://…"|null}`. Exits with 0 on SIGTERM or SIGINT,
 * with 1 when a setting is wrong or a port is in use. Node built-ins only.
 */
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GLUETUN_VERSIONS, GluetunStandIn, STAND_IN_FAULTS } from './gluetun-stand-in.js'
import type { StandInAuth } from './gluetun-stand-in.js'

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))

try {
  const { env } = process
  const { host, port } = listenAddress(env.HTTP_CONTROL_SERVER_ADDRESS ?? ':8000')
  const gluetun = new GluetunStandIn({
    host,
    port,
    version: oneOf(GLUETUN_VERSIONS, env.GLUETUN_VERSION ?? 'v3.41.3', 'GLUETUN_VERSION'),
    auth: defaultRole(env.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE),
    ports: [integer(env.VPN_PORT ?? '41000', 'VPN_PORT')].filter((vpnPort) => vpnPort !== 0),
  })
  const controlServer = await gluetun.start()
  const testControl =
    env.CONTROL_PORT === undefined ? null : await listenForControl(gluetun, host, integer(env.CONTROL_PORT, 'CONTROL_PORT'))
  process.stdout.write(`${JSON.stringify({ controlServer, testControl })}\n`)
} catch (cause) {
  process.stderr.write(`gluetun cannot start: ${message(cause)}\n`)
  process.exit(1)
}

async function listenForControl(gluetun: GluetunStandIn, host: string, port: number): Promise<string> {
  const server = createServer((request, response) => {
    control(gluetun, request).then(
      () => response.writeHead(204).end(),
      (cause) => response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message(cause)}\n`),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

async function control(gluetun: GluetunStandIn, request: IncomingMessage): Promise<void> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  const given: unknown = JSON.parse(body)
  const field = (name: string): unknown =>
    typeof given === 'object' && given !== null ? new Map(Object.entries(given)).get(name) : undefined
  switch (`${request.method} ${request.url}`) {
    case 'PUT /port':
      return gluetun.setPort(integer(String(field('port')), 'port'))
    case 'PUT /ports': {
      const ports = field('ports')
      if (!Array.isArray(ports)) throw new Error(`ports must be a list, not ${JSON.stringify(ports)}`)
      return gluetun.setPorts(ports.map((port) => integer(String(port), 'ports')))
    }
    case 'PUT /vpn':
      return gluetun.setVpn(oneOf(['up', 'down'] as const, field('state'), 'state'))
    case 'PUT /fault': {
      const kind = field('kind')
      return gluetun.setFault(kind === null ? null : oneOf(STAND_IN_FAULTS, kind, 'kind'))
    }
    default:
      throw new Error('known are PUT /port, PUT /ports, PUT /vpn and PUT /fault')
  }
}

/** `:8000`, `127.0.0.1:8000` or `[::1]:8000`, as Gluetun takes them. */
function listenAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host: host || '0.0.0.0', port: integer(address.slice(colon + 1), 'HTTP_CONTROL_SERVER_ADDRESS') }
}

function defaultRole(json: string | undefined): StandInAuth {
  if (json === undefined || json === '' || json === '{}') return { kind: 'default' }
  const role = JSON.parse(json) as Record<string, unknown>
  switch (role.auth) {
    case 'none':
      return { kind: 'none' }
    case 'apikey':
      return { kind: 'apikey', key: String(role.apikey) }
    case 'basic':
      return { kind: 'basic', username: String(role.username), password: String(role.password) }
    default:
      throw new Error(`HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE: authentication method not supported: ${String(role.auth)}`)
  }
}

function integer(value: string, name: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) throw new Error(`${name} must be a port number, not ${JSON.stringify(value)}`)
  return Number(value)
}

function oneOf<T extends string>(known: readonly T[], value: unknown, name: string): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new Error(`${name} must be one of ${known.join(', ')}`)
  return found
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
