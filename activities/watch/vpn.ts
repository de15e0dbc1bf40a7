/**
 * @module
 * What the VPN forwards, damped.
 */
import type { VpnReading } from '../../src/gluetun/client.js'
import type { VpnContainer } from '../../src/docker/runtime.js'
import { forwardedOne } from '../../src/domain/ports.js'
import type { VpnView } from '../../src/domain/views.js'

/**
 * Turns readings of the port into what the lease is told.
 *
 * 1. A port is believed at once.
 * 2. "None" is believed only when it lasted `graceMs`: Gluetun shows 0 for a moment at each renewal.
 * 3. What could not be read changes nothing.
 * 4. Of several it is the one that counts (`forwardedOne`).
 */
export class PortDamper {
  #noneSince: number | null = null
  readonly #graceMs: number

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** The port to be told, `undefined` when there is nothing to tell. `known` is what the lease believes. */
  next(ports: readonly number[] | null, known: number | null, now: number): number | null | undefined {
    if (ports === null) return undefined
    if (ports.length > 0) {
      this.#noneSince = null
      const port = forwardedOne(ports, known)
      return port === known ? undefined : port
    }
    this.#noneSince ??= now
    if (known === null || now - this.#noneSince < this.#graceMs) return undefined
    return null
  }
}

/** Everything that is known of the VPN, from its container and its control server. */
export function vpnViewOf(name: string, container: VpnContainer | null, reading: VpnReading | null): VpnView {
  const running = container?.running ?? false
  const asked = running ? reading : null
  const missing = {
    code: 'vpn-missing',
    detail: `There is no container ${name}: start Gluetun, or set GLUETUN_CONTAINER_NAME to its name.`,
  }
  const stopped = { code: 'vpn-stopped', detail: `Container ${name} does not run; engines keep waiting for it.` }
  return {
    enabled: true,
    containerName: name,
    containerRunning: running,
    containerHealth: container?.health ?? 'none',
    status: asked?.status ?? 'unknown',
    connected: running && asked?.status === 'running' && asked.publicIp !== null,
    forwardedPorts: asked?.ports ?? [],
    publicIp: asked?.publicIp ?? null,
    country: asked?.country ?? null,
    region: asked?.region ?? null,
    city: asked?.city ?? null,
    provider: container?.provider ?? null,
    problem: container === null ? missing : running ? (asked?.problem ?? null) : stopped,
  }
}
