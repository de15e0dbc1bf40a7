/**
 * @module
 * Changing how many engines there are, and which.
 */
import type { Handler } from 'hono'
import { type Deleted, Demand, type Scaled } from '../../contracts/engines.js'
import { BerthError } from '../../domain/errors.js'
import { type AppEnv, answer } from '../answer.js'
import { changeId, readParameter } from '../body.js'
import type { Dependencies } from '../dependencies.js'

/** `DELETE /containers/{id}`: answers when the container is gone. Containers that are not ours are as unknown as those that do not exist. */
export function deleteContainer({ controlPlane }: Dependencies): Handler<AppEnv, '/containers/:id'> {
  return async (c) => {
    const id = c.req.param('id')
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(id))
      throw new BerthError('not-found', `there is no engine ${JSON.stringify(id)}: GET /engines lists them`)
    await controlPlane.remove(id, changeId(c))
    return answer<Deleted>(c, 200, { deleted: id })
  }
}

/** `POST /scale/{demand}`: answers the number that will be kept. */
export function scale({ controlPlane }: Dependencies): Handler<AppEnv, '/scale/:demand'> {
  return async (c) => {
    const demand = readParameter(c, 'demand', Demand)
    return answer<Scaled>(c, 200, { scaled_to: await controlPlane.scale(demand, changeId(c)) })
  }
}
