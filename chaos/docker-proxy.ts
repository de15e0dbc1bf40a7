/**
 * @module
 * What stands between Berth and a Docker daemon, simulated or real: passes everything on, or does to it what a fault plan says.
 */
import { rmSync } from 'node:fs'
import { createServer, request as ask } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { FaultPlan, type FaultRule } from '../src/simulator/docker-faults.js'

interface Held {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/**
 * A proxy on a unix socket.
 *
 * 1. Without a fault a request, its answer and an early end of either pass through.
 * 2. `delay`: carried out after so long, even when the client has left by then; `drop-reply` and `truncate`: carried out to the end.
 * 3. Events are dropped, swapped, cut and stalled on each stream by itself.
 */
export class DockerProxy {
  readonly faults: FaultPlan
  #server: Server | null = null

  constructor(
    readonly socketPath: string,
    private readonly target: string,
    seed: number,
  ) {
    this.faults = new FaultPlan(seed)
  }

  async start(): Promise<void> {
    const server = createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.socketPath, resolve)
    })
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    rmSync(this.socketPath, { force: true })
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming
    const path = (url.split('?', 1)[0] ?? url).replace(/^\/v\d+\.\d+\//, '/')
    const fault = this.faults.forRequest(method, path)
    if (fault?.kind === 'refuse') return void incoming.socket.destroy()
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const held: Held = { method, path: url, headers, body: Buffer.concat(chunks) }
    if (path === '/events') return this.#events(held, outgoing)
    switch (fault?.kind) {
      case 'black-hole':
        return
      case 'error':
        return void outgoing
          .writeHead(fault.status ?? 500, { 'content-type': 'application/json' })
          .end(JSON.stringify({ message: fault.message ?? 'simulated failure' }))
      case 'delay':
        await delay(fault.milliseconds)
        return this.#carryOut(held, outgoing, fault)
      case 'truncate':
      case 'drop-reply':
        return this.#carryOut(held, outgoing, fault)
      default:
        return this.#pass(held, outgoing)
    }
  }

  #ask({ method, path, headers, body }: Held, onAnswer: (answer: IncomingMessage) => void): ReturnType<typeof ask> {
    const passed = ask({ socketPath: this.target, method, path, headers }, onAnswer)
    passed.end(body)
    return passed
  }

  #pass(held: Held, outgoing: ServerResponse): void {
    const passed = this.#ask(held, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.once('error', () => outgoing.destroy())
      answer.pipe(outgoing)
    })
    passed.once('error', () => outgoing.destroy())
    outgoing.once('close', () => passed.destroy())
  }

  /** Whether or not the client is still there. */
  async #carryOut(held: Held, outgoing: ServerResponse, fault: FaultRule): Promise<void> {
    const answer = await new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      this.#ask(held, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => resolve({ status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks) }))
      }).once('error', reject)
    })
    if (outgoing.destroyed) return
    if (fault.kind === 'drop-reply') return void outgoing.destroy()
    const body = fault.kind === 'truncate' ? answer.body.subarray(0, Math.floor(answer.body.length / 2)) : answer.body
    const { 'transfer-encoding': _, 'content-length': length, ...headers } = answer.headers
    outgoing.writeHead(answer.status, length === undefined && body.length === 0 ? headers : { ...headers, 'content-length': body.length })
    outgoing.end(body)
  }

  #events(held: Held, outgoing: ServerResponse): void {
    const fault = this.faults.forStream()
    let sent = 0
    let silent = false
    let kept: string | null = null
    const cut = (): void => void outgoing.destroy()
    const stall = (): void => {
      silent = true
    }
    const limit = fault?.kind === 'cut-events' || fault?.kind === 'stall-events' ? { after: fault.after ?? 0, kind: fault.kind } : null
    const check = (): void => {
      if (limit === null || sent < limit.after) return
      if (limit.kind === 'cut-events') cut()
      else stall()
    }
    const write = (line: string): void => {
      if (silent || outgoing.destroyed) return
      outgoing.write(`${line}\n`)
      sent += 1
      check()
    }
    const passed = this.#ask(held, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' })
      outgoing.flushHeaders()
      check()
      const lines = createInterface({ input: answer })
      for (const source of [answer, lines]) source.on('error', () => outgoing.destroy())
      answer.once('close', () => outgoing.destroy())
      lines.on('line', (line) => {
        const drawn = this.faults.forEvent()?.kind
        if (drawn === 'drop-event') return
        if (drawn === 'swap-event' && kept === null) {
          kept = line
          return
        }
        write(line)
        if (kept === null) return
        write(kept)
        kept = null
      })
    })
    const untrack = this.faults.track({ cut, stall })
    passed.once('error', () => outgoing.destroy())
    outgoing.once('close', () => {
      untrack()
      passed.destroy()
    })
  }
}
