/**
 * @module
 * Gluetun as the campaign plays it: its container, what its control server tells, and which port it forwarded when.
 */
import type { StandInFault } from '../src/simulator/gluetun-stand-in.js'
import { now } from './clock.js'

/** What a world can do to Gluetun; ports are told to it by `Gluetun`. */
export interface GluetunParts {
  /** The container's id. */
  id(): Promise<string>
  /** What the control server tells from now on; `null`: none. */
  tellPort(port: number | null): Promise<void>
  tellVpn(state: 'up' | 'down'): Promise<void>
  setFault(fault: StandInFault | null): Promise<void>
  /** SIGKILL of the container. */
  kill(): Promise<void>
  /** Starts the stopped container with this port. */
  start(port: number): Promise<void>
  /** Removes the container and makes one of the same name. */
  recreate(port: number): Promise<void>
}

/** The one Gluetun of a world. */
export class Gluetun {
  readonly #history: { at: number; port: number | null }[]
  #next: number

  constructor(
    readonly parts: GluetunParts,
    firstPort: number,
  ) {
    this.#history = [{ at: now(), port: firstPort }]
    this.#next = firstPort + 100
  }

  /** A port that was never forwarded before. */
  freshPort(): number {
    this.#next += 1
    return this.#next
  }

  /** The port now, `null` for none. */
  get port(): number | null {
    return this.#history.at(-1)?.port ?? null
  }

  /** When the present port began. */
  get since(): number {
    return this.#history.at(-1)?.at ?? 0
  }

  async setPort(port: number | null): Promise<void> {
    await this.parts.tellPort(port)
    this.#history.push({ at: now(), port })
  }

  async vpnDown(): Promise<void> {
    await this.parts.tellVpn('down')
    this.#history.push({ at: now(), port: null })
  }

  /** Up again with another port. */
  async vpnUp(): Promise<void> {
    await this.parts.tellVpn('up')
    await this.setPort(this.freshPort())
  }

  async kill(): Promise<void> {
    this.#history.push({ at: now(), port: null })
    await this.parts.kill()
  }

  async start(): Promise<void> {
    const port = this.freshPort()
    await this.parts.start(port)
    this.#history.push({ at: now(), port })
  }

  async recreate(): Promise<void> {
    this.#history.push({ at: now(), port: null })
    const port = this.freshPort()
    await this.parts.recreate(port)
    this.#history.push({ at: now(), port })
  }
}
