/**
 * @module
 * The lease as activities speak to it: short updates with a deadline, few at once.
 */
import type { Client } from '@temporalio/client'
import { limit } from '../src/domain/limit.js'
import type { LeaseAnswer } from '../src/domain/lease-state.js'
import type { LeaseView } from '../src/domain/views.js'
import { leaseWorkflowId } from '../src/temporal/names.js'
import { acquire, confirm, conflictObserved, ended, leaseQuery, revoke } from '../workflows/messages.js'

/** One update of one lease. Every call may be repeated: the lease answers the same question the same way. */
export interface LeaseClient {
  acquire(request: { engineId: string; nominated: boolean }): Promise<LeaseAnswer>
  confirm(request: { engineId: string; epoch: number; containerId: string }): Promise<LeaseAnswer>
  revoke(request: { epoch: number; reason: string; by: string | null }): Promise<LeaseAnswer>
  ended(request: { epoch: number; request: { engineId: string; nominated: boolean } | null }): Promise<LeaseAnswer>
  /** Another Berth holds the port on this Docker daemon. */
  conflict(text: string): Promise<void>
  view(): Promise<LeaseView>
}

/** Milliseconds before an update is given up; the activity is retried and asks again. */
const DEADLINE_MS = 10_000

/**
 * Speaks to one lease. At most `concurrency` updates of this process are under way at once: more than ten on one workflow stall it for seconds.
 */
export function createLeaseClient(client: Client, pool: string, index: number, concurrency = 4): LeaseClient {
  const handle = client.workflow.getHandle(leaseWorkflowId(pool, index))
  const limited = limit(concurrency)
  const ask = <T>(call: () => Promise<T>): Promise<T> => limited(() => client.withDeadline(Date.now() + DEADLINE_MS, call))
  return {
    acquire: (request) => ask(() => handle.executeUpdate(acquire, { args: [request] })),
    confirm: (request) => ask(() => handle.executeUpdate(confirm, { args: [request] })),
    revoke: (request) => ask(() => handle.executeUpdate(revoke, { args: [request] })),
    ended: (request) => ask(() => handle.executeUpdate(ended, { args: [request] })),
    conflict: (text) => ask(() => handle.signal(conflictObserved, { conflict: text })),
    view: () => ask(() => handle.query(leaseQuery)),
  }
}
