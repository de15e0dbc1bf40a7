/**
 * @module
 * Changing how many engines there are, and which.
 */
import type { Handler } from 'hono'
import { type Deleted, Demand, type Scaled } from '../../contracts/engines.js'
import { BerthError } from '../../domain/errors.js'
import type { ControlPlane } from '../../temporal/control-plane.js'
import { type AppEnv, answer } from '../answer.js'
import { changeId, readParameter } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { findEngine } from '../present.js'

/** `DELETE /containers/{id}`: answers when the container is gone. Containers that are not ours are as unknown as those that do not exist. */
export function deleteContainer({ controlPlane }: Dependencies): Handler<AppEnv, '/containers/:id'> {
  return async (c) => {
    const id = c.req.param('id')
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(id))
      throw new BerthError('not-found', `there is no engine ${JSON.stringify(id)}: GET /engines lists them`)
    await controlPlane.remove(await wholeId(controlPlane, id), changeId(c))
    return answer<Deleted>(c, 200, { deleted: id })
  }
}

/** A shortened container id in full. Every other id goes on as it is: the control plane knows newer engines than the snapshot does. */
async function wholeId(controlPlane: ControlPlane, id: string): Promise<string> {
  if (!/^[0-9a-f]{12,63}$/.test(id)) return id
  const { engines } = (await controlPlane.snapshot()).fleet
  const engine = findEngine(engines, id)
  return engine?.containerId?.startsWith(id) ? engine.containerId : id
}

/** `POST /scale/{demand}`: answers the number that will be kept. */
export function scale({ controlPlane }: Dependencies): Handler<AppEnv, '/scale/:demand'> {
  return async (c) => {
    const demand = readParameter(c, 'demand', Demand)
    return answer<Scaled>(c, 200, { scaled_to: await controlPlane.scale(demand, changeId(c)) })
  }
}
