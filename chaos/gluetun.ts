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
  /** What the control server tells from now on; of several the lowest counts. */
  tellPorts(ports: readonly number[]): Promise<void>
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
  /** Since when a port may have been taken for the one that counts. */
  readonly #counted = new Map<number, number>()
  #next: number
  #nextLower: number

  constructor(
    readonly parts: GluetunParts,
    firstPort: number,
  ) {
    this.#history = [{ at: now(), port: firstPort }]
    this.#counted.set(firstPort, 0)
    this.#next = firstPort + 100
    this.#nextLower = firstPort
  }

  /** A port that was never forwarded before. */
  freshPort(): number {
    this.#next += 1
    return this.#next
  }

  /** The same, lower than every port before. */
  freshLowerPort(): number {
    this.#nextLower -= 1
    return this.#nextLower
  }

  /** When this port was first the lowest of the list, `null`: never. */
  countedSince(port: number): number | null {
    return this.#counted.get(port) ?? null
  }

  /** The port that counts now, `null` for none. */
  get port(): number | null {
    return this.#history.at(-1)?.port ?? null
  }

  /** When the present port began. */
  get since(): number {
    return this.#history.at(-1)?.at ?? 0
  }

  async setPort(port: number | null): Promise<void> {
    await this.setPorts(port === null ? [] : [port])
  }

  /** Of several ports the lowest counts; the others come and go unnoticed. */
  async setPorts(ports: readonly number[]): Promise<void> {
    const lowest = ports.length === 0 ? null : Math.min(...ports)
    this.#count(lowest)
    await this.parts.tellPorts(ports)
    if (lowest !== this.port) this.#history.push({ at: now(), port: lowest })
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
    this.#count(port)
    await this.parts.start(port)
    this.#history.push({ at: now(), port })
  }

  async recreate(): Promise<void> {
    this.#history.push({ at: now(), port: null })
    const port = this.freshPort()
    this.#count(port)
    await this.parts.recreate(port)
    this.#history.push({ at: now(), port })
  }

  #count(port: number | null): void {
    if (port !== null && !this.#counted.has(port)) this.#counted.set(port, now())
  }
}
