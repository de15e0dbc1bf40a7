/**
 * @module
 * Who holds the forwarded port, and asking for another election.
 */
import type { Handler } from 'hono'
import { ElectBody, type Lease } from '../../contracts/lease.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import { changeId, readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentLease } from '../present.js'

/** `GET /lease`. */
export function showLease({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<Lease>(c, 200, presentLease(snapshot.lease), staleHeaders(snapshot, now()))
  }
}

/** `POST /lease/elect`: answers the lease as it is once the request was taken; the election goes on. */
export function electHolder({ controlPlane }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { reason } = await readBody(c, ElectBody)
    return answer<Lease>(c, 202, presentLease(await controlPlane.elect(reason, changeId(c))))
  }
}
