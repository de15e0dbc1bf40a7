/**
 * @module
 * Asks an engine how it is connected to its peers.
 */
import { z } from 'zod'
import type { EngineCheck } from '../../src/domain/views.js'
import { takesConnections } from '../connect.js'
import type { ProbeTarget } from './health.js'
import { askServerApi } from './server-api.js'

const connectionReply = z.object({ result: z.object({ connected: z.boolean() }) })

/**
 * `get_network_connection_status` says whether the engine is connected to the Internet, nothing of its P2P port; so a TCP
 * connection is made to that, from where Berth is: whether peers reach it through the VPN is not known by that.
 *
 * Never rejects. Ends within `timeoutMs`.
 */
export async function probeP2p(target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<Omit<EngineCheck, 'at'>> {
  const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
  const [connected, listening] = await Promise.all([
    isConnected(target, within),
    target.p2pPort === null ? null : takesConnections(target.address, target.p2pPort, within),
  ])
  return { connected, listening }
}

async function isConnected(target: ProbeTarget, signal: AbortSignal): Promise<boolean | null> {
  try {
    const parsed = connectionReply.safeParse(await askServerApi(target, 'get_network_connection_status', signal))
    return parsed.success ? parsed.data.result.connected : null
  } catch {
    return null
  }
}
