/**
 * @module
 * Berth's own health.
 */
import type { Handler } from 'hono'
import type { Alive, Ready } from '../../contracts/health.js'
import type { PartStatus } from '../../temporal/control-plane.js'
import { type AppEnv, answer } from '../answer.js'
import type { Dependencies } from '../dependencies.js'
import { presentReadiness } from '../present.js'
import { presentable } from '../problem.js'

/** `GET /healthz`: this process answers; it asks nobody. */
export function healthz(): Handler<AppEnv> {
  return (c) => answer<Alive>(c, 200, { status: 'ok' })
}

/**
 * `GET /readyz`: 200 when every part is fine, else 503 with the name of each that is not. Open, as whatever watches over processes has no key;
 * where reads need one, what is wrong is told to those who have it.
 */
export function readyz({ controlPlane, gate }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const toldAll = !gate.readKeyRequired || (await gate.callerOf(c)) !== null
    const parts = await partsOf(controlPlane)
    const ready = presentReadiness(toldAll ? parts : parts.map(({ part, ok }) => ({ part, ok, detail: null })))
    return answer<Ready>(c, ready.status === 'ready' ? 200 : 503, ready)
  }
}

/** `GET /api/v1/readiness`: the same for those who look, always 200: that a part is missing is no failure of the request. */
export function showReadiness({ controlPlane }: Dependencies): Handler<AppEnv> {
  return async (c) => answer<Ready>(c, 200, presentReadiness(await partsOf(controlPlane)))
}

async function partsOf(controlPlane: Dependencies['controlPlane']): Promise<PartStatus[]> {
  return controlPlane.readiness().catch((thrown: unknown) => {
    const error = presentable(thrown)
    if (error.type === 'internal') throw thrown
    return [{ part: 'temporal', ok: false, detail: error.message }]
  })
}
