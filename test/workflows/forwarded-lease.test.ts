import { describe, expect, test } from 'vitest'
import type { SurveyedContainer } from '../../src/domain/lease-state.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, runOf, waitsOf } from '../support/histories.js'
import { eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { acquire, confirm, ended, heldLease, observe, operator, PORT, revoke, surveyOf, vacantLease } from './lease-steps.js'

const server = useTemporal('time-skipping')

describe('a fresh lease', () => {
  test('answers recovering until the labelled containers are listed', async () => {
    const listing = new Gate()
    const pool = await server.pool({ survey: async () => listing.pass().then(() => surveyOf([])) })
    await pool.standInFleet()
    await pool.startLease()
    await observe(pool, PORT)
    expect(await acquire(pool, 'a')).toEqual({ kind: 'denied', reason: 'recovering', holder: null })
    expect(await pool.leaseView()).toMatchObject({ recovering: true, holder: null, condition: { code: 'recovering' } })
    listing.open()
    await eventually(async () => !(await pool.leaseView()).recovering)
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'granted', epoch: 1, port: PORT })
    expect(pool.asked.survey).toEqual([{ pool: pool.name, index: 0 }])
  })

  test('takes the survivor with the highest epoch as its holder, has the others removed and goes on above it', async () => {
    const found: SurveyedContainer[] = [
      { containerId: 'old', engineId: 'a', epoch: 4, p2pPort: PORT, running: true },
      { containerId: 'new', engineId: 'b', epoch: 7, p2pPort: PORT, running: true },
      { containerId: 'dead', engineId: 'c', epoch: 9, p2pPort: PORT, running: false },
    ]
    const pool = await server.pool({ survey: async () => surveyOf(found) })
    await pool.startLease()
    await observe(pool, PORT)
    const view = await eventually(async () => {
      const now = await pool.leaseView()
      return now.recovering ? null : now
    })
    expect(view).toMatchObject({ epoch: 9, holder: { engineId: 'b', epoch: 7, phase: 'active', containerId: 'new' } })
    await eventually(() => pool.asked.removeForwarded.length > 0)
    expect(pool.asked.removeForwarded).toEqual([{ pool: pool.name, index: 0, containerIds: ['old', 'dead'] }])
    await revoke(pool, 7, 'b')
    expect(await ended(pool, 7, 'a')).toMatchObject({ kind: 'ended', next: { kind: 'granted', epoch: 10 } })
  })

  test('grants nothing while no VPN is configured, and announces the vacancy once there is one', async () => {
    const pool = await server.pool()
    const fleet = await pool.standInFleet()
    await pool.startLease(false)
    await observe(pool, PORT)
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'denied', reason: 'disabled' })
    await pool.lease.signal(messages.configureLease, { enabled: true })
    await eventually(async () => (await toldTo(fleet, 'leaseVacant')).length > 0)
    await eventually(async () => (await acquire(pool, 'a')).kind === 'granted')
  })
})

describe('over real updates', () => {
  test('one engine is granted and confirmed, the next one is denied, and gets the next epoch when the first has ended', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    expect(await acquire(pool, 'a')).toEqual({ kind: 'granted', epoch: 1, port: PORT, phase: 'granted', containerId: null })
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'granted', epoch: 1 })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'held', holder: { engineId: 'a', epoch: 1 } })
    expect(await confirm(pool, 'b', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(await confirm(pool, 'a', 1)).toEqual({ kind: 'confirmed', epoch: 1 })
    expect(await confirm(pool, 'a', 1)).toEqual({ kind: 'confirmed', epoch: 1 })
    expect(await acquire(pool, 'a')).toMatchObject({ kind: 'granted', phase: 'active', containerId: 'container-1' })
    expect(await ended(pool, 1)).toMatchObject({ kind: 'refused', type: 'NotRevoked' })
    expect(await revoke(pool, 1, 'a')).toEqual({ kind: 'revoking', epoch: 1 })
    expect(await confirm(pool, 'a', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'revoking' })
    expect(await ended(pool, 1, 'b')).toMatchObject({ kind: 'ended', next: { kind: 'granted', epoch: 2, port: PORT } })
    expect(await ended(pool, 1, 'a')).toMatchObject({ kind: 'ended', next: { kind: 'denied', reason: 'held' } })
    expect(await revoke(pool, 1, null)).toMatchObject({ kind: 'ignored' })
    await confirm(pool, 'b', 2)
    const { log } = await pool.leaseView()
    expect(log.map(({ epoch, engineId, ended: why }) => ({ epoch, engineId, why }))).toEqual([
      { epoch: 1, engineId: 'a', why: 'died' },
      { epoch: 2, engineId: 'b', why: null },
    ])
    expect(pool.asked.fence).toEqual([])
    await keepHistory(pool.lease, 'forwarded-lease-hand-over')
  })

  test('of fifty engines that ask at once one is granted', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => acquire(pool, `e${n}`)))
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(1)
    expect(answers.filter((answer) => answer.kind === 'denied' && answer.reason === 'held')).toHaveLength(49)
    expect((await pool.leaseView()).epoch).toBe(1)
  })

  test('a moved port unseats the holder, a lost one leaves it in its place', async () => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await heldLease(pool)
    await observe(pool, null, 2)
    expect(await eventually(async () => (await pool.leaseView()).condition)).toMatchObject({ code: 'forwarded-without-port' })
    expect(await toldTo(holder, 'leaseRevoked')).toEqual([])
    await observe(pool, PORT + 1, 1)
    await observe(pool, PORT + 2, 3)
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length > 0)
    expect(await toldTo(holder, 'leaseRevoked')).toEqual([{ epoch: 1, reason: 'port-changed' }])
    expect(await ended(pool, 1, 'a')).toMatchObject({ next: { kind: 'granted', epoch: 2, port: PORT + 2 } })
  })
})

describe('a holder that does not do its part', () => {
  test('is fenced five seconds after it was revoked, and the vacancy is announced to the fleet', async () => {
    const pool = await server.pool()
    const fleet = await pool.standInFleet()
    await heldLease(pool)
    await revoke(pool, 1, 'a')
    await pool.sleep('4 seconds')
    expect(pool.asked.fence).toEqual([])
    expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
    const before = (await toldTo(fleet, 'leaseVacant')).length
    await pool.sleep('2 seconds')
    await eventually(async () => (await pool.leaseView()).holder === null)
    expect(pool.asked.fence).toEqual([{ pool: pool.name, index: 0, epoch: 1 }])
    await eventually(async () => (await toldTo(fleet, 'leaseVacant')).length > before)
    expect((await toldTo(fleet, 'leaseVacant')).at(-1)).toEqual({ index: 0, epoch: 1, excluded: null, preferred: null, force: false })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'granted', epoch: 2 })
    await keepHistory(pool.lease, 'forwarded-lease-fenced')
  })

  test('keeps the lease in phase revoking for as long as fencing does not succeed', async () => {
    let reachable = false
    const pool = await server.pool({
      fence: async () => {
        if (!reachable) throw new Error('Docker cannot be reached')
      },
    })
    await heldLease(pool)
    await revoke(pool, 1, 'a')
    await pool.sleep('10 minutes')
    expect((await pool.leaseView()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'revoking' })
    expect(pool.asked.fence.length).toBeGreaterThan(3)
    reachable = true
    await pool.sleep('5 seconds')
    await eventually(async () => (await acquire(pool, 'b')).kind === 'granted')
  })

  test('that hands on while it is being fenced is ended once', async () => {
    const fencing = new Gate()
    const pool = await server.pool({ fence: () => fencing.pass() })
    await heldLease(pool)
    await revoke(pool, 1, 'a')
    await pool.sleep('6 seconds')
    await eventually(() => fencing.waiting === 1)
    expect(await ended(pool, 1, 'b')).toMatchObject({ next: { kind: 'granted', epoch: 2 } })
    fencing.open()
    await confirm(pool, 'b', 2)
    await eventCount(pool.lease)
    expect(await pool.leaseView()).toMatchObject({ epoch: 2, holder: { engineId: 'b', phase: 'active' } })
  })

  test('loses a grant that it has not confirmed after sixty seconds', async () => {
    const pool = await server.pool()
    const fleet = await pool.standInFleet()
    const holder = await pool.standInEngine('a')
    await vacantLease(pool)
    await acquire(pool, 'a')
    await pool.sleep('59 seconds')
    expect((await pool.leaseView()).holder).toMatchObject({ engineId: 'a', phase: 'granted' })
    await pool.sleep('2 seconds')
    await eventually(async () => (await pool.leaseView()).holder?.phase !== 'granted')
    expect(await confirm(pool, 'a', 1)).toMatchObject({ kind: 'refused', type: 'StaleEpoch' })
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length > 0)
    expect(await toldTo(holder, 'leaseRevoked')).toEqual([{ epoch: 1, reason: 'not-confirmed' }])
    await pool.sleep('6 seconds')
    await eventually(async () => (await pool.leaseView()).holder === null)
    expect(pool.asked.fence).toHaveLength(1)
    await eventually(async () => (await toldTo<{ epoch: number }>(fleet, 'leaseVacant')).some(({ epoch }) => epoch === 1))
    expect((await pool.leaseView()).log.at(-1)).toMatchObject({ epoch: 1, ended: 'not-confirmed', activeAt: null })
  })
})

describe('forceElection sent by hand', () => {
  type Payloads = { metadata: Record<string, Uint8Array>; data: Uint8Array }[]
  const json = (text: string): Payloads => [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) }]
  const encoded = (encoding: string, text: string): Payloads => [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(text) }]

  /** What reaches the workflow, and the reason that it is to take from it. */
  const inputs: [string, Payloads | null, string][] = [
    ['an object with a reason', json('{"reason":"maintenance"}'), 'maintenance'],
    ['a text', json('"maintenance"'), 'maintenance'],
    ['nothing at all', null, 'forced'],
    ['no payload', [], 'forced'],
    ['null', json('null'), 'forced'],
    ['null as the SDKs send it', encoded('binary/null', ''), 'forced'],
    ['an empty reason', json('{"reason":"  "}'), 'forced'],
    ['a reason that is no text', json('{"reason":{"a":[1]}}'), 'forced'],
    ['a number', json('17'), 'forced'],
    ['a list', json('["maintenance"]'), 'forced'],
    ['two inputs', [...json('{"reason":"maintenance"}'), ...json('1')], 'maintenance'],
    ['bytes', encoded('binary/plain', 'maintenance'), 'forced'],
    ['broken JSON', json('{"reason'), 'forced'],
    ['broken JSON after a good input', [...json('"maintenance"'), ...json('{')], 'maintenance'],
    ['an encoding that nobody knows', encoded('text/rot13', 'znvagranapr'), 'forced'],
    ['a payload without an encoding', [{ metadata: {}, data: Buffer.from('x') }], 'forced'],
    ['a text that is too long', json(JSON.stringify('x'.repeat(100_000))), 'x'.repeat(200)],
  ]

  test('unseats the holder whatever its input is, and never stops the workflow', async () => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await vacantLease(pool)
    let epoch = 0
    for (const [input, payloads, reason] of inputs) {
      expect(await acquire(pool, 'a', true)).toMatchObject({ kind: 'granted', epoch: ++epoch })
      await confirm(pool, 'a', epoch)
      await pool.client.workflowService.signalWorkflowExecution({
        namespace: pool.client.options.namespace,
        workflowExecution: { workflowId: pool.lease.workflowId },
        signalName: 'forceElection',
        ...(payloads === null ? {} : { input: { payloads } }),
      })
      const told = await eventually(async () => (await toldTo(holder, 'leaseRevoked'))[epoch - 1])
      expect(told, input).toEqual({ epoch, reason })
      expect(await ended(pool, epoch, 'a'), input).toMatchObject({ next: { kind: 'denied', reason: 'reserved' } })
    }
    expect(epoch).toBe(inputs.length)
  })

  test('on a vacant lease announces the vacancy again', async () => {
    const pool = await server.pool()
    const fleet = await pool.standInFleet()
    await vacantLease(pool)
    const before = await eventually(async () => (await toldTo(fleet, 'leaseVacant')).length)
    await pool.lease.signal('forceElection', { reason: 'by hand' })
    await eventually(async () => (await toldTo(fleet, 'leaseVacant')).length === before + 1)
  })
})

describe('signals with the wrong content', () => {
  test.each(['portObserved', 'configureLease', 'refresh', 'noSuchSignal'])('%s without input leaves the lease at work', async (name) => {
    const pool = await server.pool()
    await heldLease(pool)
    await pool.lease.signal(name)
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'denied', reason: 'held' })
  })
})

describe('an operator', () => {
  test('names the engine: it alone is granted, until another is named', async () => {
    const pool = await server.pool()
    const holder = await pool.standInEngine('a')
    await heldLease(pool)
    const view = await pool.lease.executeUpdate(messages.designate, { args: [{ engineId: 'b', ...operator('r1') }] })
    expect(view).toMatchObject({ kind: 'lease', lease: { preferred: 'b', holder: { engineId: 'a', phase: 'revoking' } } })
    await eventually(async () => (await toldTo(holder, 'leaseRevoked')).length === 1)
    expect(await ended(pool, 1, 'a')).toMatchObject({ next: { kind: 'denied', reason: 'reserved' } })
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'granted', epoch: 2 })
  })

  test('asks for an election twice with the same request id and unseats one holder, also over continue-as-new', async () => {
    const pool = await server.pool()
    await heldLease(pool)
    const elect = async () => {
      await pool.lease.executeUpdate(messages.elect, { args: [{ candidate: null, ...operator('r1') }] })
      return pool.leaseView()
    }
    expect((await elect()).holder).toMatchObject({ epoch: 1, phase: 'revoking' })
    await ended(pool, 1, 'b')
    await confirm(pool, 'b', 2)
    expect((await elect()).holder).toMatchObject({ epoch: 2, phase: 'active' })
    await refreshed(pool.lease)
    expect((await elect()).holder).toMatchObject({ epoch: 2, phase: 'active' })
  })
})

describe('with other workflows missing', () => {
  test('the lease lives on without its holder’s workflow and without the fleet’s', async () => {
    const pool = await server.pool()
    await pool.startLease()
    await observe(pool, PORT)
    await eventually(async () => (await acquire(pool, 'a')).kind === 'granted')
    await confirm(pool, 'a', 1)
    await pool.lease.signal(messages.forceElection)
    await eventually(async () => (await pool.leaseView()).holder?.phase === 'revoking')
    await pool.sleep('6 seconds')
    await eventually(async () => (await pool.leaseView()).holder === null)
    await eventCount(pool.lease)
    expect((await pool.lease.describe()).status.name).toBe('RUNNING')
    expect(await acquire(pool, 'b')).toMatchObject({ kind: 'granted', epoch: 2 })
    expect(await confirm(pool, 'b', 2)).toEqual({ kind: 'confirmed', epoch: 2 })
  })
})

describe('continue-as-new', () => {
  const phases: Record<string, (pool: Pool) => Promise<unknown>> = {
    vacant: vacantLease,
    granted: async (pool) => {
      await vacantLease(pool)
      await acquire(pool, 'a')
    },
    active: heldLease,
    revoking: async (pool) => {
      await heldLease(pool)
      await revoke(pool, 1, 'a')
    },
    excluding: async (pool) => {
      await heldLease(pool)
      await pool.lease.executeUpdate(messages.elect, { args: [{ candidate: null, ...operator('r1') }] })
      await ended(pool, 1)
    },
    disabled: async (pool) => {
      await heldLease(pool)
      await pool.lease.signal(messages.configureLease, { enabled: false })
      await eventually(async () => !(await pool.leaseView()).enabled)
    },
  }

  test.each(Object.keys(phases))('of a lease that is %s loses nothing', async (phase) => {
    const pool = await server.pool()
    await phases[phase]?.(pool)
    const before = await pool.leaseView()
    await refreshed(pool.lease)
    expect(await pool.leaseView()).toEqual(before)
    expect(pool.asked.survey).toHaveLength(1)
  })

  test('keeps the deadline of an unconfirmed grant and of a silent holder', async () => {
    const pool = await server.pool()
    await vacantLease(pool)
    await acquire(pool, 'a')
    await refreshed(pool.lease)
    await pool.sleep('61 seconds')
    await eventually(async () => (await pool.leaseView()).holder?.phase === 'revoking')
    await refreshed(pool.lease)
    await pool.sleep('6 seconds')
    await eventually(async () => (await pool.leaseView()).holder === null)
    expect(pool.asked.fence).toEqual([{ pool: pool.name, index: 0, epoch: 1 }])
  })

  test('asked for while the lease is recovering happens once it has surveyed', async () => {
    const listing = new Gate()
    const survivor: SurveyedContainer = { containerId: 'c', engineId: 'a', epoch: 3, p2pPort: PORT, running: true }
    const pool = await server.pool({ survey: async () => listing.pass().then(() => surveyOf([survivor])) })
    await pool.startLease()
    const first = await runOf(pool.lease)
    await pool.lease.signal(messages.refresh)
    await eventually(() => listing.waiting === 1)
    expect(await runOf(pool.lease)).toBe(first)
    listing.open()
    await eventually(async () => (await runOf(pool.lease)) !== first)
    expect(await pool.leaseView()).toMatchObject({ epoch: 3, recovering: false, holder: { engineId: 'a', phase: 'active' } })
    expect(pool.asked.survey).toHaveLength(1)
  })

  test('under a stream of refreshes loses no turnover', async () => {
    const pool = await server.pool()
    await heldLease(pool)
    const first = await runOf(pool.lease)
    for (let epoch = 1; epoch <= 8; epoch++) {
      const [, next] = await Promise.all([
        pool.lease.signal(messages.refresh),
        revoke(pool, epoch, 'a').then(() => ended(pool, epoch, 'a')),
      ])
      expect(next).toMatchObject({ kind: 'ended', next: { kind: 'granted', epoch: epoch + 1 } })
      expect(await confirm(pool, 'a', epoch + 1)).toEqual({ kind: 'confirmed', epoch: epoch + 1 })
    }
    expect((await pool.leaseView()).log.map(({ epoch, ended: why }) => [epoch, why])).toEqual([
      ...Array.from({ length: 8 }, (_, n) => [n + 1, 'died']),
      [9, null],
    ])
    expect(await runOf(pool.lease)).not.toBe(first)
  })
})

describe('the history', () => {
  test.each(['vacant', 'held'])('of a lease that is %s does not grow over seven days', async (phase) => {
    const pool = await server.pool()
    await (phase === 'held' ? heldLease : vacantLease)(pool)
    const before = await eventCount(pool.lease)
    await pool.sleep('7 days')
    expect(await eventCount(pool.lease)).toBe(before)
  })

  test('grows by at most 25 events in a turnover', async () => {
    const pool = await server.pool()
    await heldLease(pool)
    const before = await eventCount(pool.lease)
    for (let epoch = 1; epoch <= 5; epoch++) {
      await revoke(pool, epoch, 'a')
      await ended(pool, epoch, 'a')
      await confirm(pool, 'a', epoch + 1)
    }
    const perTurnover = ((await eventCount(pool.lease)) - before) / 5
    expect(perTurnover).toBe(19)
    expect(await waitsOf(pool.lease)).toEqual([])
  })

  test('grows by at most 35 events in an election by hand that another engine wins', async () => {
    const pool = await server.pool()
    await pool.standInEngine('a')
    await heldLease(pool)
    const before = await eventCount(pool.lease)
    await pool.lease.signal('forceElection', { reason: 'by hand' })
    await eventually(async () => (await pool.leaseView()).holder?.phase === 'revoking')
    await eventCount(pool.lease)
    await revoke(pool, 1, 'a')
    await ended(pool, 1)
    await eventCount(pool.lease)
    await acquire(pool, 'b', true)
    await confirm(pool, 'b', 2)
    const grown = (await eventCount(pool.lease)) - before
    expect(grown).toBeLessThanOrEqual(35)
    await keepHistory(pool.lease, 'forwarded-lease-elected')
  })
})
