import { describe, expect, test } from 'vitest'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, waitsOf } from '../support/histories.js'
import { eventually, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { acquire, confirm, ended, heldLease, operator, PORT, revoke, vacantLease } from './lease-steps.js'

const server = useTemporal('time-skipping')

type Vacant = { epoch: number; excluded: string | null; preferred: string | null; force?: boolean }
const lastVacancy = async (pool: Pool): Promise<Vacant | undefined> => (await toldTo<Vacant>(pool.fleet, 'leaseVacant')).at(-1)
/** The fleet has been told of a vacancy like this. */
const announced = (pool: Pool, wanted: Partial<Vacant>): Promise<unknown> =>
  eventually(async () => {
    expect(await lastVacancy(pool)).toMatchObject(wanted)
    return true
  })

const elect = (pool: Pool, requestId: string, change: { candidate?: string | null; epoch?: number | null; force?: boolean } = {}) =>
  pool.lease.executeUpdate(messages.elect, { args: [{ ...operator(requestId), candidate: null, ...change }] })
const designate = (pool: Pool, engineId: string | null, requestId: string, epoch: number | null = null) =>
  pool.lease.executeUpdate(messages.designate, { args: [{ ...operator(requestId, epoch), engineId }] })
const rotate = (pool: Pool, requestId: string, change: { epoch?: number | null; force?: boolean } = {}) =>
  pool.lease.executeUpdate(messages.rotate, { args: [{ ...operator(requestId), ...change }] })

describe('an operator who decided on an older state', () => {
  test.each<[string, (pool: Pool, epoch: number) => Promise<messages.OperatorAnswer>]>([
    ['elect', (pool, epoch) => elect(pool, 'r1', { epoch, candidate: 'b' })],
    ['designate', (pool, epoch) => designate(pool, 'b', 'r1', epoch)],
    ['rotate', (pool, epoch) => rotate(pool, 'r1', { epoch })],
  ])('is refused to %s, and nothing changes; for the present epoch it is done', async (_, ask) => {
    const pool = await server.pool()
    await pool.standInEngine('a')
    await heldLease(pool)
    const before = await pool.leaseView()
    expect(await ask(pool, 7)).toEqual({
      kind: 'refused',
      type: 'EpochMismatch',
      message: 'The lease is at epoch 1, not 7: read it again and decide anew.',
    })
    expect(await pool.leaseView()).toEqual(before)
    expect(await ask(pool, 1)).toMatchObject({ kind: 'lease', lease: { epoch: 1 } })
  })

  test('is refused while no VPN is configured', async () => {
    const pool = await server.pool()
    await pool.startLease(false)
    expect(await elect(pool, 'r1')).toMatchObject({ kind: 'refused', type: 'LeaseDisabled' })
    expect(await designate(pool, 'b', 'r2')).toMatchObject({ kind: 'refused', type: 'LeaseDisabled' })
    expect(await rotate(pool, 'r3')).toMatchObject({ kind: 'refused', type: 'LeaseDisabled' })
  })
})

describe('an election of a named engine', () => {
  test('unseats the holder, has the fleet nominate the named one, and keeps the port for it', async () => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await heldLease(pool)
    const answer = await elect(pool, 'r1', { candidate: 'b', force: true })
    expect(answer).toMatchObject({ kind: 'lease', lease: { nominee: 'b', holder: { engineId: 'a', phase: 'revoking' } } })
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length === 1)
    await ended(pool, 1)
    await announced(pool, { epoch: 1, preferred: 'b', excluded: 'a', force: true })
    expect(await acquire(pool, 'c')).toMatchObject({ kind: 'denied', reason: 'reserved' })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'granted', epoch: 2 })
    expect((await pool.leaseView()).nominee).toBeNull()
  })

  test('survives continue-as-new with what it reserved', async () => {
    const pool = await server.pool()
    await heldLease(pool)
    await elect(pool, 'r1', { candidate: 'b', force: true })
    await refreshed(pool.lease)
    await ended(pool, 1)
    await announced(pool, { preferred: 'b', excluded: 'a', force: true })
    expect(await elect(pool, 'r1', { candidate: 'c' })).toMatchObject({ lease: { nominee: 'b' } })
  })

  test.each<[string, unknown, string, string | null]>([
    ['a reason and a candidate', { reason: 'maintenance', candidate: 'b' }, 'maintenance', 'b'],
    ['a candidate only', { candidate: ' b ' }, 'forced', 'b'],
    ['a candidate that is no text', { reason: 'maintenance', candidate: { id: 'b' } }, 'maintenance', null],
    ['an empty candidate', { candidate: '' }, 'forced', null],
  ])('by hand takes %s', async (_, input, reason, candidate) => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await heldLease(pool)
    await pool.lease.signal('forceElection', input)
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length === 1)
    expect(await toldTo(holder, 'leaseRevoked')).toEqual([{ epoch: 1, reason }])
    expect(await pool.leaseView()).toMatchObject({ nominee: candidate })
    await ended(pool, 1)
    await announced(pool, { preferred: candidate, excluded: 'a', force: true })
  })
})

describe('a designated engine', () => {
  test('is asked for at every vacancy until that is undone', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await designate(pool, 'b', 'r1')
    await announced(pool, { epoch: 0, preferred: 'b' })
    await acquire(pool, 'b')
    await confirm(pool, 'b', 1)
    await revoke(pool, 1, 'b')
    await ended(pool, 1)
    await announced(pool, { epoch: 1, preferred: 'b' })
    expect(await acquire(pool, 'c')).toMatchObject({ reason: 'reserved' })
    await designate(pool, null, 'r2')
    expect(await acquire(pool, 'c')).toMatchObject({ kind: 'granted', epoch: 2 })
  })

  test('is forgotten when the fleet says that it is gone for good', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await designate(pool, 'b', 'r1')
    await pool.lease.signal(messages.engineRemoved, { engineId: 'b' })
    await eventually(async () => (await pool.leaseView()).preferred === null)
    expect(await acquire(pool, 'c')).toMatchObject({ kind: 'granted', epoch: 1 })
  })
})

describe('a rotation', () => {
  test('is handed to the fleet, once for each request id, and the holder stays', async () => {
    const pool = await server.pool()
    await heldLease(pool)
    expect(await rotate(pool, 'r1', { force: true })).toMatchObject({
      kind: 'lease',
      lease: { holder: { engineId: 'a', phase: 'active' } },
    })
    await eventually(async () => (await toldTo(pool.fleet, 'rotationAsked')).length === 1)
    await rotate(pool, 'r1', { force: true })
    await eventCount(pool.lease)
    expect(await toldTo(pool.fleet, 'rotationAsked')).toEqual([{ reason: 'slow', force: true }])
  })

  test('that the fleet has come to hands on to the engine that it chose', async () => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await heldLease(pool)
    await pool.lease.signal(messages.turnOver, { engineId: 'a', containerId: 'a-former-one', reason: 'rotation', candidate: 'b' })
    await eventCount(pool.lease)
    expect((await pool.leaseView()).holder).toMatchObject({ phase: 'active' })
    await pool.lease.signal(messages.turnOver, { engineId: 'a', containerId: 'container-1', reason: 'rotation', candidate: 'b' })
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length === 1)
    expect(await toldTo(holder, 'leaseRevoked')).toEqual([{ epoch: 1, reason: 'rotation' }])
    expect(await ended(pool, 1, 'a')).toMatchObject({ next: { reason: 'reserved' } })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'granted', epoch: 2 })
    expect((await pool.leaseView()).log).toMatchObject([{ ended: 'rotation' }, { began: 'rotation' }])
    await keepHistory(pool.lease, 'forwarded-lease-turned-over')
  })
})

describe('another Berth that holds the port', () => {
  test('keeps every engine from it, says so, and lets the fleet know when it is over', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await pool.lease.signal(messages.conflictObserved, { conflict: 'held elsewhere' })
    await eventually(async () => (await pool.leaseView()).condition?.code === 'lease-conflict')
    expect(await acquire(pool, 'a', true)).toMatchObject({ kind: 'denied', reason: 'conflict' })
    await refreshed(pool.lease)
    expect((await pool.leaseView()).condition).toEqual({ code: 'lease-conflict', detail: 'held elsewhere' })
    const before = (await toldTo(pool.fleet, 'leaseVacant')).length
    await pool.lease.signal(messages.conflictObserved, { conflict: null })
    await eventually(async () => (await toldTo(pool.fleet, 'leaseVacant')).length === before + 1)
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'granted' })
  })
})

describe('signals of the fleet and the watcher with the wrong content', () => {
  test.each(['turnOver', 'engineRemoved', 'forwardedFound', 'conflictObserved', 'workerLost'])(
    '%s without input leaves the lease at work',
    async (name) => {
      const pool = await server.pool()
      await heldLease(pool)
      await pool.lease.signal(name)
      expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'held' })
    },
  )
})

describe('the history', () => {
  test('of a lease with wishes, a conflict and a trouble does not grow over seven days', async () => {
    const pool = await server.pool({ removeForwarded: async () => 'held' })
    await heldLease(pool)
    await designate(pool, 'a', 'r1')
    await pool.lease.signal(messages.conflictObserved, { conflict: 'held elsewhere' })
    await pool.lease.signal(messages.forwardedFound, { containerId: 'x', engineId: 'x', epoch: 1, p2pPort: PORT, running: true })
    await eventually(() => pool.asked.removeForwarded.length === 1)
    const before = await eventCount(pool.lease)
    await pool.sleep('7 days')
    expect(await eventCount(pool.lease)).toBe(before)
    expect(await waitsOf(pool.lease)).toEqual([])
  })

  test('grows by at most 45 events in an election or a rotation that another engine wins', async () => {
    const pool = await server.pool()
    await pool.standInEngine('a')
    await pool.standInEngine('b')
    await heldLease(pool)
    const counts = [await eventCount(pool.lease)]
    for (let epoch = 1; epoch <= 4; epoch++) {
      const [from, to] = epoch % 2 === 1 ? (['a', 'b'] as const) : (['b', 'a'] as const)
      const turn = { engineId: from, containerId: `container-${epoch}`, reason: 'rotation', candidate: to }
      if (epoch <= 2) await elect(pool, `r${epoch}`, { candidate: to })
      else await pool.lease.signal(messages.turnOver, turn)
      await eventually(async () => (await pool.leaseView()).holder?.phase === 'revoking')
      await eventCount(pool.lease)
      await revoke(pool, epoch, from)
      await ended(pool, epoch)
      await eventCount(pool.lease)
      await acquire(pool, to, true)
      await confirm(pool, to, epoch + 1)
      counts.push(await eventCount(pool.lease))
    }
    expect(await pool.leaseView()).toMatchObject({ epoch: 5, holder: { engineId: 'a', phase: 'active' } })
    const grown = counts.slice(1).map((count, n) => count - (counts[n] ?? 0))
    expect(Math.max(...grown), `grown by ${grown.join(', ')}`).toBeLessThanOrEqual(45)
  })
})
