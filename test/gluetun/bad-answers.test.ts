import type { RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGluetunClient } from '../../src/gluetun/control-client.js'
import type { GluetunAuth } from '../../src/gluetun/client.js'
import { GluetunStandIn } from '../../src/simulator/gluetun-stand-in.js'
import { serve } from './loopback.js'

const SECRET = 'k3y-that-nobody-may-see'
const KEY: GluetunAuth = { kind: 'apikey', key: SECRET }

const text =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

const BAD: [what: string, answer: RequestListener, says: string][] = [
  ['a web page', text(200, '<!DOCTYPE html><html></html>', { 'content-type': 'text/html' }), 'with a web page'],
  ['an empty body', text(200, ''), 'with an empty body'],
  ['a truncated JSON', text(200, '{"port":410'), 'with JSON that is cut off'],
  ['a text', text(200, `hello ${SECRET}`), 'with text that is not JSON'],
  ['JSON of another server', text(200, '{"ok":true}'), 'does not hold "port" or "ports"'],
  ['a port out of range', text(200, '{"port":70000}'), 'does not hold'],
  ['a negative port', text(200, '{"port":-1}'), 'does not hold'],
  ['a port as text', text(200, '{"port":"41000"}'), 'does not hold'],
  ['null', text(200, 'null'), 'not JSON|does not hold'],
  ['an error of a proxy', text(502, 'Bad Gateway'), 'with HTTP status 502'],
  ['404 to everything', text(404, '404 page not found'), 'with HTTP status 404'],
  ['a redirect without an address', text(302, ''), 'with HTTP status 302'],
  ['a redirect to an unreadable address', text(302, '', { location: 'http://[' }), 'redirects to another'],
  ['a redirect loop', text(301, '', { location: '/v1/portforward' }), 'redirects again and again'],
  [
    'more than 64 KiB, without an end',
    (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16 * 1024)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    'more than 64 KiB',
  ],
]

describe('an answer that is not Gluetun’s', () => {
  it.each(BAD)('is told as such: %s', async (_, answer, says) => {
    const server = await serve(answer)
    const reading = await createGluetunClient({ baseUrl: () => server.url, auth: KEY }).readPorts()
    expect(reading.ports).toBeNull()
    expect(reading.problem?.code).toBe('gluetun-unintelligible')
    expect(reading.problem?.detail).toMatch(new RegExp(says))
    expect(reading.problem?.detail).not.toContain(SECRET)
  })

  it('leaves the parts that are good as they are', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/v1/vpn/status') response.end('{"status":"restarting"}')
      else if (request.url === '/v1/publicip/ip') response.end('{"public_ip":"2001:db8::7"}')
      else response.end('{"port":41000}')
    })
    expect(await createGluetunClient({ baseUrl: () => server.url, auth: KEY }).read()).toMatchObject({
      status: 'unknown',
      ports: [41000],
      publicIp: '2001:db8::7',
      country: null,
      problem: { code: 'gluetun-unintelligible', detail: expect.stringContaining('/v1/vpn/status') },
    })
  })
})

describe('no answer', () => {
  it('within the time-out ends the reading, also when the body is what never comes', async () => {
    const silent = await serve(() => {})
    const halting = await serve((_, response) => response.write('{"port":'))
    for (const server of [silent, halting]) {
      const reading = await createGluetunClient({ baseUrl: () => server.url, auth: KEY, timeoutMs: 50 }).read()
      expect(reading).toMatchObject({ status: 'unknown', ports: null, problem: { code: 'gluetun-unreachable' } })
      expect(reading.problem?.detail).toContain('was not answered within 50 ms')
    }
  })

  it('because the connection is refused names the port of the control server', async () => {
    const server = new GluetunStandIn()
    onTestFinished(() => server.stop())
    const url = await server.start()
    await server.setFault('refuse')
    const reading = await createGluetunClient({ baseUrl: () => url, auth: KEY }).readPorts()
    expect(reading.problem).toMatchObject({ code: 'gluetun-unreachable', detail: expect.stringContaining('ECONNREFUSED') })
    expect(reading.problem?.detail).toContain('GLUETUN_API_PORT')
  })

  it('because fetch does not ask such a port is told', async () => {
    const reading = await createGluetunClient({ baseUrl: () => 'http://127.0.0.1:6000', auth: KEY }).readPorts()
    expect(reading.problem).toMatchObject({ code: 'gluetun-unreachable', detail: expect.stringContaining('blocks this port') })
  })

  it('because the connection is cut is a problem, not a throw', async () => {
    const server = await serve((request) => request.socket.destroy())
    const reading = await createGluetunClient({ baseUrl: () => server.url, auth: KEY }).readPorts()
    expect(reading).toMatchObject({ ports: null, problem: { code: 'gluetun-unreachable' } })
  })

  it('is awaited no longer once the caller gives up', async () => {
    const caller = new AbortController()
    const server = await serve(() => caller.abort(new Error('worker stops')))
    const client = createGluetunClient({ baseUrl: () => server.url, auth: KEY, timeoutMs: 60_000 })
    await expect(client.read(caller.signal)).rejects.toThrow('worker stops')
    await expect(client.readPorts(caller.signal)).rejects.toThrow('worker stops')
  })
})

describe('credentials', () => {
  it('never follow a redirect to another host or port', async () => {
    const elsewhere = await serve(text(200, '{"port":41000}'))
    const server = await serve(text(301, '', { location: `${elsewhere.url}/v1/portforward?key=${SECRET}` }))
    const reading = await createGluetunClient({ baseUrl: () => server.url, auth: KEY }).readPorts()
    expect(reading).toMatchObject({ ports: null, problem: { code: 'gluetun-unintelligible' } })
    expect(reading.problem?.detail).not.toContain(SECRET)
    expect(elsewhere.requests).toEqual([])
  })

  it.each<[GluetunAuth, string]>([
    [KEY, SECRET],
    [{ kind: 'basic', username: 'user', password: SECRET }, `Basic ${btoa(`user:${SECRET}`)}`],
  ])('follow a redirect on the same host: %j', async (auth, expected) => {
    const server = await serve((request, response) => {
      const given = request.headers['x-api-key'] ?? request.headers.authorization
      if (given !== expected) response.writeHead(401).end('Unauthorized\n')
      else if (request.url === '/v1/portforward') response.writeHead(308, { location: '/moved' }).end()
      else response.end('{"port":41000}')
    })
    expect(await createGluetunClient({ baseUrl: () => server.url, auth }).readPorts()).toEqual({ ports: [41000], problem: null })
  })

  it.each<GluetunAuth>([KEY, { kind: 'basic', username: 'user', password: SECRET }])('are in no detail: %j', async (auth) => {
    const echo = (request: { headers: NodeJS.Dict<string | string[]> }): string =>
      String(request.headers['x-api-key'] ?? request.headers.authorization)
    const answers: RequestListener[] = [
      (request, response) => response.writeHead(401, { 'www-authenticate': `Basic realm="${echo(request)}"` }).end(echo(request)),
      (request, response) => response.writeHead(302, { location: `/v1/${encodeURIComponent(echo(request))}` }).end(),
      (request, response) => response.writeHead(500).end(echo(request)),
      (request, response) => response.end(JSON.stringify({ status: echo(request), public_ip: echo(request), port: echo(request) })),
    ]
    for (const answer of answers) {
      const server = await serve(answer)
      const withUserInfo = server.url.replace('http://', `http://user:${SECRET}@`)
      const { problem } = await createGluetunClient({ baseUrl: () => withUserInfo, auth }).read()
      expect(problem).not.toBeNull()
      expect(problem?.detail).not.toContain(SECRET)
      expect(problem?.detail).not.toContain(btoa(`user:${SECRET}`))
    }
  })

  it('that no header can carry are told, not sent and not shown', async () => {
    const server = await serve(text(200, '{"port":1}'))
    const { problem } = await createGluetunClient({ baseUrl: () => server.url, auth: { kind: 'apikey', key: `${SECRET}\nclé€` } }).read()
    expect(problem?.code).toBe('gluetun-unauthorized')
    expect(problem?.detail).toContain('GLUETUN_API_KEY')
    expect(problem?.detail).not.toContain(SECRET)
    expect(server.requests).toEqual([])
  })
})

describe('requests', () => {
  it('are GET without a query string, of three routes and one more where the first is refused', async () => {
    const server = await serve(text(401, 'Unauthorized\n'))
    await createGluetunClient({ baseUrl: () => `${server.url}/?x=1#y`, auth: KEY }).read()
    expect(server.requests.toSorted()).toEqual([
      'GET /v1/openvpn/portforwarded',
      'GET /v1/portforward',
      'GET /v1/publicip/ip',
      'GET /v1/vpn/status',
    ])
  })

  it('keep a path of the base URL, through redirects too', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/vpn/v1/openvpn/portforwarded') response.writeHead(301, { location: '/vpn/v1/portforward' }).end()
      else response.writeHead(401).end('Unauthorized\n')
    })
    const { problem } = await createGluetunClient({ baseUrl: () => `${server.url}/vpn/`, auth: KEY }).readPorts()
    expect(server.requests).toEqual(['GET /vpn/v1/portforward', 'GET /vpn/v1/openvpn/portforwarded', 'GET /vpn/v1/portforward'])
    expect(problem?.detail).toContain('its file lists only "GET /v1/openvpn/portforwarded"')
  })
})
