import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/config/api-keys.js'
import { engineView, snapshotOf } from './fake-control-plane.js'
import { adminKey, post, problemOf, setUp } from './set-up.js'

type App = ReturnType<typeof setUp>['app']

/** A request as if it came through a socket from there. */
const from = (app: App, address: string, path: string, init: RequestInit = {}) =>
  app.request(path, init, { incoming: { socket: { remoteAddress: address } } })
const scale = (app: App, key: string | null, address = '192.0.2.1') =>
  from(app, address, '/scale/1', post(undefined, key === null ? {} : { authorization: `Bearer ${key}` }))
const statuses = async (times: number, ask: () => Promise<Response> | Response) => {
  const seen: number[] = []
  for (let i = 0; i < times; i++) seen.push((await ask()).status)
  return seen
}
const limits = (mutations: number | null, authFailures: number | null = null) => ({ rateLimits: { mutations, authFailures } })

describe('changes', () => {
  const keys = [...adminKey('key-of-one'), { role: 'operator' as const, name: 'two', digest: digestOf('key-of-two') }]

  test('above the limit of a key are 429 with the time to wait, and do nothing', async () => {
    const { app, controlPlane } = setUp({ http: { keys, ...limits(3) } })
    expect(await statuses(3, () => scale(app, 'key-of-one'))).toEqual([200, 200, 200])
    const response = await scale(app, 'key-of-one')
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(50)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(await problemOf(response)).toMatchObject({
      type: '/problems/rate-limited',
      status: 429,
      detail: `too many changes were asked for, 3 a minute are allowed: wait ${seconds} s`,
    })
    expect(controlPlane.scaled).toHaveLength(3)
  })

  test('are counted for each key by itself, wherever it comes from', async () => {
    const { app } = setUp({ http: { keys, ...limits(1) } })
    expect((await scale(app, 'key-of-one', '192.0.2.1')).status).toBe(200)
    expect((await scale(app, 'key-of-one', '192.0.2.2')).status).toBe(429)
    expect((await scale(app, 'key-of-two', '192.0.2.1')).status).toBe(200)
  })

  test('without any key configured are counted for each address by itself', async () => {
    const { app } = setUp({ http: limits(1) })
    expect((await scale(app, null, '127.0.0.1')).status).toBe(200)
    expect((await scale(app, null, '127.0.0.1')).status).toBe(429)
    expect((await scale(app, null, '127.0.0.2')).status).toBe(200)
  })

  test('that nobody may make use up nothing of a key', async () => {
    const { app } = setUp({ http: { keys, ...limits(1) } })
    expect(await statuses(3, () => scale(app, null))).toEqual([401, 401, 401])
    expect((await scale(app, 'key-of-one')).status).toBe(200)
  })

  test('of streams, which players tell, and reads are not counted', async () => {
    const { app } = setUp({ http: limits(1), snapshot: snapshotOf({ engines: [engineView()] }) })
    expect(await statuses(5, () => app.request('/events/stream_ended', post({ stream_id: 'x' })))).toEqual([200, 200, 200, 200, 200])
    expect(await statuses(5, () => app.request('/engines'))).toEqual([200, 200, 200, 200, 200])
    expect((await scale(app, null)).status).toBe(200)
  })

  test('without a limit are as many as anybody likes', async () => {
    const { app } = setUp({ http: limits(null) })
    expect(new Set(await statuses(700, () => scale(app, null)))).toEqual(new Set([200]))
  })
})

describe('wrong keys', () => {
  const http = { keys: adminKey('right-key'), readsNeedKey: true, ...limits(null, 3) }

  test('above the limit of an address are 429, and a right one is not looked at either', async () => {
    const { app, controlPlane } = setUp({ http })
    expect(await statuses(3, () => scale(app, 'wrong'))).toEqual([403, 403, 403])
    const response = await scale(app, 'wrong')
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(await problemOf(response)).toMatchObject({
      type: '/problems/rate-limited',
      detail: expect.stringContaining('too many wrong keys'),
    })
    expect((await scale(app, 'right-key')).status).toBe(429)
    expect(controlPlane.scaled).toEqual([])
  })

  test('are counted on reads, on the hot path and on /session as well', async () => {
    const { app } = setUp({ http })
    const headers = { 'x-api-key': 'wrong' }
    const paths = ['/engines', '/lease', '/api/v1/session']
    for (const path of paths) expect((await from(app, '192.0.2.1', path, { headers })).status).toBe(403)
    for (const path of paths) expect((await from(app, '192.0.2.1', path, { headers })).status).toBe(429)
  })

  test('of one address keep no other out, and requests without a key are answered as ever', async () => {
    const { app } = setUp({ http })
    await statuses(5, () => scale(app, 'wrong', '192.0.2.1'))
    expect((await scale(app, null, '192.0.2.1')).status).toBe(401)
    expect((await scale(app, 'right-key', '192.0.2.2')).status).toBe(200)
  })

  test('are counted together for all addresses that one customer has of IPv6', async () => {
    const { app } = setUp({ http })
    for (const host of ['::1', '1:2:3:4', 'ffff::']) await scale(app, 'wrong', `2001:db8:0:1${host.startsWith(':') ? host : `:${host}`}`)
    expect((await scale(app, 'right-key', '2001:db8::1:9:9:9:9')).status).toBe(429)
    expect((await scale(app, 'right-key', '2001:db8:0:2::1')).status).toBe(200)
  })

  test('do not add up with right ones', async () => {
    const { app } = setUp({ http })
    expect(await statuses(10, () => scale(app, 'right-key'))).toEqual(Array.from({ length: 10 }, () => 200))
  })
})

describe('behind a reverse proxy', () => {
  const http = { keys: adminKey('right-key'), trustedProxies: ['10.0.0.0/8'], ...limits(null, 1) }
  const wrong = (app: App, address: string, forwarded?: string) =>
    from(
      app,
      address,
      '/scale/1',
      post(undefined, { authorization: 'Bearer wrong', ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) }),
    )

  test('that is trusted clients are told apart by what it says', async () => {
    const { app } = setUp({ http })
    expect((await wrong(app, '10.0.0.1', '198.51.100.1')).status).toBe(403)
    expect((await wrong(app, '10.0.0.1', '198.51.100.1')).status).toBe(429)
    expect((await wrong(app, '10.0.0.1', '198.51.100.2')).status).toBe(403)
    expect((await wrong(app, '::ffff:10.0.0.2', '198.51.100.2, 10.0.0.7')).status).toBe(429)
  })

  test('a client cannot make up who it is', async () => {
    const { app } = setUp({ http })
    expect((await wrong(app, '10.0.0.1', '203.0.113.1, 198.51.100.1')).status).toBe(403)
    expect((await wrong(app, '10.0.0.1', '203.0.113.2, 198.51.100.1')).status).toBe(429)
    expect((await wrong(app, '10.0.0.1', 'nonsense, 198.51.100.1')).status).toBe(429)
  })

  test('that is not trusted nothing is believed', async () => {
    const { app } = setUp({ http })
    expect((await wrong(app, '192.0.2.1', '198.51.100.1')).status).toBe(403)
    expect((await wrong(app, '192.0.2.1', '198.51.100.2')).status).toBe(429)
  })

  test('that says nothing, or no address, it is the proxy that counts', async () => {
    const { app } = setUp({ http })
    expect((await wrong(app, '10.0.0.1')).status).toBe(403)
    expect((await wrong(app, '10.0.0.1', 'unknown')).status).toBe(429)
  })
})
