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
  readonly #history: { at: number; ports: readonly number[] }[]
  /** Since when a port may have been taken for the one that counts. */
  readonly #counted = new Map<number, number>()
  #next: number
  #nextLower: number

  constructor(
    readonly parts: GluetunParts,
    firstPort: number,
  ) {
    this.#history = [{ at: now(), ports: [firstPort] }]
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
    return lowestOf(this.#history.at(-1)?.ports ?? [])
  }

  /** Since when this port is not forwarded while others are; `null`: it is, or none is. */
  goneSince(port: number): number | null {
    let since: number | null = null
    for (const { at, ports } of this.#history.toReversed()) {
      if (ports.length === 0 || ports.includes(port)) return since
      since = at
    }
    return since
  }

  async setPort(port: number | null): Promise<void> {
    await this.setPorts(port === null ? [] : [port])
  }

  /** Of several ports the lowest counts for whoever has none of them; the others come and go unnoticed. */
  async setPorts(ports: readonly number[]): Promise<void> {
    this.#count(lowestOf(ports))
    await this.parts.tellPorts(ports)
    this.#history.push({ at: now(), ports })
  }

  async vpnDown(): Promise<void> {
    await this.parts.tellVpn('down')
    this.#history.push({ at: now(), ports: [] })
  }

  /** Up again with another port. */
  async vpnUp(): Promise<void> {
    await this.parts.tellVpn('up')
    await this.setPort(this.freshPort())
  }

  async kill(): Promise<void> {
    this.#history.push({ at: now(), ports: [] })
    await this.parts.kill()
  }

  async start(): Promise<void> {
    const port = this.freshPort()
    this.#count(port)
    await this.parts.start(port)
    this.#history.push({ at: now(), ports: [port] })
  }

  async recreate(): Promise<void> {
    this.#history.push({ at: now(), ports: [] })
    const port = this.freshPort()
    this.#count(port)
    await this.parts.recreate(port)
    this.#history.push({ at: now(), ports: [port] })
  }

  #count(port: number | null): void {
    if (port !== null && !this.#counted.has(port)) this.#counted.set(port, now())
  }
}

function lowestOf(ports: readonly number[]): number | null {
  return ports.length === 0 ? null : Math.min(...ports)
}
