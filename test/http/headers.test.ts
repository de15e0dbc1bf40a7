import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { describe, expect, test } from 'vitest'
import { post, problemOf, setUp } from './set-up.js'

const overTls = { 'x-forwarded-proto': 'https' }
const socket = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })

describe('security headers', () => {
  /** A page as the panel and the documentation will be. */
  const withPage = (http: Parameters<typeof setUp>[0] = {}) => {
    const { app } = setUp(http)
    app.get('/page', (c) => c.html('<p>hello</p>'))
    return app
  }

  test('let a page load from here only, and be shown in no frame', async () => {
    const { headers } = await withPage().request('/page')
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
    )
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('let a page be shown in the frames that are configured', async () => {
    const { headers } = await withPage({ http: { frameAncestors: ["'self'", 'https://home.example'] } }).request('/page')
    expect(headers.get('content-security-policy')).toMatch(/; frame-ancestors 'self' https:\/\/home\.example$/)
    expect(headers.has('x-frame-options')).toBe(false)
  })

  test('of data allow nothing at all, also of errors and of the hot path', async () => {
    const { app } = setUp()
    const answers = [['/engines'], ['/lease'], ['/nothing'], ['/scale/x', post()], ['/healthz'], ['/api/v1/session']] as const
    for (const [path, init] of answers) {
      const { headers } = await app.request(path, init)
      expect([path, headers.get('content-security-policy')]).toEqual([path, "default-src 'none'; frame-ancestors 'none'"])
      expect([path, headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([path, 'nosniff', 'no-referrer'])
    }
  })

  test('insist on TLS only where a trusted proxy says that it is used', async () => {
    const hsts = async (trustedProxies: string[], address: string, headers: Record<string, string>) => {
      const response = await withPage({ http: { trustedProxies } }).request('/page', { headers }, socket(address))
      return response.headers.get('strict-transport-security')
    }
    expect(await hsts(['10.0.0.0/8'], '10.0.0.1', overTls)).toBe('max-age=15552000')
    expect(await hsts(['10.0.0.0/8'], '::ffff:10.0.0.1', overTls)).toBe('max-age=15552000')
    expect(await hsts(['fd00::/8'], 'fd00::1', overTls)).toBe('max-age=15552000')
    expect(await hsts(['10.0.0.0/8'], '10.0.0.1', { 'x-forwarded-proto': 'http' })).toBeNull()
    expect(await hsts(['10.0.0.0/8'], '10.0.0.1', {})).toBeNull()
    expect(await hsts(['10.0.0.0/8'], '192.0.2.1', overTls)).toBeNull()
    expect(await hsts([], '10.0.0.1', overTls)).toBeNull()
  })
})

test('over a real socket the address of the client is known', async () => {
  const { app } = setUp({ http: { trustedProxies: ['127.0.0.0/8'] } })
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { headers } = await fetch(`${url}/lease`, { headers: overTls })
    expect(headers.get('strict-transport-security')).toBe('max-age=15552000')
    const form = await fetch(`${url}/scale/1`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    expect(form.status).toBe(415)
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(70_000)))
        controller.close()
      },
    })
    const large = await fetch(`${url}/scale/1`, { method: 'POST', body: chunked, duplex: 'half' })
    expect(large.status).toBe(413)
    expect((await fetch(`${url}/scale/1`, { method: 'POST' })).status).toBe(200)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

describe('a body that is a form', () => {
  test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
    'of type %s is refused on every change, also where no body is read',
    async (type) => {
      const { app, controlPlane } = setUp()
      for (const [method, path] of [
        ['POST', '/scale/1'],
        ['DELETE', '/containers/e-1'],
        ['POST', '/lease/elect'],
        ['POST', '/events/stream_ended'],
        ['PUT', '/nothing'],
      ]) {
        const response = await app.request(path ?? '', { method, body: 'a=b', headers: { 'content-type': type, 'content-length': '3' } })
        expect(await problemOf(response)).toMatchObject({ status: 415, type: '/problems/unsupported-media-type' })
      }
      expect([controlPlane.scaled, controlPlane.removed, controlPlane.elected, controlPlane.ended]).toEqual([[], [], [], []])
    },
  )

  test('is refused when it does not say its length', async () => {
    const headers = { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' }
    expect((await setUp().app.request('/scale/1', { method: 'POST', body: 'x', headers })).status).toBe(415)
  })

  test('is empty on a change that needs none: nothing to refuse', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' }
    expect((await setUp().app.request('/scale/1', { method: 'POST', headers })).status).toBe(200)
  })
})

describe('beyond loopback', () => {
  const http = { host: '0.0.0.0', allowedHosts: ['berth.example'] }
  const status = async (host: string) => (await setUp({ http }).app.request(`http://${host}/engines`)).status

  test.each(['berth.example', 'berth.example:8000', 'localhost:8000', '127.0.0.1:8000', '192.168.1.5:8000', '[fd00::5]:8000'])(
    'with BERTH_ALLOWED_HOSTS the host %s is served',
    async (host) => {
      expect(await status(host)).toBe(200)
    },
  )
  test.each(['evil.example', 'berth.example.evil.example', '192.168.1.5.evil.example', 'nas.local'])(
    'with BERTH_ALLOWED_HOSTS the host %s is refused',
    async (host) => {
      expect(await status(host)).toBe(403)
    },
  )
})
