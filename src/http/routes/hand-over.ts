/**
 * @module
 * Asking for the forwarded port to be handed over. Each answers the lease as it is once the request was taken; the hand-over goes on.
 */
import type { Handler } from 'hono'
import type { z } from 'zod'
import { DesignateBody, ElectBody, type Lease, RotateBody } from '../../contracts/lease.js'
import type { LeaseView } from '../../domain/views.js'
import type { HandOverRequest } from '../../temporal/control-plane.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import { changeId, readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { epochTag, expectedEpoch } from '../precondition.js'
import { presentLease } from '../present-lease.js'

/** `POST /lease/elect`: another engine, the `candidate` when one is named. */
export function electHolder(given: Dependencies): Handler<AppEnv> {
  return handOver(given, ElectBody, ({ candidate }, request) => given.controlPlane.elect({ ...request, candidate }))
}

/** `POST /lease/designate`: this engine from now on; `null` undoes it. */
export function designateHolder(given: Dependencies): Handler<AppEnv> {
  return handOver(given, DesignateBody, ({ engine }, request) => given.controlPlane.designate({ ...request, engine }))
}

/** `POST /lease/rotate`: another engine as soon as the holder plays nothing. */
export function rotateHolder(given: Dependencies): Handler<AppEnv> {
  return handOver(given, RotateBody, (_, request) => given.controlPlane.rotate(request))
}

type HandOverBody = Pick<HandOverRequest, 'reason' | 'force'>

/** The lease is read before as well: what was taken must not be answered with a failure because it cannot be shown. */
function handOver<T extends z.ZodType<HandOverBody>>(
  { controlPlane, now }: Dependencies,
  contract: T,
  ask: (body: z.output<T>, request: HandOverRequest) => Promise<LeaseView>,
): Handler<AppEnv> {
  return async (c) => {
    const body = await readBody(c, contract)
    const requestId = changeId(c)
    const epoch = await expectedEpoch(c, controlPlane)
    await controlPlane.snapshot()
    const lease = await ask(body, { requestId, reason: body.reason, force: body.force, epoch })
    const snapshot = await controlPlane.snapshot(0)
    return answer<Lease>(c, 202, presentLease(lease, snapshot.fleet), { ...epochTag(lease), ...staleHeaders(snapshot, now()) })
  }
}
