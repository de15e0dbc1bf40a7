import { describe, expect, test } from 'vitest'
import { Lease } from '../../src/contracts/lease.js'
import { BerthError } from '../../src/domain/errors.js'
import { engineView, type FakeControlPlane, hex, leaseView, NOW, snapshotOf } from './fake-control-plane.js'
import { heldBy, post, problemOf, setUp } from './set-up.js'

const engine = engineView({ forwarded: true, epoch: 17, p2pPort: 51_413 })
const other = engineView({ engineId: 'e-2', containerId: hex('b'), containerName: 'berth-e-2', hostHttpPort: 19_001 })
const held = () => setUp({ snapshot: snapshotOf({ engines: [engine, other], lease: heldBy(engine) }) })

/** Each way to ask for a hand-over, with a body that it takes. */
const WAYS = [
  ['/lease/elect', {}],
  ['/lease/designate', { engine: 'e-2' }],
  ['/lease/rotate', {}],
] as const
const asked = ({ elected, designated, rotated }: FakeControlPlane) => [...elected, ...designated, ...rotated]

describe.each(WAYS)('POST %s', (path, body) => {
  test('answers 202 with the lease and its ETag', async () => {
    const { app, controlPlane } = held()
    const response = await app.request(path, post(body))
    expect([response.status, response.headers.get('etag')]).toEqual([202, '"epoch-17"'])
    expect(Lease.strict().parse(await response.json())).toMatchObject({ epoch: 17, holder: { engine_id: 'e-1' } })
    expect(asked(controlPlane)).toMatchObject([{ reason: 'asked for through the API', force: false, epoch: null }])
  })

  test('answers what the fleet says after the request was taken, not before', async () => {
    const { app, controlPlane } = held()
    const due = { since: NOW, reason: 'maintenance', force: false, drainUntil: null, waitingFor: 'streams' } as const
    const take = <R>(request: R) => {
      controlPlane.current = snapshotOf({ lease: leaseView({ epoch: 18 }), rotation: { everyMs: null, due } })
      return Promise.resolve({ request, ...heldBy(engine, { phase: 'revoking' }) })
    }
    Object.assign(controlPlane, { elect: take, designate: take, rotate: take })
    const lease = Lease.parse(await (await app.request(path, post(body))).json())
    expect(lease).toMatchObject({ epoch: 17, holder: { phase: 'revoking' }, rotation: { due: { waiting_for: 'streams' } } })
  })

  test('is not begun when there is nothing that could be answered', async () => {
    const { app, controlPlane } = held()
    controlPlane.snapshot = () => Promise.reject(new BerthError('unavailable', 'Temporal cannot be reached'))
    expect(await problemOf(await app.request(path, post(body)))).toMatchObject({ status: 503, type: '/problems/unavailable' })
    expect(asked(controlPlane)).toEqual([])
  })

  test('passes on reason, force and Idempotency-Key', async () => {
    const { app, controlPlane } = held()
    await app.request(path, post({ ...body, reason: ' bad peers ', force: true }, { 'idempotency-key': 'k' }))
    expect(asked(controlPlane)).toMatchObject([{ requestId: 'k', reason: 'bad peers', force: true }])
  })

  test('without an Idempotency-Key each request is a wish of its own, under the id of its answer', async () => {
    const { app, controlPlane } = held()
    const answers = [await app.request(path, post(body)), await app.request(path, post(body))]
    const ids = asked(controlPlane).map(({ requestId }) => requestId)
    expect(ids).toEqual(answers.map(({ headers }) => headers.get('x-request-id')))
    expect(new Set(ids).size).toBe(2)
  })

  test.each([{ reason: '' }, { reason: ' ' }, { reason: 7 }, { reason: null }, { reason: 'x'.repeat(201) }, { reason: 'a\u0007b' }])(
    'refuses the reason in %j',
    async (change) => {
      const { app, controlPlane } = held()
      expect(await problemOf(await app.request(path, post({ ...body, ...change })))).toMatchObject({
        status: 422,
        errors: [{ pointer: '/reason', detail: expect.stringMatching(/^must /) }],
      })
      expect(asked(controlPlane)).toEqual([])
    },
  )

  test.each(['true', 1, null])('refuses the force %j, as nobody should cut streams by a slip', async (force) => {
    const { app, controlPlane } = held()
    expect(await problemOf(await app.request(path, post({ ...body, force })))).toMatchObject({
      status: 422,
      errors: [{ pointer: '/force', detail: 'must be true or false' }],
    })
    expect(asked(controlPlane)).toEqual([])
  })

  test.each<unknown>([[], null, 7, 'now'])('refuses the body %j', async (sent) => {
    expect(await problemOf(await held().app.request(path, post(sent)))).toMatchObject({ status: 422, errors: [{ pointer: '' }] })
  })

  test('refuses a body of more than 64 KiB', async () => {
    expect((await held().app.request(path, post({ ...body, ignored: 'x'.repeat(64 * 1024) }))).status).toBe(413)
  })

  test.each([
    ['lease-disabled', 409],
    ['conflict', 409],
    ['precondition-failed', 412],
    ['not-found', 404],
    ['unavailable', 503],
    ['timeout', 504],
  ] as const)('tells %s of the control plane as %i', async (type, status) => {
    const { app, controlPlane } = held()
    controlPlane.failure = new BerthError(type, 'e-1 plays 2 streams: force cuts them')
    expect(await problemOf(await app.request(path, post(body)))).toMatchObject({
      status,
      type: `/problems/${type}`,
      detail: 'e-1 plays 2 streams: force cuts them',
      instance: path,
    })
  })

  describe('If-Match', () => {
    const ifMatch = async (value: string) => {
      const { app, controlPlane } = held()
      const response = await app.request(path, post(body, { 'if-match': value }))
      return { response, epochs: asked(controlPlane).map(({ epoch }) => epoch) }
    }

    test('with the ETag of GET /lease: done, and the control plane is told the epoch', async () => {
      const { app, controlPlane } = held()
      const tag = (await app.request('/lease')).headers.get('etag') ?? ''
      expect((await app.request(path, post(body, { 'if-match': tag }))).status).toBe(202)
      expect(asked(controlPlane)[0]?.epoch).toBe(17)
    })

    test.each(['*', ' * '])('%j means any epoch', async (value) => {
      const { response, epochs } = await ifMatch(value)
      expect([response.status, epochs]).toEqual([202, [null]])
    })

    test.each([
      '"epoch-3", "epoch-17"',
      '"epoch-17","epoch-18"',
      '"a,b", "epoch-17"',
      'W/"epoch-3" , ,"epoch-17",',
      '"epoch-17", "epoch-17"',
    ])('the list %s matches as one of it does', async (value) => {
      const { response, epochs } = await ifMatch(value)
      expect([response.status, epochs]).toEqual([202, [17]])
    })

    test('one old epoch is left to the control plane, whose word is newer than any snapshot', async () => {
      const { app, controlPlane } = held()
      const told: (number | null)[] = []
      const refuse = ({ epoch }: { epoch: number | null }) => {
        told.push(epoch)
        return Promise.reject(new BerthError('precondition-failed', 'the lease is at epoch 17, not 16'))
      }
      Object.assign(controlPlane, { elect: refuse, designate: refuse, rotate: refuse })
      expect(await problemOf(await app.request(path, post(body, { 'if-match': '"epoch-16"' })))).toMatchObject({ status: 412 })
      expect(told).toEqual([16])
    })

    test.each([
      ['a weak tag, though of this epoch', 'W/"epoch-17"'],
      ['old epochs only', '"epoch-15", "epoch-16"'],
      ['a tag that is not of a lease', '"17"'],
      ['a tag with a leading zero', '"epoch-017"'],
      ['a tag in other letters', '"Epoch-17"'],
      ['an empty tag', '""'],
      ['an epoch beyond counting', '"epoch-99999999999999999999"'],
    ])('%s matches nothing: 412', async (_, value) => {
      const { response, epochs } = await ifMatch(value)
      expect(await problemOf(response)).toMatchObject({
        status: 412,
        type: '/problems/precondition-failed',
        title: 'Changed since it was read',
        detail: expect.stringContaining('epoch 17'),
      })
      expect(epochs).toEqual([])
    })

    test.each(['epoch-17', '17', '"epoch-17', '"epoch-17" "epoch-18"', '*, "epoch-17"', '"epoch-17", *', 'w/"epoch-17"', '', ','])(
      'what cannot be read (%j) is refused, not passed over',
      async (value) => {
        const { response, epochs } = await ifMatch(value)
        expect(await problemOf(response)).toMatchObject({
          status: 422,
          errors: [{ pointer: 'If-Match', detail: expect.stringContaining('"epoch-17"') }],
        })
        expect(epochs).toEqual([])
      },
    )

    test('a body that breaks a rule is told as that, whatever the header says', async () => {
      const response = await held().app.request(path, post({ ...body, force: 'yes' }, { 'if-match': '"epoch-1", "epoch-2"' }))
      expect(response.status).toBe(422)
    })
  })
})

describe('who is to be forwarded', () => {
  test('without a body an election decides', async () => {
    const { app, controlPlane } = held()
    for (const body of [undefined, {}, { candidate: null }]) expect((await app.request('/lease/elect', post(body))).status).toBe(202)
    expect(controlPlane.elected.map(({ candidate }) => candidate)).toEqual([null, null, null])
  })

  test.each(['e-2', 'berth-e-2', hex('b')])('%s may be the candidate of an election, or be named for good', async (id) => {
    const { app, controlPlane } = held()
    await app.request('/lease/elect', post({ candidate: id }))
    await app.request('/lease/designate', post({ engine: id }))
    expect([controlPlane.elected[0]?.candidate, controlPlane.designated[0]?.engine]).toEqual([id, id])
  })

  test('naming null undoes it, and the answer says so', async () => {
    const { app, controlPlane } = held()
    expect(Lease.parse(await (await app.request('/lease/designate', post({ engine: 'e-2' }))).json()).preferred).toBe('e-2')
    expect(Lease.parse(await (await app.request('/lease/designate', post({ engine: null }))).json()).preferred).toBeNull()
    expect(controlPlane.designated.map(({ engine }) => engine)).toEqual(['e-2', null])
  })

  test.each([undefined, {}, { reason: 'maintenance' }])('the body %j names nobody, and is not taken for undoing it', async (body) => {
    const { app, controlPlane } = held()
    expect(await problemOf(await app.request('/lease/designate', post(body)))).toMatchObject({
      status: 422,
      errors: [{ pointer: '/engine', detail: 'must be an engine id, a container id or a container name, or null to name nobody' }],
    })
    expect(controlPlane.designated).toEqual([])
  })

  test.each(['', '-rf', '../gluetun', 'a b', 'x'.repeat(129), 'e\n2', 7, ['e-2']])('%j is no engine', async (id) => {
    const { app, controlPlane } = held()
    for (const [path, field] of [
      ['/lease/elect', 'candidate'],
      ['/lease/designate', 'engine'],
    ] as const) {
      expect(await problemOf(await app.request(path, post({ [field]: id })))).toMatchObject({
        status: 422,
        errors: [{ pointer: `/${field}`, detail: expect.stringMatching(/^must be an engine id/) }],
      })
    }
    expect(asked(controlPlane)).toEqual([])
  })

  test('an engine that does not exist is 404', async () => {
    const { app } = held()
    expect((await app.request('/lease/elect', post({ candidate: 'e-9' }))).status).toBe(404)
    expect((await app.request('/lease/designate', post({ engine: 'e-9' }))).status).toBe(404)
  })
})
