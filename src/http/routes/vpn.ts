/**
 * @module
 * `GET /vpn/status`.
 */
import type { Handler } from 'hono'
import type { VpnStatus } from '../../contracts/vpn.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import type { Dependencies } from '../dependencies.js'
import { presentVpnStatus } from '../present.js'

/** What is known of the VPN, or that there is none. */
export function vpnStatus({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<VpnStatus>(c, 200, presentVpnStatus(snapshot), staleHeaders(snapshot, now()))
  }
}
