/**
 * @module
 * The daemon's unix socket: requests come in, pass the faults, are executed and answered.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { chmod, lstat, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Daemon } from './docker-daemon.js'
import { DaemonError } from './docker-errors.js'
import type { FaultRule } from './docker-faults.js'
import { handleRequest } from './docker-routes.js'
import type { ApiRequest } from './docker-routes.js'
import { sendReply } from './docker-reply.js'
import type { Reply } from './docker-reply.js'

/** The socket of one daemon. */
export interface Listener {
  /** Listens, for this user only. A socket that nobody listens on any more is replaced; one that is in use, or another file, is `EADDRINUSE`. */
  open(): Promise<void>
  /** Closes the socket and every connection, and removes the file. What was being executed goes on. */
  close(): Promise<void>
}

export function createListener(daemon: Daemon, socketPath: string): Listener {
  const sockets = new Set<Socket>()
  let server: Server | null = null
  return {
    open: async () => {
      if (await isStaleSocket(socketPath)) await rm(socketPath)
      const opened = createServer((request, response) => {
        serve(daemon, request, response).catch(() => request.socket.destroy())
      })
      opened.keepAliveTimeout = 30_000
      opened.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(socketPath, resolve)
      })
      await chmod(socketPath, 0o600)
      server = opened
    },
    close: async () => {
      const closing = server
      server = null
      if (closing === null) return
      await new Promise<void>((resolve) => {
        closing.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
      await rm(socketPath, { force: true })
    },
  }
}

async function isStaleSocket(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null)
  if (found === null || !found.isSocket()) return false
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(false)
    }).once('error', (cause: NodeJS.ErrnoException) => resolve(cause.code === 'ECONNREFUSED'))
  })
}

async function serve(daemon: Daemon, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { version } = daemon
  response.setHeader('Api-Version', version.api)
  response.setHeader('Docker-Experimental', 'false')
  response.setHeader('Ostype', 'linux')
  response.setHeader('Server', `Docker/${version.engine} (linux)`)
  const url = new URL(request.url ?? '/', 'http://docker')
  const [, prefix, path = '/'] = /^(?:\/v(\d+\.\d+))?(\/.*)$/.exec(url.pathname) ?? []
  const method = request.method ?? 'GET'
  const fault = daemon.faults.forRequest(method, path)
  if (fault?.kind === 'refuse') return void request.socket.destroy()
  const body = await readBody(request)
  if (body === null || fault?.kind === 'black-hole') return
  if (fault?.kind === 'delay') await sleep(fault.milliseconds)
  const reply =
    fault?.kind === 'error'
      ? { status: fault.status ?? 500, json: { message: fault.message ?? 'simulated failure' } }
      : await execute(daemon, { method, path, query: url.searchParams, contentType: request.headers['content-type'], body }, prefix)
  finish(request, response, reply, fault)
}

/** `null` when the client left before it had sent the whole of it. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return null
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function execute(daemon: Daemon, request: ApiRequest, version: string | undefined): Promise<Reply> {
  try {
    checkVersion(daemon, version)
    return await handleRequest(daemon, request)
  } catch (cause) {
    if (cause instanceof DaemonError) return { status: cause.status, json: { message: cause.message } }
    return { status: 500, json: { message: cause instanceof Error ? cause.message : String(cause) } }
  }
}

function finish(request: IncomingMessage, response: ServerResponse, reply: Reply, fault: FaultRule | null): void {
  if (fault?.kind === 'drop-reply') return void request.socket.destroy()
  if (response.destroyed) return
  sendReply(response, reply, fault?.kind === 'truncate')
}

function checkVersion({ version: { api, minimumApi } }: Daemon, asked: string | undefined): void {
  if (asked === undefined) return
  if (compareVersions(asked, api) > 0) {
    throw new DaemonError(400, `client version ${asked} is too new. Maximum supported API version is ${api}`)
  }
  if (compareVersions(asked, minimumApi) < 0) {
    throw new DaemonError(
      400,
      `client version ${asked} is too old. Minimum supported API version is ${minimumApi}, please upgrade your client to a newer version`,
    )
  }
}

function compareVersions(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major - otherMajor || minor - otherMinor
}
