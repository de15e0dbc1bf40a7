import { describe, expect, test } from 'vitest'
import type { AdoptedContainer } from '../../src/domain/engine.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed } from '../support/histories.js'
import { container, eventually, type Pool, useTemporal } from '../support/temporal.js'
import { configure, grown, idOf, ids, provision, scale } from './fleet-steps.js'

const server = useTemporal('time-skipping')

/** A container that ran before, with the nth ports. */
const found = (engineId: string, n: number, legacy = false): messages.FoundContainer => {
  const adopted: AdoptedContainer = { ...container(`old-${engineId}`), forwarded: null, startedAt: 1_000 }
  return { engineId, httpPort: 19_000 + n, httpsPort: 45_000 + n, hostHttpPort: 19_000 + n, labels: {}, container: adopted, legacy }
}
const adopt = (pool: Pool, engineId: string, n: number, legacy = false): Promise<void> =>
  pool.fleet.signal(messages.containerFound, found(engineId, n, legacy))

describe('a fleet that starts from nothing', () => {
  test('makes no engine until it has been told of every container that runs, and does so then', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 }, [], false)
    await pool.sleep('10 minutes')
    expect(await pool.fleetView()).toMatchObject({ wanted: 2, engines: [] })
    expect(pool.asked.startEngines).toEqual([])
    await pool.fleet.signal(messages.containersListed)
    await grown(pool, 2)
    expect(pool.asked.provision).toHaveLength(2)
    await keepHistory(pool.fleet, 'fleet-observed-first')
  })

  test('makes only those that are missing beside the ones that ran', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 }, [], false)
    await adopt(pool, 'old', 0)
    await grown(pool, 1)
    expect(pool.asked.provision).toEqual([])
    await pool.fleet.signal(messages.containersListed)
    const engines = await grown(pool, 2)
    expect(engines[0]).toMatchObject({ engineId: 'old', containerId: 'old-old' })
    expect(pool.asked.provision).toHaveLength(1)
  })

  test('keeps every container that ran, though it wants fewer, and still knows that after continue-as-new', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 }, [], false)
    for (const n of [0, 1, 2]) await adopt(pool, `old-${n}`, n)
    await grown(pool, 3)
    await pool.fleet.signal(messages.containersListed)
    await eventCount(pool.fleet)
    expect((await pool.fleetView()).wanted).toBe(3)
    await refreshed(pool.fleet)
    expect(ids(await grown(pool, 3))).toEqual(['old-0', 'old-1', 'old-2'])
    expect(pool.asked.retire).toEqual([])
    await scale(pool, 1)
    await grown(pool, 1)
  })

  test('keeps no more than allowed', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1, maxReplicas: 2 }, [], false)
    for (const n of [0, 1, 2]) await adopt(pool, `old-${n}`, n)
    await eventually(() => pool.asked.retire.length === 1)
    await pool.fleet.signal(messages.containersListed)
    await grown(pool, 2)
    expect((await pool.fleetView()).wanted).toBe(2)
    expect(pool.asked.retire).toHaveLength(1)
  })

  test('starts all the same what is asked for, and what is asked for by policy when it has been told', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 0 }, [], false)
    const engineId = idOf(await provision(pool))
    expect(ids(await grown(pool, 1))).toEqual([engineId])
    await configure(pool, { minReplicas: 3 })
    await eventCount(pool.fleet)
    expect(ids(await grown(pool, 1))).toEqual([engineId])
    await pool.fleet.signal(messages.containersListed)
    await grown(pool, 3)
  })

  test('waits for that over continue-as-new too', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 }, [], false)
    await refreshed(pool.fleet)
    await pool.sleep('1 minute')
    expect((await pool.fleetView()).engines).toEqual([])
    await pool.fleet.signal(messages.containersListed)
    await grown(pool, 1)
    await refreshed(pool.fleet)
    await configure(pool, { minReplicas: 2 })
    await grown(pool, 2)
  })

  test('is told twice and does not make more for it', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 }, [], false)
    await pool.fleet.signal(messages.containersListed)
    await grown(pool, 1)
    const before = await eventCount(pool.fleet)
    await pool.fleet.signal(messages.containersListed)
    expect((await eventCount(pool.fleet)) - before).toBeLessThanOrEqual(4)
    expect(pool.asked.provision).toHaveLength(1)
  })
})

describe('a container that is found later', () => {
  test('made by an older orchestrator raises the wanted number', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    await adopt(pool, 'legacy', 5, true)
    const engines = await grown(pool, 2)
    expect(ids(engines)).toContain('legacy')
    expect((await pool.fleetView()).wanted).toBe(2)
    expect(pool.asked.retire).toEqual([])
  })

  test('made by Berth does not', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    await adopt(pool, 'stray', 5)
    await eventually(() => pool.asked.retire.length === 1)
    expect((await pool.fleetView()).wanted).toBe(1)
    await grown(pool, 1)
  })
})

test('what a dry run would remove is shown, and nothing is done about it', async () => {
  const pool = await server.pool()
  await pool.startFleet({ minReplicas: 1 })
  await grown(pool, 1)
  expect((await pool.fleetView()).reconcile).toEqual({ dryRun: false, wouldRemove: [] })
  const reconcile = { dryRun: true, wouldRemove: [{ containerId: 'c', name: 'left-over', reason: 'its engine does not use it' }] }
  await pool.fleet.signal(messages.reconcileObserved, reconcile)
  await eventually(async () => (await pool.fleetView()).reconcile.dryRun)
  expect((await pool.fleetView()).reconcile).toEqual(reconcile)
  await refreshed(pool.fleet)
  expect((await pool.fleetView()).reconcile).toEqual(reconcile)
  expect(pool.asked).toMatchObject({ retire: [], startEngines: [{}], provision: [{}] })
})

describe('signals with the wrong content', () => {
  test.each(['rotationAsked', 'reconcileObserved', 'leaseVacant', 'containersListed'])(
    '%s without input leaves the fleet at work',
    async (name) => {
      const pool = await server.pool()
      await pool.startFleet({ minReplicas: 1 })
      await grown(pool, 1)
      await pool.fleet.signal(name)
      idOf(await provision(pool))
      await grown(pool, 2)
    },
  )
})
