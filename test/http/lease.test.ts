import { describe, expect, test } from 'vitest'
import { Lease, LeaseHistory } from '../../src/contracts/lease.js'
import { engineView, hex, leaseView, NOW, snapshotOf, turnover } from './fake-control-plane.js'
import { heldBy, problemOf, setUp } from './set-up.js'

const engine = engineView({ forwarded: true, epoch: 17, p2pPort: 51_413 })

describe('GET /lease', () => {
  const shown = async (snapshot: Parameters<typeof snapshotOf>[0]) =>
    Lease.parse(await (await setUp({ snapshot: snapshotOf(snapshot) }).app.request('/lease')).json())

  test('shows holder and turnovers, and has the bytes of its contract', async () => {
    const lease = leaseView({ ...heldBy(engine), log: [turnover(17)] })
    const text = await (await setUp({ snapshot: snapshotOf({ lease }) }).app.request('/lease')).text()
    const body = Lease.parse(JSON.parse(text))
    expect(JSON.stringify(body)).toBe(text)
    expect(body.holder).toEqual({
      engine_id: 'e-1',
      epoch: 17,
      port: 51_413,
      phase: 'active',
      container_id: hex('a'),
      since: '2026-08-07T12:00:00.000Z',
    })
    expect(body.log).toMatchObject([{ epoch: 17, active_at: '2026-08-07T12:00:17.150Z', ended_at: null, began: 'first' }])
  })

  test('shows who is named for good and who the next grant is kept for', async () => {
    expect(await shown({ lease: leaseView({ preferred: 'e-2', nominee: 'e-3' }) })).toMatchObject({ preferred: 'e-2', nominee: 'e-3' })
    expect(await shown({})).toMatchObject({ preferred: null, nominee: null })
  })

  test('shows how often the port rotates, in seconds, and null when it does not', async () => {
    expect((await shown({ rotation: { everyMs: 21_600_000, due: null } })).rotation).toEqual({ every_s: 21_600, due: null })
    expect((await shown({})).rotation).toEqual({ every_s: null, due: null })
  })

  test('shows a rotation that waits, for what, and until when', async () => {
    const due = { since: NOW, reason: 'rotation', force: false, drainUntil: NOW + 600_000, waitingFor: 'streams' } as const
    expect((await shown({ rotation: { everyMs: null, due } })).rotation.due).toEqual({
      since: '2026-08-07T12:00:00.000Z',
      reason: 'rotation',
      force: false,
      drain_until: '2026-08-07T12:10:00.000Z',
      waiting_for: 'streams',
    })
    expect((await shown({ rotation: { everyMs: null, due: { ...due, drainUntil: null } } })).rotation.due?.drain_until).toBeNull()
  })

  test('shows what a dry run holds back', async () => {
    const wouldRemove = [{ containerId: hex('d'), name: 'old-1', reason: 'orphan' }]
    expect((await shown({ reconcile: { dryRun: true, wouldRemove } })).reconcile).toEqual({
      dry_run: true,
      would_remove: [{ container_id: hex('d'), name: 'old-1', reason: 'orphan' }],
    })
    expect((await shown({})).reconcile).toEqual({ dry_run: false, would_remove: [] })
  })

  test.each([0, 17, 4_000_000])('names epoch %i by its ETag, for HEAD as well', async (epoch) => {
    const { app } = setUp({ snapshot: snapshotOf({ lease: leaseView({ epoch }) }) })
    for (const method of ['GET', 'HEAD']) {
      expect((await app.request('/lease', { method })).headers.get('etag')).toBe(`"epoch-${epoch}"`)
    }
  })
})

describe('GET /lease/history', () => {
  const log = Array.from({ length: 45 }, (_, i) => turnover(i + 1, { began: i === 0 ? 'first' : 'port-changed' }))
  const withLog = (kept = log) => setUp({ snapshot: snapshotOf({ lease: leaseView({ log: kept }) }) })
  const epochs = (page: LeaseHistory) => page.items.map(({ epoch }) => epoch)
  const page = async (query: string, kept = log) =>
    LeaseHistory.strict().parse(await (await withLog(kept).app.request(`/lease/history${query}`)).json())

  test('is the newest 20 first, each as in the log of GET /lease', async () => {
    const { app } = withLog()
    const { items } = LeaseHistory.parse(await (await app.request('/lease/history')).json())
    const lease = Lease.parse(await (await app.request('/lease')).json())
    expect(items).toEqual(lease.log.toReversed().slice(0, 20))
  })

  test('is empty and ends when nobody ever held the port', async () => {
    expect(await page('', [])).toEqual({ items: [], next_cursor: null })
  })

  test.each([1, 7, 44, 45, 46, 100])('pages of %i hold every turnover once, in order, and end', async (limit) => {
    const seen: number[] = []
    let cursor: string | null = ''
    for (let pages = 0; cursor !== null; pages++) {
      expect(pages).toBeLessThan(46)
      const next: LeaseHistory = await page(`?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(next.items.length).toBeGreaterThan(0)
      seen.push(...epochs(next))
      cursor = next.next_cursor
    }
    expect(seen).toEqual(log.map(({ epoch }) => epoch).toReversed())
  })

  test('a turnover between two pages moves none: the second page goes on where the first ended', async () => {
    const { app, controlPlane } = withLog(log.slice(0, 10))
    const first = LeaseHistory.parse(await (await app.request('/lease/history?limit=4')).json())
    controlPlane.current = snapshotOf({ lease: leaseView({ log: log.slice(0, 13) }) })
    const second = LeaseHistory.parse(await (await app.request(`/lease/history?limit=4&cursor=${first.next_cursor}`)).json())
    expect([epochs(first), epochs(second)]).toEqual([
      [10, 9, 8, 7],
      [6, 5, 4, 3],
    ])
  })

  test('a cursor whose turnovers are forgotten by now gives an empty last page', async () => {
    const { next_cursor: cursor } = await page('?limit=44')
    expect(await page(`?cursor=${cursor}`, log.slice(30))).toEqual({ items: [], next_cursor: null })
  })

  test.each(['0', '101', '-1', '1.5', '1e1', 'all', '', '%2010', '010'])('the limit "%s" is refused', async (limit) => {
    expect(await problemOf(await withLog().app.request(`/lease/history?limit=${limit}`))).toMatchObject({
      status: 422,
      type: '/problems/invalid-request',
      errors: [{ pointer: 'limit', detail: 'must be a whole number from 1 to 100' }],
    })
  })

  test.each([
    '',
    '17',
    'epoch-17',
    'MTc=',
    'MTcK',
    'LTE',
    'MDE3',
    '%00',
    'x'.repeat(3000),
    Buffer.from('9'.repeat(16)).toString('base64url'),
  ])('the cursor "%s", which no page gave, is refused', async (cursor) => {
    expect(await problemOf(await withLog().app.request(`/lease/history?cursor=${cursor}`))).toMatchObject({
      status: 422,
      errors: [{ pointer: 'cursor', detail: expect.stringMatching(/^must be the next_cursor/) }],
    })
  })
})
