import { Context, heartbeat } from '@temporalio/activity'
import { describe, expect, test } from 'vitest'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, settled } from '../support/histories.js'
import { container, eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { has, lose, provisioning, startedEngine } from './engine-steps.js'
import { heldLease, PORT, revoke, surveyOf } from './lease-steps.js'

const server = useTemporal('time-skipping')

const workerIsLost = (pool: Pool, workflow: 'engine' | 'lease'): Promise<void> =>
  (workflow === 'engine' ? pool.engine('a') : pool.lease).signal(messages.workerLost, { identity: 'worker@gone:1' })

/** An activity that a dead worker would not end: it goes on when cancelled, until it is let go. */
class Stubborn {
  waiting = 0
  /** It has been asked to end. */
  cancelled = false
  #letGo: () => void = () => {}
  readonly #gone = new Promise<void>((resolve) => {
    this.#letGo = resolve
  })

  letGo(): void {
    this.#letGo()
  }

  async pass(): Promise<void> {
    this.waiting += 1
    Context.current().cancelled.catch(() => {
      this.cancelled = true
    })
    const beat = setInterval(() => heartbeat(), 200)
    await this.#gone
    clearInterval(beat)
  }
}

describe('when the worker that provisions is lost', () => {
  test('provisioning is begun anew at once, and what the lost attempt answers later is ignored', async () => {
    const lost = new Stubborn()
    const pool = await server.pool(
      provisioning(
        () => lost.pass().then(() => container('late')),
        () => container('c2'),
      ),
    )
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => lost.waiting === 1)
    await workerIsLost(pool, 'engine')
    await has(pool, 'c2')
    expect(pool.asked.provision).toHaveLength(2)
    expect(pool.asked.provision[1]).toEqual(pool.asked.provision[0])
    await eventually(() => lost.cancelled)
    lost.letGo()
    await settled(pool.engine('a'))
    expect(await pool.engineView('a')).toMatchObject({ containerId: 'c2', losses: 0 })
    expect(pool.asked.provision).toHaveLength(2)
    await keepHistory(pool.engine('a'), 'engine-worker-lost')
  })

  test('again, it is begun anew again', async () => {
    const lost = new Stubborn()
    const stuck = () => lost.pass().then(() => container('late'))
    const pool = await server.pool(provisioning(stuck, stuck, () => container('c3')))
    await pool.standInFleet()
    await pool.startEngine('a')
    for (const attempt of [1, 2]) {
      await eventually(() => lost.waiting === attempt)
      await workerIsLost(pool, 'engine')
    }
    await has(pool, 'c3')
    lost.letGo()
    await settled(pool.engine('a'))
    expect(await pool.engineView('a')).toMatchObject({ containerId: 'c3' })
  })

  test('a removal waits until the attempt that followed has ended, and retires then', async () => {
    const lost = new Stubborn()
    const second = new Stubborn()
    const pool = await server.pool(
      provisioning(
        () => lost.pass().then(() => container('late')),
        () => second.pass().then(() => container('late too')),
      ),
    )
    await pool.standInFleet()
    await pool.startEngine('a')
    await eventually(() => lost.waiting === 1)
    await workerIsLost(pool, 'engine')
    await eventually(() => second.waiting === 1)
    await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
    await eventually(async () => (await pool.engineView('a')).phase === 'removing')
    lost.letGo()
    await eventually(async () => {
      const { events } = await pool.engine('a').fetchHistory()
      return events?.some((event) => event.activityTaskCompletedEventAttributes ?? event.activityTaskCanceledEventAttributes)
    })
    expect(pool.asked.retire).toEqual([])
    second.letGo()
    await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
    expect(pool.asked.retire).toHaveLength(1)
    expect(await toldTo(pool.fleet, 'engineGone')).toEqual([{ engineId: 'a', ended: [] }])
  })

  test('nothing happens when nothing was under way', async () => {
    const pool = await server.pool()
    await startedEngine(pool)
    await workerIsLost(pool, 'engine')
    await eventCount(pool.engine('a'))
    expect(pool.asked.provision).toHaveLength(1)
    await lose(pool, 'c1')
    await has(pool, 'c2')
    expect(pool.asked.provision).toHaveLength(2)
  })
})

test('when the worker that retires an engine is lost, retiring is begun anew', async () => {
  const lost = new Stubborn()
  let retired = 0
  const pool = await server.pool({ retire: async () => (++retired === 1 ? lost.pass() : undefined) })
  await startedEngine(pool)
  await pool.engine('a').signal(messages.removeEngine, { reason: 'deleted' })
  await eventually(() => lost.waiting === 1)
  await workerIsLost(pool, 'engine')
  await eventually(async () => (await pool.engine('a').describe()).status.name === 'COMPLETED')
  expect(pool.asked.retire).toHaveLength(2)
  lost.letGo()
})

describe('when the worker that works for the lease is lost', () => {
  test('the survey is begun anew, and the lost one’s answer is ignored', async () => {
    const lost = new Stubborn()
    const late = { containerId: 'late', engineId: 'late', epoch: 9, p2pPort: PORT, running: true }
    let surveys = 0
    const pool = await server.pool({ survey: async () => (++surveys === 1 ? lost.pass().then(() => surveyOf([late])) : surveyOf([])) })
    await pool.standInFleet()
    await pool.startLease()
    await eventually(() => lost.waiting === 1)
    await workerIsLost(pool, 'lease')
    await eventually(async () => !(await pool.leaseView()).recovering)
    lost.letGo()
    await settled(pool.lease)
    expect(await pool.leaseView()).toMatchObject({ epoch: 0, holder: null })
    expect(pool.asked.survey).toHaveLength(2)
  })

  test('the fence of a silent holder is begun anew, and the epoch ends once', async () => {
    const lost = new Stubborn()
    const fencing = new Gate()
    let fences = 0
    const pool = await server.pool({ fence: () => (++fences === 1 ? lost.pass() : fencing.pass()) })
    await heldLease(pool)
    await revoke(pool, 1, 'a')
    await pool.sleep('6 seconds')
    await eventually(() => lost.waiting === 1)
    await workerIsLost(pool, 'lease')
    await eventually(() => fencing.waiting === 1)
    lost.letGo()
    await eventually(async () => {
      const { events } = await pool.lease.fetchHistory()
      return events?.some((event) => event.activityTaskCompletedEventAttributes && Number(event.eventId) > 20)
    })
    expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
    fencing.open()
    await eventually(async () => (await pool.leaseView()).holder === null)
    expect(pool.asked.fence).toHaveLength(2)
  })
})
