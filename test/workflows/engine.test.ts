import { describe, expect, test } from 'vitest'
import type { AdoptedContainer } from '../../src/domain/engine.js'
import type { EngineView } from '../../src/domain/views.js'
import { CONTAINER_ID, ENGINE_STATE, FORWARDED, LEASE_EPOCH } from '../../src/temporal/search-attributes.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, runOf, settled, waitsOf } from '../support/histories.js'
import { container, eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import {
  failing,
  forwardedContainer,
  forwardedThenNot,
  has,
  healthy,
  lastTold,
  lose,
  phase,
  provisioning,
  startedEngine,
} from './engine-steps.js'

const server = useTemporal('time-skipping')

/** Engine `a` whose first container, `c1`, is being made until the gate opens; then comes `c2`. */
async function heldUp(): Promise<{ pool: Pool; gate: Gate }> {
  const gate = new Gate()
  const first = () => gate.pass().then(() => container('c1'))
  const pool = await server.pool(provisioning(first, () => container('c2')))
  await pool.standInFleet()
  await pool.startEngine('a')
  await eventually(() => gate.waiting === 1)
  return { pool, gate }
}

describe('an engine', () => {
  test('provisions, becomes running when it answers, and tells the fleet of each change', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    expect(pool.asked.provision).toEqual([
      { engine: pool.engineInput('a'), containerId: null, epoch: null, reason: 'new', nominated: false, follower: false },
    ])
    await healthy(pool, 'c1')
    const view = await phase(pool, 'running')
    expect(view).toMatchObject({
      containerId: 'c1',
      containerName: 'name-of-c1',
      health: 'healthy',
      version: '3.2.3',
      losses: 0,
      problem: null,
    })
    await eventually(async () => (await lastTold(pool))?.revision === view.revision)
    expect(await lastTold(pool)).toEqual({ ...view, ended: [] })
    const revisions = (await toldTo<EngineView>(pool.fleet, 'engineChanged')).map(({ revision }) => revision)
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    await keepHistory(pool.engine('a'), 'engine-running')
  })

  test('replaces a lost container at once', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await healthy(pool, 'c1')
    await lose(pool, 'c1')
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1, health: 'unknown' })
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', epoch: null, reason: 'died', follower: false })
    expect(await waitsOf(pool.engine('a'))).toEqual([])
  })

  test('replaces a container that is unhealthy for too long', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await healthy(pool, 'c1', { health: 'unhealthy', detail: 'no answer' })
    await eventually(async () => (await pool.engineView('a')).problem?.code === 'engine-unhealthy')
    await healthy(pool, 'c1', { health: 'unhealthy', replace: true })
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1, problem: null })
    expect(pool.asked.provision[1]).toMatchObject({ reason: 'unhealthy' })
  })

  test('ignores what is told of an older container', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await lose(pool, 'c1')
    const view = await has(pool, 'c2')
    await lose(pool, 'c1')
    await healthy(pool, 'c1')
    await healthy(pool, 'c1', { health: 'unhealthy', replace: true })
    await pool.engine('a').signal(messages.leaseRevoked, { epoch: 7, reason: 'election' })
    expect(await pool.engineView('a')).toEqual(view)
    expect(pool.asked.provision).toHaveLength(2)
  })

  test('does not forget a loss that it is told before provisioning has reported the container', async () => {
    const { pool, gate } = await heldUp()
    await lose(pool, 'c1')
    gate.open()
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1 })
    expect(pool.asked.provision).toHaveLength(2)
  })

  test('does not forget health and revocation that it is told before provisioning has reported them', async () => {
    const making = new Gate()
    const first = () => making.pass().then(() => forwardedContainer('c1', 4))
    const again = new Gate()
    const second = () => again.pass().then(() => container('c2'))
    const pool = await server.pool(provisioning(first, second))
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => making.waiting === 1)
    await pool.engine('a').signal(messages.leaseRevoked, { epoch: 4, reason: 'election' })
    making.open()
    await eventually(() => again.waiting === 1)
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', epoch: 4, reason: 'revoked', nominated: false })
    await healthy(pool, 'c2')
    again.open()
    expect(await phase(pool, 'running')).toMatchObject({ containerId: 'c2', health: 'healthy', forwarded: false })
  })

  test('keeps trying inside one activity while it only cannot reach something', async () => {
    let tries = 0
    const pool = await server.pool({
      async provision() {
        if (++tries < 4) throw new Error('Docker does not answer')
        return container('c1')
      },
    })
    await startedEngine(pool)
    expect(tries).toBe(4)
    expect(await waitsOf(pool.engine('a'))).toEqual([])
  })

  test('lives on without the fleet’s workflow', async () => {
    const pool = await server.pool()
    await pool.startEngine('a')
    await has(pool, 'c1')
    await lose(pool, 'c1')
    await has(pool, 'c2')
    await settled(pool.engine('a'))
    expect((await pool.engine('a').describe()).status.name).toBe('RUNNING')
  })

  test('takes over a container that exists already and leaves it as it is', async () => {
    const adopt: AdoptedContainer = { ...container('old'), forwarded: { epoch: 5, p2pPort: 51_413 }, startedAt: 1_000 }
    const pool = await server.pool()
    await pool.standInFleet()
    await pool.startEngine('a', { adopt })
    await eventually(async () => (await lastTold(pool))?.containerId === 'old')
    expect(await pool.engineView('a')).toMatchObject({ phase: 'starting', containerId: 'old', forwarded: true, epoch: 5, firstSeen: 1_000 })
    expect(pool.asked.provision).toEqual([])
    await lose(pool, 'old')
    await has(pool, 'c1')
    expect(pool.asked.provision[0]).toMatchObject({ containerId: 'old', epoch: 5 })
  })
})

describe('backing off', () => {
  test('waits 1 s, 2 s and so on up to 60 s while provisioning fails, and says why', async () => {
    const pool = await server.pool(provisioning(failing('image-missing')))
    await pool.standInFleet()
    await pool.startEngine('a')
    const view = await phase(pool, 'backing-off')
    expect(view.problem).toEqual({ code: 'image-missing', detail: 'because of image-missing' })
    await pool.sleep('4 minutes')
    expect((await waitsOf(pool.engine('a'))).slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    expect(pool.asked.provision.map(({ follower }) => follower).slice(0, 4)).toEqual([false, false, false, false])
    await eventually(async () => (await lastTold(pool))?.phase === 'backing-off')
    await keepHistory(pool.engine('a'), 'engine-backing-off')
  })

  test('waits longer each time when containers do not last, and not at all after one that lasted a minute', async () => {
    let made = 0
    const pool = await server.pool(provisioning(() => container(`c${++made}`)))
    await startedEngine(pool)
    for (let lost = 1; lost <= 4; lost++) {
      await lose(pool, `c${lost}`)
      await pool.sleep('10 seconds')
      await has(pool, `c${lost + 1}`)
    }
    expect(await waitsOf(pool.engine('a'))).toEqual([1, 2, 4])
    expect(pool.asked.provision.map(({ follower }) => follower)).toEqual([false, false, false, false, true])
    await pool.sleep('61 seconds')
    await lose(pool, 'c5')
    await has(pool, 'c6')
    expect(await waitsOf(pool.engine('a'))).toEqual([1, 2, 4])
  })

  test('ends with another container, though the one that was given up runs all the same', async () => {
    let made = 0
    const pool = await server.pool(provisioning(() => container(`c${++made}`)))
    await startedEngine(pool)
    for (const [lost, next] of [
      ['c1', 'c2'],
      ['c2', 'c3'],
      ['c3', 'c4'],
    ] as const) {
      await healthy(pool, lost, { health: 'unhealthy', detail: 'hangs', replace: true })
      await pool.sleep('10 seconds')
      await has(pool, next)
    }
    expect(await waitsOf(pool.engine('a'))).toEqual([1, 2])
    expect(pool.asked.provision.map(({ containerId }) => containerId)).toEqual([null, 'c1', 'c2', 'c3'])
  })

  test('is cut short by retryNow', async () => {
    let there = false
    const pool = await server.pool(
      provisioning(() => {
        if (!there) failing('network-gone')()
        return container('c1')
      }),
    )
    await pool.standInFleet()
    await pool.startEngine('a')
    await pool.sleep('2 minutes')
    await phase(pool, 'backing-off')
    there = true
    const before = await pool.now()
    await pool.engine('a').signal(messages.retryNow)
    expect(await has(pool, 'c1')).toMatchObject({ problem: null })
    expect((await pool.now()) - before).toBeLessThan(20_000)
  })

  test('continues as new when asked to, and goes on backing off', async () => {
    const pool = await server.pool(provisioning(failing('image-missing')))
    await pool.standInFleet()
    await pool.startEngine('a')
    await pool.sleep('3 minutes')
    const first = await runOf(pool.engine('a'))
    await pool.engine('a').signal(messages.refresh)
    await pool.sleep('2 minutes')
    await eventually(async () => (await runOf(pool.engine('a'))) !== first)
    expect(await phase(pool, 'backing-off')).toMatchObject({ problem: { code: 'image-missing' } })
    await pool.sleep('5 minutes')
    const waits = await waitsOf(pool.engine('a'))
    expect(waits.length).toBeGreaterThanOrEqual(5)
    expect(new Set(waits)).toEqual(new Set([60]))
  })

  test('begins only when what it had is handed back, once for each wait, and without it when it does not wait', async () => {
    const retiring = new Gate()
    const pool = await server.pool({
      ...provisioning(
        () => forwardedContainer('c1', 3),
        () => forwardedContainer('c2', 4),
        () => container('c3'),
      ),
      retire: () => retiring.pass(),
    })
    await startedEngine(pool)
    await lose(pool, 'c1')
    await has(pool, 'c2')
    expect(pool.asked.retire).toEqual([])
    await lose(pool, 'c2')
    await eventually(() => retiring.waiting === 1)
    await pool.sleep('5 seconds')
    expect(pool.asked.provision).toHaveLength(2)
    retiring.open()
    await pool.sleep('2 seconds')
    await has(pool, 'c3')
    expect(pool.asked.retire).toEqual([{ engineId: 'a', pool: pool.name, reason: 'crash-loop', leaseOnly: true, containerId: 'c2' }])
    expect(pool.asked.provision[2]).toMatchObject({ containerId: 'c2', epoch: null, reason: 'died' })
    expect(await waitsOf(pool.engine('a'))).toEqual([1])
  })

  test('is cut short by retryNow that comes while it is handed back', async () => {
    const retiring = new Gate()
    const pool = await server.pool({ ...provisioning(failing('network-gone'), () => container('c1')), retire: () => retiring.pass() })
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => retiring.waiting === 1)
    await pool.engine('a').signal(messages.retryNow)
    retiring.open()
    await has(pool, 'c1')
    expect(await waitsOf(pool.engine('a'))).toEqual([])
  })

  test('adds at most 36 events for each failed attempt', async () => {
    const pool = await server.pool(provisioning(failing('image-missing')))
    await pool.standInFleet()
    await pool.startEngine('a')
    await pool.sleep('5 minutes')
    const [events, waits] = [await eventCount(pool.engine('a')), (await waitsOf(pool.engine('a'))).length]
    await pool.sleep('10 minutes')
    const perAttempt = ((await eventCount(pool.engine('a'))) - events) / ((await waitsOf(pool.engine('a'))).length - waits)
    expect(perAttempt).toBeLessThanOrEqual(36)
  })
})

describe('the forwarded port', () => {
  test('is given up and asked for again when the lease revokes the epoch of the container', async () => {
    const pool = await server.pool(forwardedThenNot())
    await startedEngine(pool)
    expect(await pool.engineView('a')).toMatchObject({ forwarded: true, epoch: 3, p2pPort: 51_413 })
    await pool.engine('a').signal(messages.leaseRevoked, { epoch: 2, reason: 'late' })
    await pool.engine('a').signal(messages.leaseRevoked, { epoch: 3, reason: 'election' })
    expect(await has(pool, 'c2')).toMatchObject({ forwarded: false, epoch: null, p2pPort: null, losses: 0 })
    expect(pool.asked.provision).toHaveLength(2)
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', epoch: 3, reason: 'election', nominated: false })
    expect(await waitsOf(pool.engine('a'))).toEqual([])
  })

  test('is taken when the fleet says so, by a container made anew', async () => {
    const pool = await server.pool(
      provisioning(
        () => container('c1'),
        () => forwardedContainer('c2', 3),
      ),
    )
    await startedEngine(pool)
    await pool.engine('a').signal(messages.takeForwarded, { epoch: 2 })
    expect(await has(pool, 'c2')).toMatchObject({ forwarded: true, epoch: 3 })
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', nominated: true, reason: 'elected' })
    await pool.engine('a').signal(messages.takeForwarded, { epoch: 2 })
    expect(await pool.engineView('a')).toMatchObject({ containerId: 'c2', phase: 'starting' })
    expect(pool.asked.provision).toHaveLength(2)
  })

  test('that the fleet offers while a container is being made is not forgotten', async () => {
    const making = new Gate()
    const first = () => making.pass().then(() => container('c1'))
    const pool = await server.pool(provisioning(first, () => forwardedContainer('c2', 3)))
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => making.waiting === 1)
    await pool.engine('a').signal(messages.takeForwarded, { epoch: 2 })
    making.open()
    expect(await has(pool, 'c2')).toMatchObject({ forwarded: true, epoch: 3 })
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', nominated: true })
  })

  test('that the lease does not give leaves the present container in place, running and with its age', async () => {
    const pool = await server.pool(
      provisioning(
        () => container('c1'),
        () => container('c1', { outcome: 'kept' }),
      ),
    )
    await startedEngine(pool)
    await healthy(pool, 'c1')
    const { startedAt } = await phase(pool, 'running')
    await pool.sleep('5 minutes')
    await pool.engine('a').signal(messages.takeForwarded, { epoch: 2 })
    await eventually(() => pool.asked.provision.length === 2)
    expect(await phase(pool, 'running')).toMatchObject({ containerId: 'c1', forwarded: false, startedAt, losses: 0 })
  })
})

describe('removal', () => {
  test('ends the workflow only after the container is retired, and tells the fleet then', async () => {
    const retiring = new Gate()
    const pool = await server.pool({ retire: () => retiring.pass() })
    await startedEngine(pool)
    await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
    await eventually(() => retiring.waiting === 1)
    expect(pool.asked.retire).toEqual([{ engineId: 'a', pool: pool.name, reason: 'deleted' }])
    expect(await pool.engineView('a')).toMatchObject({ phase: 'removing' })
    expect((await pool.engine('a').describe()).status.name).toBe('RUNNING')
    expect(await toldTo(pool.fleet, 'engineGone')).toEqual([])
    retiring.open()
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    expect(await toldTo(pool.fleet, 'engineGone')).toEqual([{ engineId: 'a', ended: [] }])
    await keepHistory(pool.engine('a'), 'engine-removed')
  })

  test('while provisioning is under way cancels it and retires what it has made', async () => {
    let cancelled = false
    const making = new Gate()
    const pool = await server.pool({
      async provision() {
        try {
          await making.pass()
        } catch (error) {
          cancelled = true
          throw error
        }
        return container('c1')
      },
    })
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => making.waiting === 1)
    await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    expect(cancelled).toBe(true)
    expect(pool.asked.provision).toHaveLength(1)
    expect(pool.asked.retire).toHaveLength(1)
    expect(await toldTo(pool.fleet, 'engineGone')).toEqual([{ engineId: 'a', ended: [] }])
    await keepHistory(pool.engine('a'), 'engine-removed-while-provisioning')
  })

  test('while it is backing off does not wait for the back-off', async () => {
    const pool = await server.pool(provisioning(failing('image-missing')))
    await pool.standInFleet()
    await pool.startEngine('a')
    await pool.sleep('2 minutes')
    const asked = pool.asked.provision.length
    await pool.engine('a').signal('removeEngine')
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    expect(pool.asked.provision.length).toBe(asked)
    expect(pool.asked.retire.at(-1)).toEqual({ engineId: 'a', pool: pool.name, reason: 'asked' })
  })

  test('lets no later fact bring the engine back', async () => {
    const retiring = new Gate()
    const pool = await server.pool({ retire: () => retiring.pass() })
    await startedEngine(pool)
    await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
    await lose(pool, 'c1')
    await pool.engine('a').signal(messages.takeForwarded, { epoch: 1 })
    await pool.engine('a').signal(messages.refresh)
    await eventually(() => retiring.waiting === 1)
    retiring.open()
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    expect(pool.asked.provision).toHaveLength(1)
    expect(pool.asked.retire).toHaveLength(1)
  })
})

describe('continue-as-new', () => {
  test('keeps everything, and the engine is replaced after it as before', async () => {
    const pool = await server.pool(forwardedThenNot())
    await startedEngine(pool)
    await healthy(pool, 'c1')
    const before = await phase(pool, 'running')
    await refreshed(pool.engine('a'))
    expect(await pool.engineView('a')).toEqual(before)
    await lose(pool, 'c1')
    await has(pool, 'c2')
    expect(pool.asked.provision[1]).toMatchObject({ containerId: 'c1', epoch: 3 })
    expect(await lastTold(pool)).toMatchObject({ containerId: 'c2', losses: 1 })
  })

  test('keeps the count of failures, so that a crash loop goes on backing off', async () => {
    let made = 0
    const pool = await server.pool(provisioning(() => container(`c${++made}`)))
    await startedEngine(pool)
    await lose(pool, 'c1')
    await has(pool, 'c2')
    await refreshed(pool.engine('a'))
    await lose(pool, 'c2')
    await phase(pool, 'backing-off')
    await pool.sleep('2 seconds')
    await has(pool, 'c3')
    expect(await waitsOf(pool.engine('a'))).toEqual([1])
    await keepHistory(pool.engine('a'), 'engine-continued')
  })

  test('keeps an early loss that is known before the container is', async () => {
    const { pool, gate } = await heldUp()
    await lose(pool, 'c1')
    await pool.engine('a').signal(messages.refresh)
    gate.open()
    expect(await has(pool, 'c2')).toMatchObject({ losses: 1 })
  })
})

describe('the history', () => {
  test('of an engine does not grow over seven days', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await healthy(pool, 'c1')
    await phase(pool, 'running')
    const before = await eventCount(pool.engine('a'))
    await pool.sleep('7 days')
    expect(await eventCount(pool.engine('a'))).toBe(before)
  })

  test('grows by at most 45 events when a container is lost, replaced and answers again', async () => {
    let made = 0
    const pool = await server.pool(provisioning(() => container(`c${++made}`)))
    await startedEngine(pool)
    await healthy(pool, 'c1')
    const counts = [await eventCount(pool.engine('a'))]
    for (let lost = 1; lost <= 3; lost++) {
      await pool.sleep('2 minutes')
      await lose(pool, `c${lost}`)
      await has(pool, `c${lost + 1}`)
      await healthy(pool, `c${lost + 1}`)
      await phase(pool, 'running')
      counts.push(await eventCount(pool.engine('a')))
    }
    const grown = counts.slice(1).map((count, n) => count - (counts[n] ?? 0))
    expect(Math.max(...grown), `grown by ${grown.join(', ')}`).toBeLessThanOrEqual(45)
  })
})

describe('search attributes', () => {
  const shown = async (pool: Pool): Promise<unknown[]> => {
    const { typedSearchAttributes: attributes } = await pool.engine('a').describe()
    return [attributes.get(ENGINE_STATE), attributes.get(FORWARDED), attributes.get(CONTAINER_ID), attributes.get(LEASE_EPOCH)]
  }
  const show = (pool: Pool, ...wanted: unknown[]): Promise<unknown> =>
    eventually(async () => {
      expect(await shown(pool)).toEqual(wanted)
      return true
    })

  test('are true in every phase', async () => {
    const gates = [new Gate(), new Gate(), new Gate()] as const
    const retiring = new Gate()
    const pool = await server.pool({
      ...provisioning(
        () => gates[0].pass().then(() => forwardedContainer('c1', 3)),
        () => gates[1].pass().then(failing('image-missing')),
        () => gates[2].pass().then(() => container('c2')),
      ),
      retire: async ({ reason }) => (reason === 'deleted' ? retiring.pass() : undefined),
    })
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => gates[0].waiting === 1)
    await show(pool, 'provisioning', false, undefined, undefined)
    gates[0].open()
    await show(pool, 'starting', true, 'c1', 3)
    await healthy(pool, 'c1')
    await show(pool, 'running', true, 'c1', 3)
    await lose(pool, 'c1')
    await eventually(() => gates[1].waiting === 1)
    await show(pool, 'provisioning', false, 'c1', 3)
    gates[1].open()
    await show(pool, 'backing-off', false, undefined, undefined)
    await pool.engine('a').signal(messages.retryNow)
    await eventually(() => gates[2].waiting === 1)
    gates[2].open()
    await show(pool, 'starting', false, 'c2', undefined)
    await refreshed(pool.engine('a'))
    await show(pool, 'starting', false, 'c2', undefined)
    await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
    await show(pool, 'removing', false, 'c2', undefined)
    retiring.open()
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    await show(pool, 'removing', false, undefined, undefined)
  })
})
