import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/config/api-keys.js'
import { Ready } from '../../src/contracts/health.js'
import { type Role, Session } from '../../src/contracts/session.js'
import { requireRole, roleNeeded } from '../../src/http/auth.js'
import { engineView, snapshotOf } from './fake-control-plane.js'
import { post, problemOf, setUp } from './set-up.js'

const ROLES = ['viewer', 'operator', 'admin'] as const
const keyOf = (role: Role) => `the-key-of-the-${role}`
const keys = ROLES.map((role) => ({ role, name: `some-${role}`, digest: digestOf(keyOf(role)) }))
const closed = { keys, readsNeedKey: true }
const snapshot = snapshotOf({ engines: [engineView()] })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const isRoute = ({ method, path }: { method: string; path: string }) => method !== 'ALL' && !path.includes('*')
const routesOf = ({ app }: Pick<ReturnType<typeof setUp>, 'app'>) =>
  [...new Set(app.routes.filter(isRoute).map(({ method, path }) => `${method} ${path}`))].map(
    (route) => route.split(' ') as [string, string],
  )
const EVERY_ROUTE = routesOf(setUp())
const OPEN = ['/healthz', '/readyz', '/api/v1/session', '/openapi.json', '/docs', '/docs/start.js', '/docs/:asset', '/problems/:type']
const MORE: Readonly<Record<string, Role>> = {
  '/by-label': 'operator',
  '/api/v1/engines/:id/environment': 'operator',
  '/api/v1/settings': 'admin',
  '/health/circuit-breaker/reset': 'admin',
}

describe('every route', () => {
  test('takes no key, a viewer’s for reads or an operator’s for changes', () => {
    const { app } = setUp()
    expect(EVERY_ROUTE.length).toBeGreaterThan(13)
    for (const [method, path] of EVERY_ROUTE) {
      const role = OPEN.includes(path) ? null : (MORE[path] ?? (method === 'GET' ? 'viewer' : 'operator'))
      expect([path, roleNeeded(app.routes, method, path)]).toEqual([path, role])
    }
  })

  test.each(EVERY_ROUTE)('%s %s lets in the role that it says and those above, and nobody else', async (method, path) => {
    const { app } = setUp({ http: closed, snapshot })
    const needed = roleNeeded(app.routes, method, path)
    const ask = (headers: Record<string, string>) => app.request(path.replace(/:\w+/, '1'), { method, headers })
    const rank = needed === null ? -1 : ROLES.indexOf(needed)
    expect((await ask({})).status === 401).toBe(needed !== null)
    for (const [index, role] of ROLES.entries()) {
      const response = await ask(bearer(keyOf(role)))
      expect(response.status).not.toBe(401)
      if (index >= rank) expect(response.status).not.toBe(403)
      else {
        expect(await problemOf(response)).toMatchObject({
          type: '/problems/forbidden',
          status: 403,
          // The guard before all changes comes first; it asks for an operator.
          detail: expect.stringMatching(
            `^this takes a key of the role (${needed}|operator); the one that was sent is of the role ${role}$`,
          ),
        })
      }
    }
  })

  test('that takes an admin says so, and lets no operator in', async () => {
    const { app } = setUp({ http: { keys } })
    app.get('/settings', requireRole('admin'), (c) => c.text('all of them'))
    expect(roleNeeded(app.routes, 'GET', '/settings')).toBe('admin')
    expect((await app.request('/settings')).status).toBe(401)
    expect(await problemOf(await app.request('/settings', { headers: bearer(keyOf('operator')) }))).toMatchObject({
      status: 403,
      detail: expect.stringContaining('role admin'),
    })
    expect(await (await app.request('/settings', { headers: bearer(keyOf('admin')) })).text()).toBe('all of them')
  })

  test('is open to everybody on this machine where there is no key', async () => {
    const { app } = setUp()
    app.get('/settings', requireRole('admin'), (c) => c.text('all of them'))
    expect((await app.request('/settings')).status).toBe(200)
  })
})

describe('of several keys', () => {
  test('each is known by itself, and a part or a digest of one is none', async () => {
    const { app } = setUp({ http: { keys } })
    for (const wrong of [keyOf('operator').slice(0, -1), `${keyOf('operator')}x`, digestOf(keyOf('operator'))]) {
      expect(await problemOf(await app.request('/scale/1', post(undefined, bearer(wrong))))).toMatchObject({ detail: 'invalid token' })
    }
    expect((await app.request('/scale/1', post(undefined, bearer(keyOf('operator'))))).status).toBe(200)
    expect((await app.request('/scale/1', post(undefined, bearer(keyOf('admin'))))).status).toBe(200)
  })

  test('that come together the one that may do more counts', async () => {
    const { app } = setUp({ http: { keys } })
    const both = [
      { ...bearer(keyOf('viewer')), 'x-api-key': keyOf('admin') },
      { ...bearer(keyOf('admin')), 'x-api-key': keyOf('viewer') },
    ]
    for (const headers of both) expect((await app.request('/scale/1', post(undefined, headers))).status).toBe(200)
  })

  test('the log tells by name who changed something, and never the key', async () => {
    const { app, logged } = setUp({ http: { keys } })
    await app.request('/scale/1', post(undefined, bearer(keyOf('operator'))))
    await app.request('/scale/1', post(undefined, bearer('somebody-else')))
    expect(logged.map(({ fields }) => fields)).toMatchObject([{ by: 'some-operator', status: 200 }, { status: 403 }])
    expect(JSON.stringify(logged)).not.toMatch(/the-key-of|somebody-else/)
    expect(JSON.stringify(logged)).not.toContain(digestOf(keyOf('operator')))
  })
})

describe('with READ_AUTH=required', () => {
  test('GET /engines, which runs before all middleware, needs a key too', async () => {
    const { app, controlPlane } = setUp({ http: closed, snapshot })
    for (const path of ['/engines', '/engines/', '/engines?all=true', '//engines', '/%65ngines']) {
      expect([path, (await app.request(path)).status]).toEqual([path, 401])
    }
    expect((await app.request('/engines', { method: 'HEAD' })).status).toBe(401)
    expect(await problemOf(await app.request('/engines', { headers: bearer('wrong') }))).toMatchObject({
      status: 403,
      detail: 'invalid token',
    })
    expect(controlPlane.snapshots).toBe(0)
    expect((await app.request('/engines', { headers: { 'x-api-key': keyOf('viewer') } })).status).toBe(200)
  })

  test('an unknown path tells nobody whether it is there', async () => {
    const { app } = setUp({ http: closed })
    expect((await app.request('/nothing')).status).toBe(401)
    expect((await app.request('/nothing', { headers: bearer(keyOf('viewer')) })).status).toBe(404)
  })

  test('/healthz stays open, and /readyz without saying what is wrong', async () => {
    const { app, controlPlane } = setUp({ http: closed })
    controlPlane.parts = [{ part: 'docker', ok: false, code: 'unreachable', detail: 'nothing at /var/run/docker.sock' }]
    expect((await app.request('/healthz')).status).toBe(200)
    const response = await app.request('/readyz')
    expect([response.status, Ready.parse(await response.json())]).toEqual([
      503,
      { status: 'not-ready', parts: { docker: { ok: false, code: null, detail: null } } },
    ])
    const told = Ready.parse(await (await app.request('/readyz', { headers: bearer(keyOf('viewer')) })).json())
    expect(told.parts).toEqual({ docker: { ok: false, code: 'unreachable', detail: 'nothing at /var/run/docker.sock' } })
    expect((await app.request('/readyz', { headers: bearer('wrong') })).status).toBe(403)
  })
})

test('while reads are open a wrong key with one does no harm', async () => {
  const { app } = setUp({ http: { keys }, snapshot })
  expect((await app.request('/engines', { headers: bearer('wrong') })).status).toBe(200)
  expect((await app.request('/lease', { headers: bearer('wrong') })).status).toBe(200)
})

describe('GET /api/v1/session', () => {
  const session = async (http: Parameters<typeof setUp>[0] = {}, headers: Record<string, string> = {}) => {
    const response = await setUp(http).app.request('/api/v1/session', { headers })
    expect(response.status).toBe(200)
    return Session.strict().parse(await response.json())
  }

  test('without any key configured is an admin’s', async () => {
    expect(await session()).toEqual({
      role: 'admin',
      key_required: false,
      read_key_required: false,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
  })
  test('without a key is nobody’s, and says what needs one', async () => {
    expect(await session({ http: { keys } })).toMatchObject({ role: null, key_required: true, read_key_required: false })
    expect(await session({ http: closed })).toMatchObject({ role: null, key_required: true, read_key_required: true })
  })
  test.each(ROLES)('with the key of a %s says so', async (role) => {
    expect(await session({ http: { keys } }, bearer(keyOf(role)))).toMatchObject({ role })
  })
  test('with a wrong key is 403', async () => {
    const response = await setUp({ http: { keys } }).app.request('/api/v1/session', { headers: bearer('wrong') })
    expect(await problemOf(response)).toMatchObject({ status: 403, detail: 'invalid token' })
  })
})
