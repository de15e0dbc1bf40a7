import { describe, expect, it } from 'vitest'
import { EngineEnvironment } from '../../src/contracts/environment.js'
import { Operation } from '../../src/contracts/operation.js'
import { Summary } from '../../src/contracts/summary.js'
import { engineView, hex, leaseView, NOW, snapshotOf, streamView } from './fake-control-plane.js'
import { heldBy, post, problemOf, setUp } from './set-up.js'

const engines = (count: number) =>
  Array.from({ length: count }, (_, n) => engineView({ engineId: `e-${n}`, containerId: hex(String(n % 10)), hostHttpPort: 19_000 + n }))

interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

describe('pages of engines', () => {
  it('go on where the one before ended, though engines came and went meanwhile', async () => {
    const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: engines(5) }) })
    const page = async (query: string) => (await (await app.request(`/api/v1/engines?${query}`)).json()) as Page<{ engine_id: string }>
    const first = await page('limit=2')
    expect(first.items.map(({ engine_id }) => engine_id)).toEqual(['e-0', 'e-1'])
    controlPlane.current = snapshotOf({ engines: engines(5).filter(({ engineId }) => engineId !== 'e-0' && engineId !== 'e-1') })
    const second = await page(`limit=2&cursor=${first.next_cursor}`)
    expect(second.items.map(({ engine_id }) => engine_id)).toEqual(['e-2', 'e-3'])
    const last = await page(`limit=2&cursor=${second.next_cursor}`)
    expect([last.items.map(({ engine_id }) => engine_id), last.next_cursor]).toEqual([['e-4'], null])
  })

  it('refuse a limit and a cursor that are none', async () => {
    const { app } = setUp()
    for (const [query, pointer] of [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['cursor=%20', 'cursor'],
    ]) {
      const problem = await problemOf(await app.request(`/api/v1/engines?${query}`))
      expect([problem.status, problem.errors?.[0]?.pointer]).toEqual([422, pointer])
    }
  })

  it('can be of the forwarded one alone', async () => {
    const [holder, ...others] = engines(3)
    if (holder === undefined) throw new Error('there is none')
    const { app } = setUp({ snapshot: snapshotOf({ engines: [holder, ...others], lease: heldBy(holder) }) })
    const page = (await (await app.request('/api/v1/engines?forwarded=true')).json()) as Page<{ engine_id: string }>
    expect(page.items.map(({ engine_id }) => engine_id)).toEqual(['e-0'])
  })
})

describe('operations', () => {
  it('of an engine that is made are answered at once, and end when it runs', async () => {
    const { app, controlPlane } = setUp()
    const answer = await app.request('/api/v1/engines', post({ labels: { a: 'b' } }, { 'idempotency-key': 'once' }))
    expect(answer.status).toBe(202)
    const operation = Operation.parse(await answer.json())
    expect(operation).toMatchObject({ kind: 'provision', status: 'running', problem: null })
    expect(controlPlane.provisioned).toEqual([{ requestId: 'once', labels: { a: 'b' }, environment: {}, hostPort: null }])
    const at = answer.headers.get('location') ?? ''
    const now = async () => Operation.parse(await (await app.request(at)).json()).status
    const engine = { engineId: operation.engine_id }
    controlPlane.current = snapshotOf({ engines: [engineView({ ...engine, phase: 'provisioning', containerId: null })] })
    expect(await now()).toBe('running')
    controlPlane.current = snapshotOf({ engines: [engineView(engine)] })
    expect(await now()).toBe('succeeded')
    controlPlane.current = snapshotOf()
    expect(await now()).toBe('failed')
  })

  it('of an engine that is removed end when it is gone', async () => {
    const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: [engineView()] }) })
    const answer = await app.request('/api/v1/engines/e-1', { method: 'DELETE' })
    expect([answer.status, Operation.parse(await answer.json())]).toMatchObject([202, { id: 'remove-e-1', status: 'running' }])
    controlPlane.current = snapshotOf()
    expect(Operation.parse(await (await app.request('/api/v1/operations/remove-e-1')).json()).status).toBe('succeeded')
  })

  it('that nobody asked for are not known', async () => {
    const { app, controlPlane } = setUp()
    controlPlane.existed = () => false
    for (const id of ['remove-e-9', 'scale-e-1', 'provision-', '..']) {
      expect((await problemOf(await app.request(`/api/v1/operations/${id}`))).status).toBe(404)
    }
  })

  it('that would cut streams are refused without force', async () => {
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engineView({ streams: [streamView()] })] }) })
    expect((await problemOf(await app.request('/api/v1/engines/e-1/restart', post({})))).status).toBe(409)
    expect((await app.request('/api/v1/engines/e-1/restart', post({ force: true }))).status).toBe(202)
    expect((await app.request('/api/v1/engines/e-1/drain', post({}))).status).toBe(202)
  })
})

describe('the summary', () => {
  it('is well while the lease, the VPN and the engines are, and names who is forwarded', async () => {
    const engine = engineView()
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engine], lease: heldBy(engine) }) })
    expect(Summary.parse(await (await app.request('/api/v1/summary')).json())).toMatchObject({
      status: 'ok',
      forwarded_engine: 'e-1',
      forwarded_container: 'berth-e-1',
      forwarded_port: 51_413,
      engines_running: 1,
      stale: false,
    })
  })

  it('wants attention when the lease has a condition, and says how old it is', async () => {
    const lease = leaseView({ condition: { code: 'no-forwarded', detail: 'x' } })
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engineView()], lease, stale: true, takenAt: NOW - 12_000 }) })
    expect(await (await app.request('/api/v1/summary')).json()).toMatchObject({
      status: 'attention',
      lease_condition: 'no-forwarded',
      forwarded_engine: null,
      stale: true,
      age_s: 12,
    })
  })
})

describe('what a container was made with', () => {
  it('is told by the container that an engine has now', async () => {
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engineView()] }) })
    const answer = await app.request('/api/v1/engines/e-1/environment')
    expect(EngineEnvironment.parse(await answer.json())).toEqual({
      container_id: engineView().containerId,
      environment: { CONF: '--bind-all', ACCESS_TOKEN: '********' },
    })
    expect((await problemOf(await app.request('/api/v1/engines/e-2/environment'))).status).toBe(404)
  })
})

describe('metrics', () => {
  it('tell of engines, of the lease and of the VPN', async () => {
    const engine = engineView({ streams: [streamView()] })
    const checks = new Map([[engine.containerId ?? '', { at: NOW, connected: true, listening: false }]])
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engine], lease: heldBy(engine), checks }) })
    const text = await (await app.request('/metrics')).text()
    for (const line of [
      'acestream_engines{state="running"} 1',
      'acestream_engines{state="provisioning"} 0',
      'acestream_lease_held{vpn="gluetun",index="0"} 1',
      'acestream_lease_epoch 17',
      'acestream_forwarded_port 51413',
      'acestream_p2p_listening 0',
      'acestream_streams_active 1',
      'gluetun_up 1',
    ])
      expect(text.split('\n')).toContain(line)
  })

  it('say nothing of the P2P port while nothing is known of it', async () => {
    const engine = engineView()
    const { app } = setUp({ snapshot: snapshotOf({ engines: [engine], lease: heldBy(engine) }) })
    expect(await (await app.request('/metrics')).text()).not.toContain('acestream_p2p_listening')
  })
})

describe('pages that explain', () => {
  it('load nothing from elsewhere', async () => {
    const { app } = setUp()
    const page = await (await app.request('/docs')).text()
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, address]) => address ?? '')
      .filter((address) => address !== 'data:,')
    expect(loaded.length).toBeGreaterThan(2)
    for (const address of loaded) {
      const answer = await app.request(address)
      expect([address, address.startsWith('/docs/'), answer.status]).toEqual([address, true, 200])
    }
  })

  it('are there for every problem by its type', async () => {
    const { app } = setUp()
    const { type } = await problemOf(await app.request('/engines/none'))
    const page = await app.request(type)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    expect(await page.text()).toContain('<h1>not-found</h1>')
    expect((await problemOf(await app.request('/problems/..%2fREADME'))).status).toBe(404)
    expect((await problemOf(await app.request('/problems/nothing'))).status).toBe(404)
  })
})
