/**
 * @module
 * Asks an engine how it is connected to its peers.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { z } from 'zod'
import type { EngineCheck } from '../../src/domain/views.js'
import type { ProbeTarget } from './health.js'

const connectionReply = z.object({ result: z.object({ connected: z.boolean() }) })

/**
 * `GET /server/api?api_version=3&method=get_network_connection_status` says whether the engine is connected to the Internet, nothing of its P2P port; so a TCP
 * connection is made to that, from where Berth is: whether peers reach it through the VPN is not known by that.
 *
 * Never rejects. Ends within `timeoutMs`.
 */
export async function probeP2p(
  { address, port, p2pPort }: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Omit<EngineCheck, 'at'>> {
  const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
  const [connected, listening] = await Promise.all([
    isConnected(`http://${address}:${port}`, within),
    p2pPort === null ? null : takesConnections(address, p2pPort, within),
  ])
  return { connected, listening }
}

async function isConnected(origin: string, signal: AbortSignal): Promise<boolean | null> {
  try {
    const response = await fetch(`${origin}/server/api?api_version=3&method=get_network_connection_status`, { signal, redirect: 'error' })
    const parsed = connectionReply.safeParse(await response.json())
    return parsed.success ? parsed.data.result.connected : null
  } catch {
    return null
  }
}

/** Refused is an answer; none at all is not: whatever is between may have dropped it. */
async function takesConnections(host: string, port: number, signal: AbortSignal): Promise<boolean | null> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal })
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? false : null
  } finally {
    socket.on('error', () => undefined).destroy()
  }
}
