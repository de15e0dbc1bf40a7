/**
 * @module
 * A stand-in for an AceStream engine: its HTTP API with sessions whose numbers move, and its P2P port. Node built-ins only.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { Server as TcpServer, Socket } from 'node:net'
import { EngineSessions } from './engine-sessions.js'
import type { EngineSession } from './engine-sessions.js'

/** How a stand-in is to listen and behave. */
export interface EngineOptions {
  host: string
  httpPort: number
  /** Listened on, never answered; none by default. */
  httpsPort?: number | null
  /** `null` opens no P2P port. */
  p2pPort: number | null
  version?: string
  /** Accept connections and never answer. */
  hang?: boolean
}

/** A running stand-in. */
export interface Engine {
  /** Closes its listeners and every connection; may be called again. */
  stop(): Promise<void>
  /** Requests are taken and left unanswered until `resume`, as by a process that the kernel has frozen. */
  pause(): void
  resume(): void
}

const DEFAULT_VERSION = '3.2.11'
const CHUNK_INTERVAL_MS = 250

/**
 * Starts an engine; resolves once every port is listened on.
 *
 * Rejects with the system's error (`EADDRINUSE`…) when one port cannot be had, and then leaves none open: a real engine exits with code 1.
 *
 * @example
 * const engine = await startEngine({ host: '127.0.0.1', httpPort: 6878, p2pPort: null })
 * await engine.stop()
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { host, httpPort, p2pPort, httpsPort = null, hang = false, version = DEFAULT_VERSION } = options
  const sessions = new EngineSessions()
  let frozen = false
  const held: (() => void)[] = []
  const http = createServer((request, response) => {
    if (hang) return
    const reply = (): void => answer(request, response, sessions, version)
    if (frozen) held.push(reply)
    else reply()
  })
  http.keepAliveTimeout = 5_000
  const listeners: Listener[] = [trackConnections(http)]
  try {
    await listen(http, host, httpPort)
    for (const port of [httpsPort, p2pPort]) {
      if (port === null) continue
      const peer = createTcpServer((socket) => socket.on('error', () => {}).resume())
      listeners.push(trackConnections(peer))
      await listen(peer, host, port)
    }
  } catch (cause) {
    await stopAll(listeners)
    throw cause
  }
  return {
    stop: () => stopAll(listeners),
    pause: () => {
      frozen = true
    },
    resume: () => {
      frozen = false
      for (const reply of held.splice(0)) reply()
    },
  }
}

interface Listener {
  server: HttpServer | TcpServer
  sockets: Set<Socket>
}

function trackConnections(server: HttpServer | TcpServer): Listener {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return { server, sockets }
}

function listen(server: HttpServer | TcpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function stopAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(
    listeners.map(
      ({ server, sockets }) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          for (const socket of sockets) socket.destroy()
        }),
    ),
  )
}

function answer(request: IncomingMessage, response: ServerResponse, sessions: EngineSessions, version: string): void {
  const origin = `http://${request.headers.host ?? '127.0.0.1'}`
  const url = URL.canParse(request.url ?? '/', origin) ? new URL(request.url ?? '/', origin) : null
  if (url === null) return send(response, 400, 'text/plain', 'bad request')
  const method = url.searchParams.get('method')
  switch (url.pathname) {
    case '/webui/api/service':
      return method === 'get_version'
        ? sendJson(response, { result: versionOf(version), error: null })
        : sendJson(response, { result: null, error: 'unknown method' })
    case '/server/api':
      return sendJson(response, serverApi(method, url.searchParams, version))
    case '/ace/getstream':
      return open(response, sessions, url, (session) => `${origin}/ace/r/${session.infohash}/${session.key}`)
    case '/ace/manifest.m3u8':
      return open(response, sessions, url, (session) => `${origin}/ace/m/${session.infohash}/${session.key}.m3u8`)
  }
  const [, kind, infohash = '', key = ''] =
    /^\/(ace\/stat|ace\/cmd|ace\/r|ace\/m|content)\/([0-9a-f]+)\/([0-9a-f]+)(?:\.m3u8)?$/.exec(url.pathname) ?? []
  if (kind === undefined) return send(response, 404, 'text/plain', 'not found')
  const session = sessions.find(infohash, key)
  switch (kind) {
    case 'ace/stat':
      return session === null ? unknownSession(response) : sendJson(response, { response: sessions.statistics(session), error: null })
    case 'ace/cmd':
      if (session === null) return unknownSession(response)
      if (method !== 'stop') return sendJson(response, { response: null, error: 'unknown method' })
      sessions.stop(session)
      return sendJson(response, { response: 'ok', error: null })
    case 'ace/m':
      return session === null
        ? send(response, 404, 'text/plain', 'not found')
        : send(response, 200, 'application/vnd.apple.mpegurl', playlistOf(origin, session))
    case 'ace/r':
      return session === null ? send(response, 404, 'text/plain', 'not found') : redirect(response, `${origin}/content/${infohash}/${key}`)
    default:
      return session === null ? send(response, 404, 'text/plain', 'not found') : stream(response, sessions, session)
  }
}

const CONTENT = ['content_id', 'infohash', 'url', 'magnet']

function serverApi(method: string | null, query: URLSearchParams, version: string): unknown {
  if (query.get('api_version') !== '3') return { error: { message: 'unsupported api version', code: 0 } }
  if (method === 'get_status') return { result: { playlist_loaded: true, version: versionOf(version) } }
  if (method === 'get_network_connection_status') return { result: { connected: true } }
  if (method === 'analyze_content' && CONTENT.some((name) => query.has(name)))
    return { result: { type: 'live', title: 'A stream', mime: 'video/mp2t', categories: ['tv'], bitrate: null } }
  return { error: { message: 'unknown method', code: 0 } }
}

/** `3.1.70` has code 3017000. */
function versionOf(version: string): { code: number; platform: string; version: string } {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return { code: major * 1_000_000 + minor * 10_000 + patch * 100, platform: 'linux', version }
}

function open(response: ServerResponse, sessions: EngineSessions, url: URL, playbackUrl: (session: EngineSession) => string): void {
  const session = sessions.open(url.searchParams)
  if (session === null) return sendJson(response, { response: null, error: 'failed to load content' })
  if (url.searchParams.get('format') !== 'json') return redirect(response, playbackUrl(session))
  const path = `${session.infohash}/${session.key}`
  sendJson(response, {
    response: {
      playback_url: playbackUrl(session),
      stat_url: `${url.origin}/ace/stat/${path}`,
      command_url: `${url.origin}/ace/cmd/${path}`,
      infohash: session.infohash,
      playback_session_id: session.playbackSessionId,
      is_live: 1,
      is_encrypted: 0,
      client_session_id: -1,
    },
    error: null,
  })
}

function playlistOf(origin: string, session: EngineSession): string {
  const sequence = Math.floor((Date.now() - session.openedAt) / 10_000)
  const segment = `${origin}/content/${session.infohash}/${session.key}`
  return `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n#EXTINF:10,\n${segment}\n`
}

/** MPEG-TS null packets until the session ends or the player hangs up; a player that hangs up ends the session. */
function stream(response: ServerResponse, sessions: EngineSessions, session: EngineSession): void {
  const packet = Buffer.alloc(188, 0xff)
  packet.set([0x47, 0x1f, 0xff, 0x10])
  const chunk = Buffer.concat(Array.from({ length: 87 }, () => packet))
  response.writeHead(200, { 'content-type': 'video/MP2T' })
  response.write(chunk)
  const timer = setInterval(() => {
    if (sessions.find(session.infohash, session.key) === null) response.end()
    else if (!response.writableNeedDrain) response.write(chunk)
  }, CHUNK_INTERVAL_MS)
  response.once('close', () => {
    clearInterval(timer)
    sessions.abandon(session)
  })
}

function unknownSession(response: ServerResponse): void {
  sendJson(response, { response: null, error: 'unknown playback session id' })
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'content-length': 0 }).end()
}

function sendJson(response: ServerResponse, body: unknown): void {
  send(response, 200, 'application/json', JSON.stringify(body))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}
