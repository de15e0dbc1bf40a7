/**
 * @module
 * The addresses that `berth up` listens on.
 */
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/environment.js'
import { StartError } from './start-error.js'

/** Temporal's web UI listens this far above the gRPC port. */
export const UI_PORT_OFFSET = 1000

/** How long an address may be in use before it counts as somebody else's. Milliseconds. */
const LET_GO_MS = 2_000

/** Every address that is about to be used, with the variable that changes it. */
export async function requireFreePorts(config: Config): Promise<void> {
  const wanted = [{ host: config.http.host, port: config.http.port, variable: 'APP_PORT', what: 'the API' }]
  if (!config.temporal.external) {
    const { port } = config.temporal
    wanted.push({ host: '127.0.0.1', port, variable: 'TEMPORAL_PORT', what: 'Temporal' })
    wanted.push({
      host: '127.0.0.1',
      port: port + UI_PORT_OFFSET,
      variable: 'TEMPORAL_PORT',
      what: 'Temporal’s web UI (1000 above TEMPORAL_PORT)',
    })
  }
  const taken: string[] = []
  for (const { host, port, variable, what } of wanted) {
    const failure = await bindWithin(host, port, LET_GO_MS)
    if (failure !== null) taken.push(`  ${host}:${port} for ${what}: ${failure}; set ${variable} to another port`)
  }
  if (taken.length > 0) throw new StartError(`Berth cannot listen:\n${taken.join('\n')}`)
}

/** A part of a run that was just killed lets go of its port in a moment. */
async function bindWithin(host: string, port: number, withinMs: number): Promise<string | null> {
  const deadline = Date.now() + withinMs
  while (true) {
    const failure = await bind(host, port)
    if (failure === null || Date.now() > deadline) return failure
    await delay(100)
  }
}

/** `null` when the address is free, else why not. */
export async function bind(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'in use by another process' : error.message),
    )
    probe.listen(port, host, () => probe.close(() => resolve(null)))
  })
}

/** Any free port of loopback. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port'))))
    })
  })
}

/** A listening address as a client on this machine writes it. */
export function shown(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}
