import { describe, expect, test } from 'vitest'
import { EngineDetail, EngineList } from '../../src/contracts/engines.js'
import { Alive, Ready } from '../../src/contracts/health.js'
import { Provisioned } from '../../src/contracts/provision.js'
import { VpnStatus } from '../../src/contracts/vpn.js'
import { BerthError, ERROR_STATUS, type ErrorType } from '../../src/domain/errors.js'
import type { EngineView } from '../../src/domain/views.js'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { engineView, type FakeControlPlane, hex, leaseView, NOW, snapshotOf, streamView, vpnView } from './fake-control-plane.js'
import { adminKey, heldBy, post, problemOf, setUp } from './set-up.js'

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

const forwardedEngine = engineView({ forwarded: true, epoch: 17, p2pPort: 51_413 })

describe('GET /engines', () => {
  test('is a bare array by port, empty when there is none', async () => {
    expect(await (await setUp().app.request('/engines')).text()).toBe('[]')
    const engines = [3, 1, 2].map((n) => engineView({ engineId: `e-${n}`, hostHttpPort: 19_000 + n, containerId: hex(String(n)) }))
    const response = await setUp({ snapshot: snapshotOf({ engines }) }).app.request('/engines')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(EngineList.parse(await response.json()).map((engine) => engine.port)).toEqual([19_001, 19_002, 19_003])
  })

  test('has the bytes of its contract: parsing by it loses and adds nothing', async () => {
    const engines = [
      forwardedEngine,
      engineView({
        engineId: 'e-2',
        hostHttpPort: 19_001,
        containerId: hex('b'),
        streams: [streamView()],
        lastStreamUsage: NOW,
        problem: { code: 'image-missing', detail: 'pull it' },
      }),
      engineView({
        engineId: 'e-3',
        hostHttpPort: 19_002,
        containerId: hex('c'),
        health: 'unknown',
        healthSince: null,
        startedAt: null,
        version: null,
        platform: null,
        variant: null,
        vpnContainer: null,
        host: null,
      }),
    ]
    const text = await (await setUp({ snapshot: snapshotOf({ engines, lease: heldBy(forwardedEngine) }) }).app.request('/engines')).text()
    expect(JSON.stringify(EngineList.parse(JSON.parse(text)))).toBe(text)
  })

  test('has the fields that clients of older orchestrators read', async () => {
    const checks = new Map([[hex('a'), { at: NOW - 3_000, connected: true, listening: false }]])
    const snapshot = snapshotOf({ engines: [forwardedEngine], lease: heldBy(forwardedEngine), checks })
    const [engine] = (await (await setUp({ snapshot }).app.request('/engines')).json()) as unknown[]
    expect(engine).toMatchObject({
      container_id: hex('a'),
      container_name: 'berth-e-1',
      host: 'gluetun',
      port: 19_000,
      labels: { 'ondemand.app': 'myservice', 'acestream.http_port': '19000' },
      forwarded: true,
      first_seen: '2026-08-07T11:58:00.000Z',
      last_seen: '2026-08-07T11:59:59.500Z',
      streams: [],
      health_status: 'healthy',
      last_health_check: '2026-08-07T11:59:57.000Z',
      last_stream_usage: null,
      last_cache_cleanup: null,
      cache_size_bytes: null,
      vpn_container: 'gluetun',
      engine_variant: 'krinkuto11-amd64',
      platform: 'linux',
      version: '3.2.3',
      forwarded_port: 51_413,
      p2p_connected: true,
      p2p_listening: false,
    })
  })

  test('has every time with its zone, or null, never an empty string', async () => {
    const engines = [
      engineView({ lastStreamUsage: NOW }),
      engineView({ engineId: 'e-2', healthSince: null, startedAt: null, containerId: hex('b') }),
    ]
    const list = (await (await setUp({ snapshot: snapshotOf({ engines, observedAt: null }) }).app.request('/engines')).json()) as Record<
      string,
      unknown
    >[]
    const fields = ['first_seen', 'last_seen', 'last_health_check', 'last_stream_usage', 'last_cache_cleanup', 'health_since', 'started_at']
    const values = list.flatMap((engine) => fields.map((field) => engine[field]))
    expect(values.filter((value) => value !== null && !(typeof value === 'string' && RFC3339_UTC.test(value)))).toEqual([])
  })

  test('leaves out engines without a container, which clients could not dial; ?all=true lists them', async () => {
    const engines = [
      engineView(),
      engineView({ engineId: 'e-2', phase: 'backing-off', containerId: null, containerName: null, hostHttpPort: 19_001 }),
    ]
    const { app } = setUp({ snapshot: snapshotOf({ engines }) })
    expect(EngineList.parse(await (await app.request('/engines')).json()).map((engine) => engine.engine_id)).toEqual(['e-1'])
    const all = EngineList.parse(await (await app.request('/engines?all=true')).json())
    expect(all.map((engine) => [engine.engine_id, engine.container_id, engine.forwarded])).toEqual([
      ['e-1', hex('a'), false],
      ['e-2', null, false],
    ])
  })

  test('is written once per snapshot, and anew for a new one', async () => {
    let reads = 0
    const counted = (): EngineView =>
      Object.defineProperty(engineView(), 'losses', {
        enumerable: true,
        get: () => {
          reads += 1
          return 0
        },
      })
    const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: [counted()] }) })
    for (let i = 0; i < 5; i++) await app.request('/engines')
    expect(reads).toBe(1)
    controlPlane.current = snapshotOf({ engines: [counted()] })
    await app.request('/engines')
    expect(reads).toBe(2)
  })

  test('says how old it is when it is the last known state', async () => {
    const fresh = await setUp().app.request('/engines')
    expect([fresh.headers.get('age'), fresh.headers.get('x-berth-stale')]).toEqual([null, null])
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engineView()], stale: true }), now: NOW + 12_900 })
    for (const path of ['/engines', '/engines/e-1', '/vpn/status', '/lease', '/lease/history']) {
      const { headers, status } = await app.request(path)
      expect([path, status, headers.get('age'), headers.get('x-berth-stale')]).toEqual([path, 200, '12', 'true'])
    }
  })

  test('answers HEAD without a body, and with a slash at the end', async () => {
    const { app } = setUp()
    const head = await app.request('/engines', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await app.request('/engines/')).status).toBe(200)
  })

  test('is 503 when there never was a snapshot', async () => {
    const { app, controlPlane } = setUp()
    controlPlane.reads = true
    controlPlane.snapshot = () => Promise.reject(new BerthError('unavailable', 'Temporal cannot be reached', { retryAfterSeconds: 1.2 }))
    const response = await app.request('/engines')
    expect(response.headers.get('retry-after')).toBe('2')
    expect(await problemOf(response)).toMatchObject({
      type: '/problems/unavailable',
      status: 503,
      detail: 'Temporal cannot be reached',
      instance: '/engines',
    })
  })
})

describe('a refusal that passes says when to ask again', () => {
  const passing = Object.entries(ERROR_STATUS).filter(([, status]) => status === 503 || status === 504)

  test.each(passing)('%s', async (type, status) => {
    const { app, controlPlane } = setUp()
    controlPlane.snapshot = () => Promise.reject(new BerthError(type as ErrorType, 'not now'))
    const response = await app.request('/lease')
    expect(response.status).toBe(status)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  })
})

describe('forwarded is the word of the lease', () => {
  const forwarded = async (snapshot: Snapshot) =>
    EngineList.parse(await (await setUp({ snapshot }).app.request('/engines?all=true')).json()).map((engine) => engine.forwarded)

  test('true on the active holder with this very container, false on all others', async () => {
    const other = engineView({ engineId: 'e-2', containerId: hex('b'), hostHttpPort: 19_001 })
    expect(await forwarded(snapshotOf({ engines: [other, forwardedEngine], lease: heldBy(forwardedEngine) }))).toEqual([true, false])
  })
  test.each([
    ['nobody holds it, whatever the container was made with', leaseView()],
    ['the holder is not cleared to start', heldBy(forwardedEngine, { phase: 'granted' })],
    ['the holder is being revoked', heldBy(forwardedEngine, { phase: 'revoking' })],
    ['the holder has another container by now', heldBy(forwardedEngine, { containerId: hex('f') })],
    ['another engine holds it', heldBy(forwardedEngine, { engineId: 'e-9' })],
  ])('false when %s', async (_, lease) => {
    expect(await forwarded(snapshotOf({ engines: [forwardedEngine], lease }))).toEqual([false])
  })
  test('a container that lost the port is not offered to clients, though its engine has not told of it yet', async () => {
    const snapshot = snapshotOf({ engines: [forwardedEngine], lease: heldBy(forwardedEngine, { engineId: 'e-9' }) })
    expect(await (await setUp({ snapshot }).app.request('/engines')).json()).toEqual([])
  })
  test('false on an engine without a container when the holder has none either', async () => {
    const engine = engineView({ containerId: null })
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engine], lease: heldBy(engine) }) })
    expect(EngineList.parse(await (await app.request('/engines?all=true')).json())[0]?.forwarded).toBe(false)
  })
})

describe('GET /engines/{id}', () => {
  const engines = [
    engineView({ containerId: `${'a'.repeat(14)}${'0'.repeat(50)}` }),
    engineView({
      engineId: 'e-2',
      containerId: `${'a'.repeat(14)}${'1'.repeat(50)}`,
      containerName: 'berth-forwarded',
      hostHttpPort: 19_001,
    }),
  ]

  test.each([
    ['container id', `${'a'.repeat(14)}${'1'.repeat(50)}`],
    ['prefix of a container id that fits one only', `${'a'.repeat(14)}1`],
    ['engine id', 'e-2'],
    ['container name', 'berth-forwarded'],
  ])('finds an engine by %s', async (_, id) => {
    const { engine, streams } = EngineDetail.parse(
      await (await setUp({ snapshot: snapshotOf({ engines }) }).app.request(`/engines/${id}`)).json(),
    )
    expect(engine.engine_id).toBe('e-2')
    expect(streams).toEqual([])
  })

  test.each([
    ['unknown id', 'nobody'],
    ['prefix that fits two', 'a'.repeat(13)],
    ['prefix that is too short', 'a'.repeat(11)],
    ['encoded path', '..%2F..%2Fetc'],
    ['broken encoding', '%E0%A4%A'],
    ['markup', '%3Cscript%3E'],
  ])('answers 404 to an %s', async (_, id) => {
    expect(await problemOf(await setUp({ snapshot: snapshotOf({ engines }) }).app.request(`/engines/${id}`))).toMatchObject({
      type: '/problems/not-found',
      status: 404,
    })
  })
})

describe('POST /provision/acestream', () => {
  test('needs no body and answers ids and ports', async () => {
    const { app, controlPlane } = setUp()
    controlPlane.provisionedEngine = engineView({ httpPort: 19_004, httpsPort: 45_004, hostHttpPort: 19_104 })
    const response = await app.request('/provision/acestream', post())
    expect(response.status).toBe(200)
    expect(Provisioned.strict().parse(await response.json())).toEqual({
      container_id: hex('a'),
      container_name: 'berth-e-1',
      host_http_port: 19_104,
      container_http_port: 19_004,
      container_https_port: 45_004,
    })
    expect(controlPlane.provisioned).toEqual([
      { requestId: response.headers.get('x-request-id'), labels: {}, environment: {}, hostPort: null },
    ])
  })

  test('passes on labels, environment and port, and ignores fields that it does not know', async () => {
    const { app, controlPlane } = setUp()
    const body = { image: 'ignored', labels: { stream_id: 'ch-42' }, env: { CACHE_LIMIT: '2' }, host_port: 19_007 }
    expect((await app.request('/provision/acestream', post(body, { 'content-type': 'application/json; charset=utf-8' }))).status).toBe(200)
    expect(controlPlane.provisioned).toMatchObject([
      { labels: { stream_id: 'ch-42' }, environment: { CACHE_LIMIT: '2' }, hostPort: 19_007 },
    ])
  })

  test('an empty body is fine whatever its content type says', async () => {
    const { app } = setUp()
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      expect((await app.request('/provision/acestream', { method: 'POST', headers: { 'content-type': type } })).status).toBe(200)
    }
  })

  test('a body without content type is read as JSON, as older orchestrators did', async () => {
    const { app, controlPlane } = setUp()
    const request = new Request('http://localhost/provision/acestream', {
      method: 'POST',
      body: new TextEncoder().encode('{"host_port":19003}'),
    })
    expect(request.headers.get('content-type')).toBeNull()
    expect((await app.request(request)).status).toBe(200)
    expect(controlPlane.provisioned[0]?.hostPort).toBe(19_003)
  })

  test('an Idempotency-Key is the request id; without one each request is a wish of its own', async () => {
    const { app, controlPlane } = setUp()
    for (const key of ['wish-1', 'wish-1']) await app.request('/provision/acestream', post(undefined, { 'idempotency-key': key }))
    for (let i = 0; i < 2; i++) await app.request('/provision/acestream', post())
    const ids = controlPlane.provisioned.map(({ requestId }) => requestId)
    expect(ids.slice(0, 2)).toEqual(['wish-1', 'wish-1'])
    expect(new Set(ids).size).toBe(3)
  })

  test.each(['two words', 'x'.repeat(201), 'naïve'])('the Idempotency-Key %j is refused', async (key) => {
    const { app, controlPlane } = setUp()
    expect(await problemOf(await app.request('/provision/acestream', post(undefined, { 'idempotency-key': key })))).toMatchObject({
      status: 422,
      errors: [{ pointer: 'Idempotency-Key' }],
    })
    expect(controlPlane.provisioned).toEqual([])
  })

  test('labels and environment that are ours are refused, each field by its name', async () => {
    const { app, controlPlane } = setUp()
    const labels = { 'acestream.forwarded': 'true', 'ondemand.app': 'other', 'host.http_port': '1', mine: 'x', 'acestream.a/b~c': 'x' }
    const body = await problemOf(
      await app.request('/provision/acestream', post({ labels, env: { P2P_PORT: '51413', CONF: '--port=1', CACHE_LIMIT: '1' } })),
    )
    expect(body).toMatchObject({ type: '/problems/invalid-request', status: 422 })
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual([
      '/labels/acestream.forwarded',
      '/labels/ondemand.app',
      '/labels/host.http_port',
      '/labels/acestream.a~1b~0c',
      '/env/P2P_PORT',
      '/env/CONF',
    ])
    expect(body.detail).toContain('/labels/acestream.forwarded is set by Berth itself')
    expect(controlPlane.provisioned).toEqual([])
  })

  test.each<[string, unknown, string]>([
    ['a list', [], ''],
    ['null', null, ''],
    ['a number', 7, ''],
    ['labels that are a list', { labels: ['a'] }, '/labels'],
    ['labels that are null', { labels: null }, '/labels'],
    ['a label that is a number', { labels: { a: 1 } }, '/labels/a'],
    ['a label without a name', { labels: { '': 'x' } }, '/labels/'],
    ['a label with a line break', { labels: { a: 'x\ny' } }, '/labels/a'],
    ['a label of a thousand and more characters', { labels: { a: 'x'.repeat(1025) } }, '/labels/a'],
    ['more labels than 64', { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) }, '/labels'],
    ['a variable name with a hyphen', { env: { 'A-B': 'x' } }, '/env/A-B'],
    ['a variable with NUL', { env: { A: 'x\0y' } }, '/env/A'],
    ['a port that is text', { host_port: '19000' }, '/host_port'],
    ['a port that is none', { host_port: 65_536 }, '/host_port'],
    ['a port with a fraction', { host_port: 19_000.5 }, '/host_port'],
    ['port 0', { host_port: 0 }, '/host_port'],
  ])('%s is refused with its place', async (_, sent, place) => {
    const { app, controlPlane } = setUp()
    const body = await problemOf(await app.request('/provision/acestream', post(sent)))
    expect(body).toMatchObject({
      status: 422,
      type: '/problems/invalid-request',
      errors: [{ pointer: place, detail: expect.stringMatching(/^must /) }],
    })
    expect(controlPlane.provisioned).toEqual([])
  })

  test('all broken fields are told at once', async () => {
    const body = await problemOf(await setUp().app.request('/provision/acestream', post({ labels: { a: 1, b: 2 }, host_port: -1 })))
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual(['/labels/a', '/labels/b', '/host_port'])
  })

  test('__proto__ as a label or variable changes nothing', async () => {
    const { app, controlPlane } = setUp()
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"labels":{"__proto__":"x"},"__proto__":{"host_port":1}}',
    }
    await app.request('/provision/acestream', init)
    expect(
      controlPlane.provisioned.every(({ hostPort, labels }) => hostPort === null && Object.getPrototypeOf(labels) === Object.prototype),
    ).toBe(true)
    expect(({} as Record<string, unknown>)['host_port']).toBeUndefined()
  })

  test.each(['{', 'nonsense', '{"labels":}', "{'a':1}"])('the body %j is no JSON: 400', async (body) => {
    const response = await setUp().app.request('/provision/acestream', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(await problemOf(response)).toMatchObject({ status: 400, type: '/problems/malformed-json' })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/form-data; boundary=x'])(
    'a body of %s: 415',
    async (type) => {
      const response = await setUp().app.request('/provision/acestream', { method: 'POST', body: '{}', headers: { 'content-type': type } })
      expect(await problemOf(response)).toMatchObject({ status: 415, type: '/problems/unsupported-media-type' })
    },
  )

  test('a body of more than 64 KiB: 413, whether it says its length or not', async () => {
    const { app, controlPlane } = setUp()
    const body = JSON.stringify({ ignored: 'x'.repeat(64 * 1024) })
    const headers = { 'content-type': 'application/json' }
    const unsaid = await app.request('/provision/acestream', { method: 'POST', headers, body })
    const said = await app.request('/provision/acestream', {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
      body,
    })
    for (const response of [unsaid, said])
      expect(await problemOf(response)).toMatchObject({ status: 413, type: '/problems/body-too-large' })
    expect(controlPlane.provisioned).toEqual([])
  })

  describe('tells clients of older orchestrators why it failed, by an object under detail', () => {
    test.each<[string, BerthError, Partial<Parameters<typeof vpnView>[0]>, object]>([
      [
        'no room',
        new BerthError('max-capacity', 'all 20 ports are taken'),
        {},
        {
          error: 'provisioning_blocked',
          code: 'max_capacity',
          message: 'all 20 ports are taken',
          recovery_eta_seconds: null,
          can_retry: true,
          should_wait: true,
        },
      ],
      [
        'no image',
        new BerthError('provisioning-failed', 'image missing', { retryAfterSeconds: 30 }),
        {},
        {
          error: 'provisioning_failed',
          code: 'general_error',
          message: 'image missing',
          recovery_eta_seconds: 30,
          can_retry: true,
          should_wait: true,
        },
      ],
      [
        'no VPN',
        new BerthError('provisioning-failed', 'Gluetun is not running'),
        { connected: false },
        {
          error: 'provisioning_blocked',
          code: 'vpn_disconnected',
          message: 'Gluetun is not running',
          recovery_eta_seconds: 60,
          can_retry: true,
          should_wait: true,
        },
      ],
      [
        'no Gluetun',
        new BerthError('provisioning-failed', 'There is no container gluetun', { code: 'vpn-missing', retryAfterSeconds: 10 }),
        {},
        {
          error: 'provisioning_blocked',
          code: 'vpn_disconnected',
          message: 'There is no container gluetun',
          recovery_eta_seconds: 10,
          can_retry: true,
          should_wait: true,
        },
      ],
      [
        'no image, while the VPN is down too',
        new BerthError('provisioning-failed', 'image missing', { code: 'image-missing' }),
        { connected: false },
        {
          error: 'provisioning_failed',
          code: 'general_error',
          message: 'image missing',
          recovery_eta_seconds: null,
          can_retry: true,
          should_wait: true,
        },
      ],
      [
        'no Temporal',
        new BerthError('unavailable', 'no worker'),
        {},
        {
          error: 'provisioning_failed',
          code: 'general_error',
          message: 'no worker',
          recovery_eta_seconds: null,
          can_retry: true,
          should_wait: true,
        },
      ],
    ])('%s', async (_, failure, vpn, detail) => {
      const { app, controlPlane } = setUp({ snapshot: snapshotOf({ vpn: vpnView(vpn) }) })
      controlPlane.failure = failure
      const body = await problemOf(await app.request('/provision/acestream', post()))
      expect(body).toMatchObject({ status: 503, type: `/problems/${failure.type}`, instance: '/provision/acestream' })
      expect(body.detail).toEqual(detail)
    })

    test('an unexpected error, with nothing of its inside', async () => {
      const { app, controlPlane, logged } = setUp()
      controlPlane.failure = new TypeError('secret inside')
      const response = await app.request('/provision/acestream', post())
      const text = await response.clone().text()
      expect(text).not.toContain('secret inside')
      expect((await problemOf(response)).detail).toMatchObject({ code: 'general_error', can_retry: false, should_wait: false })
      expect(logged.find(({ level }) => level === 'error')?.fields).toMatchObject({ err: controlPlane.failure })
    })

    test('an engine that lost its container before the answer', async () => {
      const { app, controlPlane } = setUp()
      controlPlane.provisionedEngine = engineView({ containerId: null })
      expect(await problemOf(await app.request('/provision/acestream', post()))).toMatchObject({
        status: 503,
        detail: { code: 'general_error', message: expect.stringContaining('GET /engines/e-1') },
      })
    })
  })

  test('a conflict is told as text, like every other mistake of the caller', async () => {
    const { app, controlPlane } = setUp()
    controlPlane.failure = new BerthError('conflict', 'port 19000 is taken by e-2')
    expect(await problemOf(await app.request('/provision/acestream', post({ host_port: 19_000 })))).toMatchObject({
      status: 409,
      detail: 'port 19000 is taken by e-2',
    })
  })
})

describe('DELETE /containers/{id}', () => {
  test('removes by container id, engine id or name, and echoes the id', async () => {
    const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: [engineView()] }) })
    for (const id of [hex('a'), 'e-1', 'berth-e-1']) {
      const response = await app.request(`/containers/${id}`, {
        method: 'DELETE',
        headers: { 'idempotency-key': `remove-${id.slice(0, 9)}` },
      })
      expect([response.status, await response.json()]).toEqual([200, { deleted: id }])
    }
    expect(controlPlane.removed.map(({ id, requestId }) => [id, requestId])).toEqual([
      [hex('a'), 'remove-aaaaaaaaa'],
      ['e-1', 'remove-e-1'],
      ['berth-e-1', 'remove-berth-e-1'],
    ])
  })

  test.each(['gluetun', hex('f'), 'ffffffffffff', '..%2F..%2Fcontainers', '-rf', '%00', 'a'.repeat(200)])(
    'answers 404 to %s: a foreign container is as unknown as none',
    async (id) => {
      const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: [engineView()] }) })
      expect(await problemOf(await app.request(`/containers/${id}`, { method: 'DELETE' }))).toMatchObject({
        status: 404,
        type: '/problems/not-found',
      })
      expect(controlPlane.removed).toEqual([])
    },
  )
})

describe('POST /scale/{demand}', () => {
  test.each([
    ['0', 0],
    ['5', 5],
    ['1000', 20],
  ])('%s answers the number that will be kept', async (demand, kept) => {
    const { app, controlPlane } = setUp()
    const response = await app.request(`/scale/${demand}`, post())
    expect([response.status, await response.json()]).toEqual([200, { scaled_to: kept }])
    expect(controlPlane.scaled[0]?.wanted).toBe(Number(demand))
  })

  test.each(['-1', 'abc', '1e9', '1000000000', '1001', '1.5', '0x10', '+1', '%201', 'NaN', '٣'])('%s is refused: 422', async (demand) => {
    const { app, controlPlane } = setUp()
    expect(await problemOf(await app.request(`/scale/${demand}`, post()))).toMatchObject({
      status: 422,
      detail: 'demand must be a whole number from 0 to 1000',
      errors: [{ pointer: 'demand' }],
    })
    expect(controlPlane.scaled).toEqual([])
  })
})

describe('GET /vpn/status', () => {
  test('tells what is known, and the same again as vpn1', async () => {
    const body: unknown = await (await setUp().app.request('/vpn/status')).json()
    expect(VpnStatus.strict().parse(body)).toMatchObject({
      mode: 'single',
      enabled: true,
      status: 'running',
      container_name: 'gluetun',
      container: 'gluetun',
      health: 'healthy',
      connected: true,
      forwarded_port: 51_413,
      public_ip: '203.0.113.7',
      provider: 'protonvpn',
      country: 'Netherlands',
      city: 'Amsterdam',
      region: 'North Holland',
      last_check: '2026-08-07T11:59:59.500Z',
      vpn1: { container_name: 'gluetun', forwarded_port: 51_413 },
      vpn2: null,
      emergency_mode: { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: 0 },
    })
  })

  test('is disabled without Gluetun', async () => {
    const snapshot = snapshotOf({ vpn: vpnView({ enabled: false, containerName: null }) })
    expect(VpnStatus.strict().parse(await (await setUp({ snapshot }).app.request('/vpn/status')).json())).toMatchObject({
      mode: 'disabled',
      enabled: false,
      connected: false,
      forwarded_port: null,
      vpn1: null,
    })
  })

  test.each<[string, Parameters<typeof vpnView>[0], object]>([
    ['no port', { forwardedPorts: [] }, { forwarded_port: null, forwarded_ports: [] }],
    ['several ports', { forwardedPorts: [30_003, 10_003] }, { forwarded_port: 10_003, forwarded_ports: [30_003, 10_003] }],
    ['several ports, one of them the lease’s', { forwardedPorts: [30_003, 51_413, 60_003] }, { forwarded_port: 51_413 }],
    ['several ports and a lower one than the lease’s', { forwardedPorts: [10_003, 51_413] }, { forwarded_port: 51_413 }],
    [
      'a container that does not run',
      { containerRunning: false, connected: false },
      { status: 'stopped', health: 'unhealthy', connected: false },
    ],
    ['no health check of Docker and a connection', { containerHealth: 'none' }, { health: 'healthy' }],
    ['no health check of Docker and no connection', { containerHealth: 'none', connected: false }, { health: 'unknown' }],
    [
      'a control server that refuses',
      { status: 'unknown', problem: { code: 'gluetun-unauthorized', detail: 'add a role' } },
      { status: 'unknown', problem: { code: 'gluetun-unauthorized', detail: 'add a role' } },
    ],
  ])('with %s', async (_, vpn, expected) => {
    expect(
      VpnStatus.parse(await (await setUp({ snapshot: snapshotOf({ vpn: vpnView(vpn) }) }).app.request('/vpn/status')).json()),
    ).toMatchObject(expected)
  })
})

describe('health', () => {
  test('/healthz asks nobody and takes HEAD', async () => {
    const { app, controlPlane } = setUp()
    expect(Alive.parse(await (await app.request('/healthz')).json())).toEqual({ status: 'ok' })
    expect((await app.request('/healthz', { method: 'HEAD' })).status).toBe(200)
    expect(controlPlane.snapshots).toBe(0)
  })

  test('/readyz is 200 when every part is fine, 503 when one is not, and names each', async () => {
    const { app, controlPlane } = setUp()
    expect((await app.request('/readyz')).status).toBe(200)
    controlPlane.parts = [
      { part: 'temporal', ok: true, detail: null },
      { part: 'docker', ok: false, detail: 'nothing at /var/run/docker.sock: is Docker running?' },
    ]
    const response = await app.request('/readyz')
    expect(response.status).toBe(503)
    const told = Ready.parse(await response.json())
    expect(told).toEqual({
      status: 'not-ready',
      parts: {
        temporal: { ok: true, code: null, detail: null },
        docker: { ok: false, code: null, detail: 'nothing at /var/run/docker.sock: is Docker running?' },
      },
    })
    const looked = await app.request('/api/v1/readiness')
    expect([looked.status, await looked.json()]).toEqual([200, told])
    expect((await app.request('/readyz', { method: 'HEAD' })).status).toBe(503)
  })

  test('/readyz names Temporal when it cannot be asked at all', async () => {
    const { app, controlPlane } = setUp()
    controlPlane.failure = new BerthError('unavailable', 'Temporal cannot be reached')
    const response = await app.request('/readyz')
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'not-ready', parts: { temporal: { ok: false, code: null, detail: 'Temporal cannot be reached' } } },
    ])
  })
})

describe('the key', () => {
  const http = { keys: adminKey('right-key'), host: '0.0.0.0' }
  const CHANGES: [string, string, object?][] = [
    ['POST', '/provision/acestream'],
    ['DELETE', '/containers/e-1'],
    ['POST', '/scale/2'],
    ['POST', '/lease/elect'],
    ['POST', '/lease/rotate'],
    ['POST', '/lease/designate', { engine: 'e-1' }],
    ['POST', '/events/stream_ended', { stream_id: 'ch-42' }],
  ]
  const changed = ({ provisioned, removed, scaled, elected, rotated, designated, ended }: FakeControlPlane) =>
    [provisioned, removed, scaled, elected, rotated, designated, ended].flat().length

  const init = (method: string, body?: object, headers: Record<string, string> = {}): RequestInit => ({ ...post(body, headers), method })

  test.each(CHANGES)('%s %s without it is 401, with a wrong one 403, with the right one done', async (method, path, body) => {
    const { app, controlPlane } = setUp({ http, snapshot: snapshotOf({ engines: [engineView()] }) })
    const none = await app.request(path, init(method, body))
    expect(none.headers.get('www-authenticate')).toBe('Bearer')
    expect(await problemOf(none)).toMatchObject({ status: 401, detail: 'missing bearer token' })
    for (const headers of <Record<string, string>[]>[
      { authorization: 'Bearer wrong' },
      { 'x-api-key': 'wrong' },
      { 'x-api-key': 'right-key2' },
      { authorization: 'Bearer right-ke' },
    ]) {
      expect(await problemOf(await app.request(path, init(method, body, headers)))).toMatchObject({ status: 403, detail: 'invalid token' })
    }
    expect(changed(controlPlane)).toBe(0)
    expect((await app.request(path, init(method, body, { authorization: 'Bearer right-key' }))).status).toBeLessThan(300)
    expect((await app.request(path, init(method, body, { 'x-api-key': 'right-key' }))).status).toBeLessThan(300)
    expect(changed(controlPlane)).toBe(2)
  })

  test.each(['Basic cmlnaHQta2V5', 'Bearer', 'Bearer ', 'right-key', 'Bearer right-key more'])(
    '"Authorization: %s" is no key',
    async (authorization) => {
      expect((await setUp({ http }).app.request('/scale/1', { method: 'POST', headers: { authorization } })).status).toBe(401)
    },
  )

  test('one right key of two is enough', async () => {
    const headers = { authorization: 'Bearer of-a-proxy', 'x-api-key': 'right-key' }
    expect((await setUp({ http }).app.request('/scale/1', { method: 'POST', headers })).status).toBe(200)
  })

  test('is not taken from the query', async () => {
    expect((await setUp({ http }).app.request('/scale/1?api_key=right-key', { method: 'POST' })).status).toBe(401)
  })

  test.each(['/engines', '/engines/e-1', '/vpn/status', '/lease', '/lease/history', '/healthz', '/readyz'])(
    'GET %s needs none',
    async (path) => {
      expect((await setUp({ http, snapshot: snapshotOf({ engines: [engineView()] }) }).app.request(path)).status).toBe(200)
    },
  )

  test('an unknown path that would change something asks for it too', async () => {
    expect((await setUp({ http }).app.request('/anything', { method: 'POST' })).status).toBe(401)
  })

  test('none is needed when none is configured', async () => {
    expect((await setUp().app.request('/scale/1', { method: 'POST' })).status).toBe(200)
  })
})

describe('web pages of others', () => {
  test.each(['localhost:8000', '127.0.0.1', '127.0.0.1:8000', '[::1]:8000', 'LOCALHOST'])(
    'on loopback the host %s is served',
    async (host) => {
      expect((await setUp().app.request(`http://${host}/engines`)).status).toBe(200)
    },
  )
  test.each(['evil.example', 'evil.example:8000', '127.0.0.1.evil.example', 'localhost.evil.example', '192.168.1.5', '0.0.0.0:8000'])(
    'on loopback the host %s is refused on every route, as by DNS rebinding',
    async (host) => {
      const { app, controlPlane } = setUp()
      for (const path of ['/engines', '/lease', '/nothing']) {
        expect(await problemOf(await app.request(`http://${host}${path}`))).toMatchObject({
          status: 403,
          detail: expect.stringContaining('BERTH_ALLOWED_HOSTS'),
        })
      }
      expect((await app.request(`http://${host}/scale/0`, { method: 'POST' })).status).toBe(403)
      expect([controlPlane.snapshots, controlPlane.scaled.length]).toEqual([0, 0])
    },
  )
  test('a good host before does not let a bad one in', async () => {
    const { app } = setUp()
    const statuses: number[] = []
    for (const host of ['localhost', 'evil.example', 'localhost', 'evil.example'])
      statuses.push((await app.request(`http://${host}/engines`)).status)
    expect(statuses).toEqual([200, 403, 200, 403])
  })
  test('the name of a reverse proxy is served when it is configured', async () => {
    const { app } = setUp({ http: { allowedHosts: ['berth.example'] } })
    expect((await app.request('https://berth.example/engines')).status).toBe(200)
    expect((await app.request('https://other.example/engines')).status).toBe(403)
  })
  test('beyond loopback every host is served, as the key protects', async () => {
    expect((await setUp({ http: { host: '0.0.0.0', keys: adminKey('k') } }).app.request('http://nas.local:8000/engines')).status).toBe(200)
  })
  test.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('a change without a key from a page with %j is refused', async (headers) => {
    const { app, controlPlane } = setUp()
    expect(await problemOf(await app.request('http://localhost:8000/scale/0', { method: 'POST', headers }))).toMatchObject({
      status: 403,
      type: '/problems/forbidden',
    })
    expect(controlPlane.scaled).toEqual([])
  })
  test.each<Record<string, string>>([
    { origin: 'http://localhost:8000', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    {},
  ])('a change from its own page or none (%j) is done', async (headers) => {
    expect((await setUp().app.request('http://localhost:8000/scale/1', { method: 'POST', headers })).status).toBe(200)
  })
  test('no answer opens anything to other origins', async () => {
    const { app } = setUp()
    const preflight = await app.request('/scale/1', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(405)
    for (const response of [preflight, await app.request('/engines', { headers: { origin: 'https://evil.example' } })]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('every answer', () => {
  test('has a request id of its own and secure headers', async () => {
    const { app } = setUp()
    const ids = new Set<string | null>()
    for (const [method, path] of [
      ['GET', '/engines'],
      ['GET', '/lease'],
      ['GET', '/nothing'],
      ['POST', '/scale/x'],
      ['POST', '/scale/1'],
      ['PUT', '/engines'],
    ] as const) {
      const { headers } = await app.request(path, { method })
      ids.add(headers.get('x-request-id'))
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    }
    expect(ids.size).toBe(6)
    expect(ids.has(null)).toBe(false)
  })

  test.each([
    ['POST', '/engines', 'GET, HEAD'],
    ['DELETE', '/engines/e-1', 'GET, HEAD'],
    ['GET', '/provision/acestream', 'POST'],
    ['HEAD', '/provision/acestream', 'POST'],
    ['PUT', '/containers/abc', 'DELETE, GET, HEAD'],
    ['PUT', '/scale/3', 'POST'],
    ['GET', '/lease/elect', 'POST'],
    ['GET', '/lease/designate', 'POST'],
    ['DELETE', '/lease/rotate', 'POST'],
    ['POST', '/lease/history', 'GET, HEAD'],
    ['GET', '/events/stream_started', 'POST'],
    ['PUT', '/events/stream_ended', 'POST'],
    ['PATCH', '/healthz', 'GET, HEAD'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const response = await setUp().app.request(path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
  })

  test.each([
    ['GET', '/'],
    ['GET', '/nothing'],
    ['GET', '/engines/a/b'],
    ['POST', '/provision/anything'],
    ['POST', '/events'],
    ['POST', '/events/anything'],
    ['POST', '/scale'],
    ['DELETE', '/containers'],
  ])('%s %s is 404', async (method, path) => {
    expect(await problemOf(await setUp().app.request(path, { method }))).toMatchObject({
      status: 404,
      type: '/problems/not-found',
      instance: path,
    })
  })

  test('of an unexpected error says nothing of its inside, and the log all of it under the same id', async () => {
    const { app, controlPlane, logged } = setUp()
    controlPlane.failure = new Error('connect ECONNREFUSED 10.0.0.7:7233')
    const response = await app.request('/scale/1', post())
    const body = await problemOf(response)
    expect(body).toMatchObject({ status: 500, type: '/problems/internal', title: 'Internal error' })
    expect(JSON.stringify(body)).not.toContain('ECONNREFUSED')
    expect(logged.find(({ level }) => level === 'error')?.fields).toMatchObject({
      err: controlPlane.failure,
      requestId: body.requestId,
      path: '/scale/1',
    })
  })

  test('to a change is logged with its outcome, and without key or body', async () => {
    const { app, logged } = setUp({ http: { keys: adminKey('hush') } })
    await app.request('/provision/acestream', post({ env: { TOKEN: 'hush' } }, { authorization: 'Bearer hush' }))
    await app.request('/scale/x', post(undefined, { 'x-api-key': 'hush' }))
    expect(logged.map(({ fields }) => fields)).toMatchObject([
      { method: 'POST', path: '/provision/acestream', status: 200 },
      { method: 'POST', path: '/scale/x', status: 422 },
    ])
    expect(JSON.stringify(logged)).not.toContain('hush')
  })
})
