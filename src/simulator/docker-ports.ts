/**
 * @module
 * Published ports: each is a TCP listener on the host's loopback that forwards into the container.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { DaemonError } from './docker-errors.js'

/** `80/tcp` of the container at `hostIp`:`hostPort`; an empty `hostPort` takes any free one. */
export interface PortBinding {
  containerPort: string
  hostIp: string
  hostPort: string
}

/** The ports that one running container has on the host. */
export interface PublishedPorts {
  readonly ports: readonly { containerPort: string; hostIp: string; hostPort: number }[]
  close(): Promise<void>
}

/** Which host ports are allocated, in the whole daemon. */
export class PortAllocator {
  readonly #allocated = new Set<string>()

  /**
   * Publishes all bindings or none.
   *
   * 1. A port that another container has, on the same address or on one side on all, is refused: `port is already allocated`.
   * 2. A port that another process has is refused: `bind: address already in use`.
   * 3. Whatever address was asked for, only the loopback listens: a simulated engine is not for the network.
   */
  async publish(endpoint: string, address: string, bindings: readonly PortBinding[]): Promise<PublishedPorts> {
    const refuse = (reason: string): DaemonError =>
      new DaemonError(500, `driver failed programming external connectivity on endpoint ${endpoint}: ${reason}`)
    const published: { containerPort: string; hostIp: string; hostPort: number }[] = []
    const closers: (() => Promise<void>)[] = []
    const close = async (): Promise<void> => {
      await Promise.all(closers.splice(0).map((closer) => closer()))
    }
    try {
      for (const binding of bindings) {
        const hostIp = binding.hostIp === '' ? '0.0.0.0' : binding.hostIp
        const wanted = Number(binding.hostPort || '0')
        if (wanted !== 0 && this.#taken(hostIp, wanted)) throw refuse(`Bind for ${hostIp}:${wanted} failed: port is already allocated`)
        const key = `${hostIp}:${wanted}`
        if (wanted !== 0) {
          this.#allocated.add(key)
          closers.push(async () => void this.#allocated.delete(key))
        }
        const target = Number.parseInt(binding.containerPort, 10)
        const host = hostIp === '0.0.0.0' || hostIp === '::' ? '127.0.0.1' : hostIp
        if (host === address && target === wanted) {
          published.push({ containerPort: binding.containerPort, hostIp, hostPort: wanted })
          continue
        }
        const forwarder = await forward(host, wanted, address, target).catch((): never => {
          throw refuse(`Error starting userland proxy: listen tcp4 ${hostIp}:${wanted}: bind: address already in use`)
        })
        closers.push(forwarder.close)
        published.push({ containerPort: binding.containerPort, hostIp, hostPort: forwarder.port })
      }
    } catch (cause) {
      await close()
      throw cause
    }
    return { ports: published, close }
  }

  #taken(hostIp: string, port: number): boolean {
    return [...this.#allocated].some((key) => {
      const at = key.lastIndexOf(':')
      const ip = key.slice(0, at)
      return Number(key.slice(at + 1)) === port && (ip === hostIp || ip === '0.0.0.0' || hostIp === '0.0.0.0')
    })
  }
}

async function forward(
  host: string,
  port: number,
  targetHost: string,
  targetPort: number,
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const target = connect(targetPort, targetHost)
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
