import { describe, expect, test, vi } from 'vitest'
import { digestOf } from '../../src/config/api-keys.js'
import { Role } from '../../src/contracts/session.js'
import { engineView, leaseView, snapshotOf, streamView } from './fake-control-plane.js'
import { setUp } from './set-up.js'

/** What the document says of an operation, as far as it matters here. */
interface Operation {
  operationId: string
  security: Record<string, string[]>[]
  'x-role'?: Role
  requestBody?: object
}

type Caller = Role | 'nobody'

const CALLERS: readonly Caller[] = ['nobody', ...Role.options]
const keyOf = (role: Role): string => `key-of-the-${role}-0123456789`
const KEYS = Role.options.map((role) => ({ role, name: role, digest: digestOf(keyOf(role)) }))
/** What a path's parameters are filled with: what is there. */
const IN_PATHS: Readonly<Record<string, string>> = { id: 'e-1', demand: '2' }
const OPEN = ['GET /api/v1/session', 'GET /healthz', 'GET /readyz']

const snapshot = () => snapshotOf({ engines: [engineView({ streams: [streamView()] })], lease: leaseView() })
const UNLIMITED = { mutations: null, authFailures: null }
const setUpWith = (readsNeedKey: boolean) => setUp({ snapshot: snapshot(), http: { keys: KEYS, readsNeedKey, rateLimits: UNLIMITED } })

async function operationsOf({ app }: ReturnType<typeof setUp>) {
  const { paths } = (await (await app.request('/openapi.json')).json()) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => IN_PATHS[name] ?? name),
      role: operation['x-role'] ?? null,
    })),
  )
}

/** Watches every method of the control plane; what it answers tells which were called since it was asked last. */
function watched(controlPlane: ReturnType<typeof setUp>['controlPlane']): () => string[] {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(controlPlane)).filter((name) => name !== 'constructor')
  const spies = methods.map((name) => vi.spyOn(controlPlane, name as 'snapshot'))
  return () => methods.filter((_, index) => (spies[index]?.mock.calls.splice(0).length ?? 0) > 0)
}

const request = (method: string, headers: Record<string, string> = {}): RequestInit => {
  const body = method === 'GET' || method === 'HEAD' ? {} : { body: '{}' }
  return { method, headers: { 'content-type': 'application/json', ...headers }, ...body }
}

/** Both ways to send a key. */
const sending = (caller: Caller): Record<string, string>[] =>
  caller === 'nobody' ? [{}] : [{ authorization: `Bearer ${keyOf(caller)}` }, { 'x-api-key': keyOf(caller) }]

const rank = (caller: Caller): number => CALLERS.indexOf(caller)

describe.each([
  ['open', false],
  ['required', true],
])('every operation of the document, with READ_AUTH=%s', (_, readsNeedKey) => {
  const mayUse = (caller: Caller, role: Role | null) => role === null || (role === 'viewer' && !readsNeedKey) || rank(caller) >= rank(role)

  test.each(CALLERS)('answers %s as its role says, and does nothing for those who may not use it', async (caller) => {
    const made = setUpWith(readsNeedKey)
    const called = watched(made.controlPlane)
    const wrong: string[] = []
    for (const { name, method, path, role } of await operationsOf(made)) {
      for (const headers of sending(caller)) {
        for (const [how, at] of Object.entries({ [method]: path, [`${method} with a slash at the end`]: `${path}/` })) {
          const { status } = await made.app.request(at, request(method, headers))
          const asked = called()
          const refused = status === 401 || status === 403
          const expected = caller === 'nobody' ? 401 : 403
          if (mayUse(caller, role) ? refused : status !== expected || asked.length > 0)
            wrong.push(`${name} (${how}): ${status}, asked of the control plane: ${asked.join(', ') || 'nothing'}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  test('answers HEAD to those only who may GET it', async () => {
    const made = setUpWith(readsNeedKey)
    for (const { name, path, role } of (await operationsOf(made)).filter(({ method }) => method === 'GET')) {
      const { status } = await made.app.request(path, request('HEAD'))
      expect([name, status === 401]).toEqual([name, !mayUse('nobody', role)])
    }
  })

  test('does nothing for a wrong key', async () => {
    const made = setUpWith(readsNeedKey)
    const called = watched(made.controlPlane)
    for (const { name, method, path, role } of await operationsOf(made)) {
      if (mayUse('nobody', role)) continue
      const { status } = await made.app.request(path, request(method, { authorization: 'Bearer wrong' }))
      expect([name, status, called()]).toEqual([name, 403, []])
    }
  })

  test('says which schemes it takes, and that it takes none where nothing is needed', async () => {
    const schemes = [{ bearer: [] }, { header: [] }]
    for (const { name, role, security } of await operationsOf(setUpWith(readsNeedKey))) {
      const expected = role === null ? [] : mayUse('nobody', role) ? [{}, ...schemes] : schemes
      expect([name, security]).toEqual([name, expected])
    }
  })
})

test('the document opens no change and no read to everybody but those that are known', async () => {
  const operations = await operationsOf(setUpWith(true))
  const tooOpen = operations.filter(({ method, role, name }) =>
    method === 'GET' ? role === null && !OPEN.includes(name) : role !== 'operator' && role !== 'admin',
  )
  expect(tooOpen.map(({ name }) => name)).toEqual([])
  expect(
    operations
      .filter(({ role }) => role === null)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(OPEN)
})
