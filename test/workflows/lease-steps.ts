/** What tests do with the lease of a pool. */
import type { LeaseAnswer, SurveyedContainer } from '../../src/domain/lease-state.js'
import * as messages from '../../workflows/messages.js'
import { eventually, type Pool } from '../support/temporal.js'

export const PORT = 51_413

export const observe = (pool: Pool, port: number | null, sequence = 1): Promise<void> =>
  pool.lease.signal(messages.portObserved, { port, generation: { session: 1, sequence } })
export const acquire = (pool: Pool, engineId: string, nominated = false): Promise<LeaseAnswer> =>
  pool.lease.executeUpdate(messages.acquire, { args: [{ engineId, nominated }] })
export const confirm = (pool: Pool, engineId: string, epoch: number, containerId = `container-${epoch}`): Promise<LeaseAnswer> =>
  pool.lease.executeUpdate(messages.confirm, { args: [{ engineId, epoch, containerId }] })
export const revoke = (pool: Pool, epoch: number, by: string | null): Promise<LeaseAnswer> =>
  pool.lease.executeUpdate(messages.revoke, { args: [{ epoch, reason: 'died', by }] })
export const ended = (pool: Pool, epoch: number, asking: string | null = null): Promise<LeaseAnswer> =>
  pool.lease.executeUpdate(messages.ended, { args: [{ epoch, request: asking === null ? null : { engineId: asking, nominated: false } }] })

/** A lease that has surveyed and knows the port; the fleet is a stand-in. */
export async function vacantLease(pool: Pool): Promise<void> {
  await pool.standInFleet()
  await pool.startLease()
  await observe(pool, PORT)
  await eventually(async () => !(await pool.leaseView()).recovering)
}

export const surveyOf = (survey: SurveyedContainer[]) => ({ survey, port: null, conflict: null })

export const operator = (requestId: string, epoch: number | null = null) => ({ reason: 'slow', requestId, epoch, force: false })

/** The same, held by engine `a` in phase `active`, epoch 1. */
export async function heldLease(pool: Pool): Promise<void> {
  await vacantLease(pool)
  await acquire(pool, 'a')
  await confirm(pool, 'a', 1)
}
