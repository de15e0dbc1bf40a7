/**
 * @module
 * Whether somebody takes TCP connections at an address.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * Makes a connection and closes it: `true` when it is taken, `false` when it is refused. `null` for no answer until `signal` aborts and for any other failure:
 * whatever is between may have dropped it. Never rejects.
 */
export async function takesConnections(host: string, port: number, signal: AbortSignal): Promise<boolean | null> {
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
