/**
 * @module
 * A network namespace: one address that the containers in it share, for as long as the container that made it runs.
 */

/** The namespace of one run of one container. */
export class NetworkNamespace {
  readonly #disconnects = new Set<() => void>()
  #alive = true

  constructor(readonly address: string) {}

  /** False once the container that made it has stopped: what still runs inside has a loopback interface only. */
  get alive(): boolean {
    return this.#alive
  }

  /** Calls `disconnect` when the namespace loses its network, until the function that it answers is called. */
  join(disconnect: () => void): () => void {
    this.#disconnects.add(disconnect)
    return () => this.#disconnects.delete(disconnect)
  }

  destroy(): void {
    this.#alive = false
    for (const disconnect of this.#disconnects) disconnect()
    this.#disconnects.clear()
  }
}

/** Hands out the addresses of containers with a network of their own. Only Linux answers on every 127.0.0.0/8 address. */
export class AddressPool {
  #next = 2
  readonly #free: string[] = []

  take(): string {
    if (process.platform !== 'linux') return '127.0.0.1'
    const host = this.#next
    return this.#free.shift() ?? ((this.#next += 1), `127.88.${(host >> 8) & 0xff}.${host & 0xff}`)
  }

  release(address: string): void {
    if (address.startsWith('127.88.')) this.#free.push(address)
  }
}
