/**
 * @module
 * Follows what the VPN forwards and how it does.
 */
import type { Logger } from 'pino'
import type { LeaseView, VpnView } from '../../src/domain/views.js'
import type { GluetunClient, VpnReading } from '../../src/gluetun/client.js'
import type { VpnLocator } from '../vpn-locator.js'
import type { PoolFacts } from './facts.js'
import { every } from './loop.js'
import { PortDamper, vpnViewOf } from './vpn.js'

export interface VpnWatchOptions {
  vpn: VpnLocator
  /** `null` without a VPN. */
  gluetun: GluetunClient | null
  facts: PoolFacts
  logger: Logger
  portLossGraceMs: number
}

/** The port is asked for each second, all else less often. Milliseconds. */
const PORT_EVERY_MS = 1_000
const VPN_EVERY_MS = 5_000
/** Docker's word on the container is kept fresh by the full lists. */
const CONTAINER_AGE_MS = 20_000

/**
 * 1. A changed port is told within a second or two; a port that goes for less than the grace time is not told as lost.
 * 2. What could not be read changes nothing.
 * 3. Only changes are told; what a workflow does not believe is told again after `believes` or `tell` said so.
 */
export class VpnWatch {
  readonly #options: VpnWatchOptions
  readonly #damper: PortDamper
  #reading: VpnReading | null = null
  #readAllAt = Number.NEGATIVE_INFINITY
  #toldView: string | null = null
  #knownPort: number | null = null
  #generation = { session: 0, sequence: 0 }

  constructor(options: VpnWatchOptions) {
    this.#options = options
    this.#damper = new PortDamper(options.portLossGraceMs)
  }

  /** Observations from now on are newer than all that the lease has heard. */
  begin(lease: Pick<LeaseView, 'port' | 'portGeneration'>): void {
    this.#generation = { session: lease.portGeneration.session + 1, sequence: 0 }
    this.#knownPort = lease.port
  }

  /** The port that the lease goes by now. */
  believes(port: number | null): void {
    this.#knownPort = port
  }

  async run(signal: AbortSignal): Promise<void> {
    const { gluetun, logger } = this.#options
    if (gluetun === null) return
    await every(PORT_EVERY_MS, signal, async () => {
      try {
        await this.#look(gluetun, signal)
      } catch (error) {
        if (!signal.aborted) logger.warn({ code: 'WATCH-05', error: String(error) }, 'asking Gluetun failed; tried again')
      }
    })
  }

  /** Tells the fleet when the view differs from the last one told, or from `known`, which the fleet goes by. */
  async tell(known: VpnView | null): Promise<void> {
    const { vpn, facts } = this.#options
    if (vpn.name === null || (this.#reading === null && (vpn.last()?.running ?? false))) return
    if (known !== null) this.#toldView = JSON.stringify(known)
    const view = vpnViewOf(vpn.name, vpn.last(), this.#reading)
    const text = JSON.stringify(view)
    if (text === this.#toldView) return
    await facts.vpnChanged(view)
    this.#toldView = text
  }

  /** Engines that share Gluetun's network can be reached only while it runs and its control server answers at all. */
  isNetworkUp(): boolean {
    const { vpn, gluetun } = this.#options
    if (vpn.name === null || gluetun === null) return true
    return (vpn.last()?.running ?? false) && this.#reading?.problem?.code !== 'gluetun-unreachable'
  }

  async #look(gluetun: GluetunClient, signal: AbortSignal): Promise<void> {
    const { vpn, facts } = this.#options
    // While Docker cannot be asked, which the full list tells of, the last word on the container holds.
    const container = await vpn.find(CONTAINER_AGE_MS).catch(() => vpn.last())
    if (container?.running) await this.#read(gluetun, signal)
    const stopped = container === null ? null : []
    const ports = container?.running ? (this.#reading?.ports ?? null) : stopped
    const port = this.#damper.next(ports, this.#knownPort, performance.now())
    if (port !== undefined) {
      this.#generation = { ...this.#generation, sequence: this.#generation.sequence + 1 }
      await facts.portObserved(port, this.#generation)
      this.#knownPort = port
    }
    await this.tell(null)
  }

  async #read(gluetun: GluetunClient, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    if (now - this.#readAllAt >= VPN_EVERY_MS) {
      this.#reading = await gluetun.read(signal)
      this.#readAllAt = now
      return
    }
    const { ports, problem } = await gluetun.readPorts(signal)
    const moved = JSON.stringify(ports) !== JSON.stringify(this.#reading?.ports ?? null)
    if (moved) this.#readAllAt = Number.NEGATIVE_INFINITY
    if (this.#reading && ports !== null) this.#reading = { ...this.#reading, ports, problem }
  }
}
