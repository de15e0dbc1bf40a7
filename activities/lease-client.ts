/**
 * @module
 * The lease as activities speak to it: short updates with a deadline, few at once.
 */
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { limit } from '../src/domain/limit.js'
import type { LeaseAnswer } from '../src/domain/lease-state.js'
import type { LeaseView } from '../src/domain/views.js'
import { leaseWorkflowId } from '../src/temporal/names.js'
import { acquire, confirm, conflictObserved, ended, leaseQuery, revoke, UNCHANGED } from '../workflows/messages.js'

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
  const answered = (update: () => Promise<LeaseAnswer>): Promise<LeaseAnswer> => ask(() => update().catch(answerOf))
  const unlessUnchanged = true
  return {
    acquire: (request) => answered(() => handle.executeUpdate(acquire, { args: [{ ...request, unlessUnchanged }] })),
    confirm: (request) => answered(() => handle.executeUpdate(confirm, { args: [{ ...request, unlessUnchanged }] })),
    revoke: (request) => answered(() => handle.executeUpdate(revoke, { args: [{ ...request, unlessUnchanged }] })),
    ended: (request) => answered(() => handle.executeUpdate(ended, { args: [{ ...request, unlessUnchanged }] })),
    conflict: (text) => ask(() => handle.signal(conflictObserved, { conflict: text })),
    view: () => ask(() => handle.query(leaseQuery)),
  }
}

/** What a lease answered that stays as it is. */
function answerOf(error: unknown): LeaseAnswer {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : null
  if (cause instanceof ApplicationFailure && cause.type === UNCHANGED) return cause.details?.[0] as LeaseAnswer
  throw error
}
