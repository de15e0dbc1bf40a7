/**
 * @module
 * A TCP connection that can be cut: what goes in stays in it, and nothing comes out, as behind a switch that has failed.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Passes a local port on to another one. */
export class Link {
  readonly #sockets = new Set<Socket>()
  #cut = false

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(target: number): Promise<Link> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port for the link')
    const link = new Link(server, address.port)
    server.on('connection', (socket) => link.#pass(socket, target))
    return link
  }

  /** Nothing goes through any more; connections stay open. */
  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** Old connections break, new ones work. */
  restore(): void {
    this.#cut = false
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  #pass(socket: Socket, target: number): void {
    const onward = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one)
      one.on('data', (chunk) => void (this.#cut || other.destroyed || other.write(chunk)))
      one.once('error', () => one.destroy())
      one.once('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    if (this.#cut) for (const each of [socket, onward]) each.pause()
  }
}
