/**
 * @module
 * A stand-in for Gluetun's control server: the answers of four versions as recorded from them (statuses, bodies, redirects, refusals).
 * What was not recorded follows the sources of v3.40.0, v3.41.1 and of May 2026. Node built-ins only.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const GLUETUN_VERSIONS = ['v3.40.4', 'v3.41.1', 'v3.41.3', 'latest'] as const
export type GluetunVersion = (typeof GLUETUN_VERSIONS)[number]

/** One method of a role. */
export type StandInMethod = { kind: 'none' } | { kind: 'apikey'; key: string } | { kind: 'basic'; username: string; password: string }

/**
 * `default`: nothing configured. A bare method covers every route, as the default role does.
 * `config`: the roles of a config.toml; nothing else is open.
 */
export type StandInAuth = { kind: 'default' } | StandInMethod | { kind: 'config'; roles: { routes: string[]; method: StandInMethod }[] }

/**
 * `html`: every answer is a web page. `slow`: none is given until the fault is lifted. `refuse`: connections are refused.
 * `unauthorized`: every answer is 401. `flap`: the port is gone at every second question.
 */
export const STAND_IN_FAULTS = ['html', 'slow', 'refuse', 'unauthorized', 'flap'] as const
export type StandInFault = (typeof STAND_IN_FAULTS)[number]

export interface GluetunStandInOptions {
  /** 127.0.0.1 by default. */
  host?: string
  /** 0, the default, takes any free port. */
  port?: number
  /** v3.41.3 by default. */
  version?: GluetunVersion
  auth?: StandInAuth
  /** Forwarded ports at the start; none by default, as with `VPN_PORT_FORWARDING=off`. */
  ports?: number[]
  /** Time from a VPN that comes up to its new port, 300 ms by default (0.2–0.5 s measured). */
  portDelayMs?: number
  /** v3.40 starts a stopped VPN again by itself, after 10–20 s; 15 s by default. Other versions do not. */
  selfRestartMs?: number
}

interface Reply {
  status: number
  body: string
  headers?: Record<string, string>
}

const TEXT = 'text/plain; charset=utf-8'
const COMMITS: Record<GluetunVersion, [commit: string, created: string]> = {
  'v3.40.4': ['bb4e61f', '2025-12-24T03:18:02Z'],
  'v3.41.1': ['7f22fb3', '2026-02-11T14:13:34Z'],
  'v3.41.3': ['3d1e20c', '2026-07-30T11:49:18Z'],
  latest: ['7eed6ea', '2026-08-07T11:40:39Z'],
}
const PUBLIC_IP = {
  public_ip: '198.51.100.7',
  region: 'North Holland',
  country: 'Netherlands',
  city: 'Amsterdam',
  hostname: 'node-nl-01.example.net',
  location: '52.369999,4.890000',
  organization: 'AS64500 Example VPN',
  postal_code: '1012',
  timezone: 'Europe/Amsterdam',
}

/**
 * One Gluetun's control server.
 *
 * 1. `start` resolves with the base URL once it listens; `stop` closes every connection and may be called again.
 * 2. Every control takes effect before it returns (or resolves); the next request sees it.
 * 3. A VPN that comes up gets *other* ports than before, `portDelayMs` later, unless `setPorts` named them while it was down.
 *
 * Not served: changing settings, starting OpenVPN, the updater and the unversioned routes but one; these answer 501 or as unknown routes.
 *
 * @example
 * const gluetun = new GluetunStandIn({ version: 'v3.41.1', ports: [41000] })
 * const baseUrl = await gluetun.start()
 */
export class GluetunStandIn {
  /** `METHOD URI` of each request so far, oldest first; the last 1000. */
  readonly requests: string[] = []
  readonly #version: GluetunVersion
  readonly #host: string
  readonly #portDelayMs: number
  readonly #selfRestartMs: number
  #port: number
  #auth: StandInAuth
  #server: Server | null = null
  #fault: StandInFault | null = null
  #held: (() => void)[] = []
  #flapped = false
  #vpn: 'running' | 'stopped' = 'running'
  #dns: 'running' | 'stopped'
  #ports: number[]
  /** What the VPN is to have when it is next up. */
  #nextPorts: number[]
  #publicIpKnown = true
  /** Runs from a VPN that comes up to its port and public IP. */
  #comingUp: NodeJS.Timeout | undefined
  #selfRestart: NodeJS.Timeout | undefined

  constructor(options: GluetunStandInOptions = {}) {
    this.#host = options.host ?? '127.0.0.1'
    this.#port = options.port ?? 0
    this.#version = options.version ?? 'v3.41.3'
    this.#auth = options.auth ?? { kind: 'default' }
    this.#portDelayMs = options.portDelayMs ?? 300
    this.#selfRestartMs = options.selfRestartMs ?? 15_000
    this.#dns = this.#version === 'latest' ? 'running' : 'stopped'
    this.#ports = checkedPorts(options.ports ?? [])
    this.#nextPorts = this.#ports.map(successor)
  }

  /** Rejects with the system's error when the port cannot be had. */
  async start(): Promise<string> {
    await this.#listen()
    return this.url
  }

  async stop(): Promise<void> {
    clearTimeout(this.#comingUp)
    clearTimeout(this.#selfRestart)
    await this.#close()
  }

  /** The base URL; stays the same through the fault `refuse`. Throws before the first `start`. */
  get url(): string {
    if (this.#port === 0) throw new Error('the stand-in was not started')
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host
    return `http://${host}:${this.#port}`
  }

  setPort(port: number): void {
    this.setPorts(port === 0 ? [] : [port])
  }

  /** `[]` is a forward that got lost while the VPN runs; it comes back with the next restart of the VPN. Throws `RangeError` for what is no port. */
  setPorts(ports: number[]): void {
    const checked = checkedPorts(ports)
    clearTimeout(this.#comingUp)
    if (this.#vpn === 'stopped') {
      this.#nextPorts = checked
      return
    }
    if (checked.length > 0) this.#nextPorts = checked.map(successor)
    this.#ports = checked
    this.#publicIpKnown = true
  }

  /** As the requests `PUT /v1/vpn/status` do: down at once, without port and IP; up at once, with the public IP and a new port a little later. */
  setVpn(state: 'up' | 'down'): void {
    clearTimeout(this.#comingUp)
    clearTimeout(this.#selfRestart)
    if (state === 'down') {
      this.#vpn = 'stopped'
      this.#ports = []
      this.#publicIpKnown = false
      return
    }
    this.#vpn = 'running'
    this.#comingUp = setTimeout(() => this.setPorts(this.#nextPorts), this.#portDelayMs)
  }

  setAuth(auth: StandInAuth): void {
    this.#auth = auth
  }

  /** `null` lifts the fault. Resolves when it is in effect; lifting `refuse` rejects if another process has taken the port. */
  async setFault(fault: StandInFault | null): Promise<void> {
    const before = this.#fault
    this.#fault = fault
    if (fault === 'refuse') await this.#close()
    else if (before === 'refuse') await this.#listen()
    for (const resume of this.#held.splice(0)) resume()
  }

  async #listen(): Promise<void> {
    const server = createServer((request, response) => this.#take(request, response))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, this.#host, resolve)
    })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = null
    this.#held = []
    if (server === null) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`)
    if (this.requests.length > 1000) this.requests.shift()
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      if (this.#fault === 'slow') this.#held.push(() => this.#send(response, this.#reply(request, body)))
      else this.#send(response, this.#reply(request, body))
    })
  }

  #send(response: ServerResponse, { status, body, headers }: Reply): void {
    response.writeHead(status, { 'content-type': TEXT, ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
  }

  #reply(request: IncomingMessage, body: string): Reply {
    if (this.#fault === 'html') {
      return {
        status: 200,
        body: '<!DOCTYPE html>\n<html><body>Sign in</body></html>\n',
        headers: { 'content-type': 'text/html; charset=utf-8' },
      }
    }
    if (this.#fault === 'unauthorized') return UNAUTHORIZED
    const method = request.method ?? 'GET'
    const uri = request.url ?? '/'
    const path = uri.split('?', 1)[0] ?? uri
    const methods = routesOf(this.#version)[path]
    const tellsMissing = this.#version === 'v3.41.3' || this.#version === 'latest'
    if (methods === undefined) return tellsMissing ? text(404, 'Not Found') : UNAUTHORIZED
    if (!methods.includes(method)) return tellsMissing ? text(405, 'Method Not Allowed') : UNAUTHORIZED
    const roles = this.#rolesFor(`${method} ${path}`)
    if (!roles.some((role) => isAuthorized(role, request))) {
      const asksBasic = roles.some((role) => role.kind === 'basic') && !/^basic /i.test(request.headers.authorization ?? '')
      return asksBasic
        ? { ...UNAUTHORIZED, headers: { ...NO_SNIFF, 'www-authenticate': 'Basic realm="restricted", charset="UTF-8"' } }
        : UNAUTHORIZED
    }
    return this.#handle(method, path, uri, body)
  }

  #rolesFor(route: string): StandInMethod[] {
    if (this.#auth.kind === 'config') return this.#auth.roles.filter((role) => role.routes.includes(route)).map((role) => role.method)
    if (this.#auth.kind !== 'default') return [this.#auth]
    // The role "public" of v3.39.1 to v3.41.3; newer ones have none.
    const open = this.#version !== 'latest' && !route.endsWith('/settings') && route !== 'PUT /v1/portforward'
    return open ? [{ kind: 'none' }] : []
  }

  #handle(method: string, path: string, uri: string, body: string): Reply {
    if (path === '/openvpn/portforwarded')
      return uri === path ? redirect(308, 'Permanent Redirect') : text(400, 'unversioned API: requested URI not found')
    // This handler alone does not compare the URI, so that a query string does no harm.
    if (path === '/v1/portforward') return method === 'GET' ? json(this.#portsBody()) : this.#refusePorts()
    if (uri !== path) {
      const [, , group = '', ...rest] = uri.split('/')
      return group.startsWith('version') ? text(400, `GET /${group} not found`) : text(400, `route /${rest.join('/')} not supported`)
    }
    if (method === 'PUT') return this.#put(path, body)
    switch (path) {
      case '/v1/version': {
        const [commit, created] = COMMITS[this.#version]
        return json({ version: this.#version, commit, created })
      }
      case '/v1/vpn/status':
        return json({ status: this.#vpn })
      case '/v1/openvpn/portforwarded':
        return this.#version === 'v3.40.4' ? json(this.#portsBody()) : redirect(301, 'Moved Permanently')
      case '/v1/publicip/ip':
        return json(this.#publicIpKnown ? PUBLIC_IP : { public_ip: '' })
      case '/v1/dns/status':
        return json({ status: this.#dns })
      case '/v1/openvpn/status': // WireGuard is in use
      case '/v1/updater/status':
        return json({ status: 'stopped' })
      default:
        return json({ type: 'wireguard' }) // the settings, of which nothing else is told
    }
  }

  #put(path: string, body: string): Reply {
    const dns = path === '/v1/dns/status'
    if (!dns && path !== '/v1/vpn/status' && path !== '/v1/openvpn/status') return text(501, 'the stand-in does not do this')
    const wanted = wantedStatus(body)
    if (typeof wanted !== 'string') return wanted
    if (path === '/v1/openvpn/status' && wanted === 'running') return text(501, 'the stand-in does not start OpenVPN')
    if (wanted === (dns ? this.#dns : this.#vpn)) return json({ outcome: `already ${wanted}` })
    if (dns) {
      this.#dns = wanted
    } else {
      this.setVpn(wanted === 'running' ? 'up' : 'down')
      if (wanted === 'stopped' && this.#version === 'v3.40.4') this.#selfRestart = setTimeout(() => this.setVpn('up'), this.#selfRestartMs)
    }
    return json({ outcome: wanted })
  }

  #portsBody(): object {
    if (this.#fault === 'flap') this.#flapped = !this.#flapped
    const ports = this.#fault === 'flap' && this.#flapped ? [] : this.#ports
    if (this.#version === 'v3.41.3' || this.#version === 'latest') return { port: ports[0] ?? 0, ports }
    return ports.length > 1 ? { ports } : { port: ports[0] ?? 0 }
  }

  #refusePorts(): Reply {
    return this.#version === 'latest' ? text(500, 'failed setting forwarded ports') : text(400, 'method PUT not supported')
  }
}

/** Go's `http.Error` sends it. */
const NO_SNIFF = { 'x-content-type-options': 'nosniff' }
const UNAUTHORIZED = text(401, 'Unauthorized')

function text(status: number, line: string): Reply {
  return { status, body: `${line}\n`, headers: NO_SNIFF }
}

function json(value: object): Reply {
  return { status: 200, body: `${JSON.stringify(value)}\n` }
}

function redirect(status: number, phrase: string): Reply {
  const location = '/v1/portforward'
  return { status, body: `<a href="${location}">${phrase}</a>.\n\n`, headers: { location, 'content-type': 'text/html; charset=utf-8' } }
}

/** Paths and their methods, as each version's list of valid routes has them. */
function routesOf(version: GluetunVersion): Record<string, readonly string[]> {
  const both = ['GET', 'PUT']
  const routes: Record<string, readonly string[]> = {
    '/v1/version': ['GET'],
    '/v1/vpn/status': both,
    '/v1/vpn/settings': both,
    '/v1/openvpn/status': both,
    '/v1/openvpn/settings': ['GET'],
    '/v1/openvpn/portforwarded': ['GET'],
    '/v1/dns/status': both,
    '/v1/updater/status': both,
    '/v1/publicip/ip': ['GET'],
  }
  if (version === 'v3.40.4') return routes
  const ports = version === 'v3.41.1' ? ['GET'] : both
  return { ...routes, '/v1/portforward': ports, '/openvpn/portforwarded': ['GET'] }
}

/** The key may also stand in the query string as `api_key`: that authenticates, and then the query string breaks the routing. */
function isAuthorized(method: StandInMethod, { headers, url }: IncomingMessage): boolean {
  switch (method.kind) {
    case 'none':
      return true
    case 'apikey':
      return (headers['x-api-key'] || new URL(url ?? '/', 'http://gluetun').searchParams.get('api_key')) === method.key
    case 'basic':
      return headers.authorization === `Basic ${Buffer.from(`${method.username}:${method.password}`).toString('base64')}`
  }
}

function wantedStatus(body: string): 'running' | 'stopped' | Reply {
  let status: unknown
  try {
    const value: unknown = JSON.parse(body)
    status = typeof value === 'object' && value !== null && 'status' in value ? value.status : ''
  } catch {
    return text(400, body === '' ? 'EOF' : `invalid character '${body.charAt(0)}' looking for beginning of value`)
  }
  if (status === 'running' || status === 'stopped') return status
  return text(400, `invalid status: ${String(status)}: possible values are: stopped, running`)
}

function checkedPorts(ports: number[]): number[] {
  for (const port of ports) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new RangeError(`not a port: ${port}`)
  }
  return [...ports].sort((a, b) => a - b)
}

function successor(port: number): number {
  return port === 65535 ? 1024 : port + 1
}
