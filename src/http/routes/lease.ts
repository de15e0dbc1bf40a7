/**
 * @module
 * Reading who holds the forwarded port, and who held it before.
 */
import type { Handler } from 'hono'
import { HistoryQuery, type Lease, type LeaseHistory } from '../../contracts/lease.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import { readQuery } from '../body.js'
import { readCursor } from '../cursor.js'
import type { Dependencies } from '../dependencies.js'
import { epochTag } from '../precondition.js'
import { presentHistory, presentLease } from '../present-lease.js'

/** `GET /lease`: its `ETag` goes into `If-Match` of whoever wants to hand over only what it has seen. */
export function showLease({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    const { lease, fleet } = snapshot
    return answer<Lease>(c, 200, presentLease(lease, fleet), { ...epochTag(lease), ...staleHeaders(snapshot, now()) })
  }
}

/** `GET /lease/history`: pages of the turnovers that are kept, the newest first. What is granted between two pages moves none of them. */
export function leaseHistory({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { limit, cursor } = readQuery(c, HistoryQuery)
    const before = cursor === null ? null : readCursor(cursor)
    const snapshot = await controlPlane.snapshot()
    return answer<LeaseHistory>(c, 200, presentHistory(snapshot.lease, limit, before), staleHeaders(snapshot, now()))
  }
}
