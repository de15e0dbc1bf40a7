import { describe, expect, test } from 'vitest'
import type { SurveyedContainer } from '../../src/domain/lease-state.js'
import type { LeaseView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed } from '../support/histories.js'
import { eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { acquire, confirm, ended, heldLease, observe, PORT, revoke, surveyOf, vacantLease } from './lease-steps.js'

const server = useTemporal('time-skipping')

const running = (containerId: string, epoch: number | null, change: Partial<SurveyedContainer> = {}): SurveyedContainer => ({
  containerId,
  engineId: `engine-of-${containerId}`,
  epoch,
  p2pPort: PORT,
  running: true,
  name: `name-of-${containerId}`,
  ...change,
})
const found = (pool: Pool, container: SurveyedContainer): Promise<void> => pool.lease.signal(messages.forwardedFound, container)
const viewOnce = (pool: Pool, is: (view: LeaseView) => boolean): Promise<LeaseView> =>
  eventually(async () => {
    const view = await pool.leaseView()
    return is(view) ? view : null
  })

/** Surveys that find nothing at first and this from then on. */
const laterSurveys = (...survey: SurveyedContainer[]) => {
  let surveys = 0
  return { survey: async () => surveyOf(++surveys === 1 ? [] : survey) }
}

describe('a lease that is told of a container with a newer epoch than it knows', () => {
  test('grants and clears nothing, fences its own holder, and takes that container', async () => {
    const fencing = new Gate()
    const pool = await server.pool({ ...laterSurveys(running('newer', 9)), fence: () => fencing.pass() })
    await vacantLease(pool)
    await acquire(pool, 'a')
    await found(pool, running('newer', 9))
    await eventually(() => fencing.waiting === 1)
    expect(await confirm(pool, 'a', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'recovering' })
    expect(await pool.leaseView()).toMatchObject({
      recovering: true,
      holder: { epoch: 1, phase: 'revoking' },
      condition: { code: 'recovering' },
    })
    fencing.open()
    const view = await viewOnce(pool, ({ recovering }) => !recovering)
    expect(view).toMatchObject({ epoch: 9, condition: null, holder: { containerId: 'newer', epoch: 9, phase: 'active' } })
    expect(pool.asked.fence).toEqual([{ pool: pool.name, index: 0, epoch: 1 }])
    expect(pool.asked.survey).toHaveLength(3)
    expect(view.log).toMatchObject([
      { epoch: 1, ended: 'superseded' },
      { epoch: 9, began: 'recovered' },
    ])
    await revoke(pool, 9, 'engine-of-newer')
    expect(await ended(pool, 9, 'b')).toMatchObject({ next: { kind: 'granted', epoch: 10 } })
    await keepHistory(pool.lease, 'forwarded-lease-outdated')
  })

  test('keeps a holder that runs, fences nothing, and has the newer one removed', async () => {
    const own = running('container-1', 1, { engineId: 'a' })
    const pool = await server.pool(laterSurveys(own, running('newer', 9)))
    await heldLease(pool)
    await found(pool, running('newer', 9))
    const view = await viewOnce(pool, ({ epoch }) => epoch === 9)
    expect(view).toMatchObject({ recovering: false, holder: { engineId: 'a', epoch: 1, phase: 'active' } })
    await eventually(() => pool.asked.removeForwarded.length === 1)
    expect(pool.asked.removeForwarded).toEqual([{ pool: pool.name, index: 0, containerIds: ['newer'] }])
    expect(pool.asked.fence).toEqual([])
    await viewOnce(pool, ({ condition }) => condition === null)
    await revoke(pool, 1, 'a')
    expect(await ended(pool, 1, 'a')).toMatchObject({ next: { kind: 'granted', epoch: 10 } })
  })

  test('does not fence what its holder has fenced itself meanwhile', async () => {
    const surveying = new Gate()
    let surveys = 0
    const pool = await server.pool({
      survey: async () => (++surveys === 2 ? surveying.pass().then(() => surveyOf([running('newer', 9)])) : surveyOf([])),
    })
    await heldLease(pool)
    await found(pool, running('newer', 9))
    await eventually(() => surveying.waiting === 1)
    await revoke(pool, 1, 'a')
    expect(await ended(pool, 1, 'a')).toMatchObject({ next: { kind: 'denied', reason: 'recovering' } })
    surveying.open()
    expect(await viewOnce(pool, ({ recovering }) => !recovering)).toMatchObject({ holder: { containerId: 'newer' } })
    expect(pool.asked.fence).toEqual([])
  })

  test('goes on with that over continue-as-new', async () => {
    const surveying = new Gate()
    let surveys = 0
    const pool = await server.pool({
      survey: async () => (++surveys === 1 ? surveyOf([]) : surveying.pass().then(() => surveyOf([running('newer', 9)]))),
    })
    await heldLease(pool)
    await found(pool, running('newer', 9))
    await eventually(() => surveying.waiting === 1)
    await pool.lease.signal(messages.refresh)
    surveying.open()
    expect(await viewOnce(pool, ({ recovering }) => !recovering)).toMatchObject({ epoch: 9, holder: { containerId: 'newer' } })
    await refreshed(pool.lease)
    expect(await pool.leaseView()).toMatchObject({ recovering: false, epoch: 9, holder: { containerId: 'newer', phase: 'active' } })
  })
})

describe('a forwarded container that is not the holder’s', () => {
  test('is removed, and reported for as long as that takes', async () => {
    const removing = new Gate()
    const pool = await server.pool({ removeForwarded: async () => removing.pass().then(() => 'removed' as const) })
    await heldLease(pool)
    await found(pool, running('x', 1))
    await eventually(() => removing.waiting === 1)
    expect(pool.asked.removeForwarded).toEqual([{ pool: pool.name, index: 0, containerIds: ['x'] }])
    expect((await pool.leaseView()).condition).toEqual({
      code: 'several-forwarded',
      detail: 'name-of-x runs as forwarded too, but a holds the port (epoch 1); it is removed.',
    })
    removing.open()
    await viewOnce(pool, ({ condition }) => condition === null)
    expect((await pool.leaseView()).holder).toMatchObject({ engineId: 'a', phase: 'active' })
    await keepHistory(pool.lease, 'forwarded-lease-stray')
  })

  test('that a dry run keeps stays reported, also over continue-as-new', async () => {
    const pool = await server.pool({ removeForwarded: async () => 'held' })
    await heldLease(pool)
    await found(pool, running('x', 1))
    await eventually(() => pool.asked.removeForwarded.length === 1)
    await eventCount(pool.lease)
    expect((await pool.leaseView()).condition).toMatchObject({ code: 'several-forwarded' })
    await refreshed(pool.lease)
    expect((await pool.leaseView()).condition).toMatchObject({ code: 'several-forwarded' })
    expect(pool.asked.removeForwarded).toHaveLength(1)
  })

  test('is asked to be removed until Docker does it', async () => {
    let reachable = false
    const pool = await server.pool({
      async removeForwarded() {
        if (!reachable) throw new Error('Docker cannot be reached')
        return 'removed'
      },
    })
    await heldLease(pool)
    await found(pool, running('x', 1))
    await eventually(() => pool.asked.removeForwarded.length >= 2)
    expect((await pool.leaseView()).condition).toMatchObject({ code: 'several-forwarded' })
    reachable = true
    await viewOnce(pool, ({ condition }) => condition === null)
  })

  test('of an older orchestrator takes the port that nobody holds, without being touched', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await found(pool, running('old', null))
    expect(await viewOnce(pool, ({ holder }) => holder !== null)).toMatchObject({
      epoch: 1,
      holder: { engineId: 'engine-of-old', containerId: 'old', phase: 'active', port: PORT },
      condition: null,
    })
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'denied', reason: 'held' })
    await eventCount(pool.lease)
    expect(pool.asked.removeForwarded).toEqual([])
  })

  test('on a wrong port is removed, and reported until an engine has the port', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await found(pool, running('old', null, { p2pPort: PORT + 1 }))
    await eventually(() => pool.asked.removeForwarded.length === 1)
    expect((await pool.leaseView()).condition).toMatchObject({ code: 'forwarded-without-port' })
    await acquire(pool, 'a')
    await confirm(pool, 'a', 1)
    expect((await pool.leaseView()).condition).toBeNull()
  })
})

describe('a fresh lease', () => {
  test('is told by the survey which port decides and which other Berth is there', async () => {
    const survey = [running('newest', null, { p2pPort: PORT + 1, createdAt: 9 }), running('on-port', null, { createdAt: 1 })]
    const pool = await server.pool({ survey: async () => ({ survey, port: PORT, conflict: 'held elsewhere' }) })
    await pool.standInFleet()
    await pool.startLease()
    const view = await viewOnce(pool, ({ recovering }) => !recovering)
    expect(view).toMatchObject({ holder: { containerId: 'on-port' }, condition: { code: 'lease-conflict', detail: 'held elsewhere' } })
    await eventually(() => pool.asked.removeForwarded.length === 1)
    expect(pool.asked.removeForwarded).toEqual([{ pool: pool.name, index: 0, containerIds: ['newest'] }])
    await observe(pool, PORT)
    await eventCount(pool.lease)
    expect(await toldTo(pool.fleet, 'leaseVacant')).toEqual([])
  })

  test('takes the answer of an older worker’s survey, a list and nothing else', async () => {
    const older = [running('c', 3)] as unknown as { survey: SurveyedContainer[]; port: null; conflict: null }
    const pool = await server.pool({ survey: async () => older })
    await pool.startLease()
    expect(await viewOnce(pool, ({ recovering }) => !recovering)).toMatchObject({ epoch: 3, holder: { containerId: 'c' } })
  })
})
