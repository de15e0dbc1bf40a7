/**
 * @module
 * The fleet and the whole, for panels and dashboards.
 */
import type { Handler } from 'hono'
import { type Fleet, FleetChange } from '../../contracts/fleet.js'
import type { Settings } from '../../contracts/settings.js'
import type { Summary } from '../../contracts/summary.js'
import type { Vpn } from '../../contracts/vpn.js'
import { settingsOf } from '../../config/settings.js'
import { VERSION } from '../../version.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import { changeId, readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentVpn } from '../present.js'
import { presentFleet, presentSummary } from '../present-fleet.js'

/** `GET /api/v1/summary`. */
export function showSummary({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<Summary>(c, 200, presentSummary(snapshot, VERSION, now()), staleHeaders(snapshot, now()))
  }
}

/** `GET /api/v1/fleet`. */
export function showFleet({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<Fleet>(c, 200, presentFleet(snapshot), staleHeaders(snapshot, now()))
  }
}

/** `PATCH /api/v1/fleet`: the answer has the number that will be kept. */
export function changeFleet({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { wanted } = await readBody(c, FleetChange)
    const kept = await controlPlane.scale(wanted, changeId(c))
    const snapshot = await controlPlane.snapshot(0)
    return answer<Fleet>(c, 200, { ...presentFleet(snapshot), wanted: kept }, staleHeaders(snapshot, now()))
  }
}

/** `GET /api/v1/vpn`. */
export function showVpn({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<Vpn>(c, 200, presentVpn(snapshot), staleHeaders(snapshot, now()))
  }
}

/** `GET /api/v1/settings`: of this process; a worker elsewhere may have others. */
export function showSettings({ environment }: Dependencies): Handler<AppEnv> {
  return (c) => answer<Settings>(c, 200, settingsOf(environment))
}
