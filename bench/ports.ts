/**
 * @module
 * Local ports that nobody uses.
 */
import { createServer } from 'node:net'

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const port = await listenOnce(0)
  if (port === null) throw new Error('no free port')
  return port
}

/** A port whose neighbour 1000 above is free too: Temporal's, with its web UI. */
export async function freePortPair(): Promise<number> {
  while (true) {
    const port = await freePort()
    if (port <= 64_000 && (await listenOnce(port + 1000)) !== null) return port
  }
}

async function listenOnce(wanted: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : null))
    })
  })
}
