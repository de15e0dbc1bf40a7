/**
 * @module
 * A stand-in for Berth's API, with the panel's files: state that tests change, and everything that it was asked.
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { serve, type ServerType } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { EngineState, Fleet, Lease, LiveEvent, Operation, Session, StreamState } from '../../panel/src/api/contracts.js'
import { containerId, engine, type World, world } from './samples.js'

const dist = join(import.meta.dirname, '../../dist/panel')
const HEARTBEAT_MS = 1000
/** How long a container takes here. */
const STEP_MS = 150

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export const PANEL_HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

export interface Asked {
  method: string
  path: string
  query: string
  body: unknown
  headers: Headers
}

type Change = LiveEvent extends infer Event
  ? Event extends { type: infer Type; data: infer Data }
    ? { type: Type; data: Data }
    : never
  : never

interface Refusal {
  status: number
  type: string
  title: string
  detail: string
}

/** `key`: what changes need, if anything; `readKey`: reads need it too. */
export class FakeApi {
  state: World
  readonly asked: Asked[] = []
  key: string | null = null
  viewerKey: string | null = null
  readKey = false
  /** The next change of this path is refused so. */
  refuse: { path: string; with: Refusal } | null = null
  /** No events are sent: who wants to know asks. */
  silent = false
  readonly #operations = new Map<string, Operation>()
  readonly #events: LiveEvent[] = []
  readonly #followers = new Set<(event: LiveEvent) => void>()
  #server: ServerType | null = null
  #port = 0
  #next = 1

  constructor(state: World = world()) {
    this.state = state
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get changes(): Asked[] {
    return this.asked.filter(({ method }) => method !== 'GET')
  }

  /** Listens, after a stop on the same port again. */
  async start(): Promise<this> {
    const app = this.#app()
    await new Promise<void>((resolve) => {
      this.#server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: this.#port }, ({ port }: AddressInfo) => {
        this.#port = port
        resolve()
      })
    })
    return this
  }

  /** Gone as after `kill -9`: connections break. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    this.#followers.clear()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    if ('closeAllConnections' in server) server.closeAllConnections()
    await closed
  }

  /** Tells everybody who follows. */
  tell(change: Change): void {
    const event: LiveEvent = { id: String(this.#next++), at: new Date().toISOString(), ...change }
    this.#events.unshift(event)
    for (const follower of this.#followers) follower(event)
  }

  /** Changes an engine and tells of it. */
  changeEngine(id: string, change: Partial<EngineState>): void {
    this.state.engines = this.state.engines.map((each) => (each.engine_id === id ? { ...each, ...change } : each))
    const changed = this.state.engines.find(({ engine_id }) => engine_id === id)
    if (changed !== undefined) this.tell({ type: 'engine.changed', data: changed })
  }

  changeLease(change: Partial<Lease>): void {
    this.state.lease = { ...this.state.lease, ...change }
    this.tell({ type: 'lease.changed', data: this.state.lease })
  }

  changeFleet(change: Partial<Fleet>): void {
    this.state.fleet = { ...this.state.fleet, ...change }
    this.tell({ type: 'fleet.changed', data: this.state.fleet })
  }

  endStream(id: string): void {
    const found = this.state.streams.find((each) => each.id === id)
    if (found === undefined) return
    const ended: StreamState = { ...found, status: 'ended', ended_at: new Date().toISOString() }
    this.state.streams = this.state.streams.filter((each) => each.id !== id)
    this.state.ended = [ended, ...this.state.ended]
    this.tell({ type: 'stream.ended', data: ended })
    const player = this.state.engines.find(({ streams }) => streams.includes(id))
    if (player === undefined) return
    const streams = player.streams.filter((each) => each !== id)
    this.changeEngine(player.engine_id, { streams })
    if (player.draining && streams.length === 0) this.#remove(player.engine_id)
  }

  /** The port goes to this engine, as when the holder's container is removed from outside. */
  async handOver(to: string, reason: string): Promise<void> {
    const { holder, epoch, log } = this.state.lease
    const now = new Date().toISOString()
    const ended = log.map((each) => (each.ended_at === null ? { ...each, ended_at: now, ended: reason } : each))
    if (holder !== null) {
      this.changeLease({ holder: { ...holder, phase: 'revoking' } })
      this.changeEngine(holder.engine_id, {
        forwarded: false,
        forwarded_port: null,
        p2p_listening: null,
        lease_epoch: null,
        phase: 'provisioning',
        health_status: 'unknown',
      })
      const player = this.state.engines.find(({ engine_id }) => engine_id === holder.engine_id)
      for (const id of player?.streams ?? []) this.endStream(id)
    }
    await pause(STEP_MS)
    const port = this.state.lease.port ?? 41_000
    const container = containerId(
      this.state.engines.findIndex(({ engine_id }) => engine_id === to),
      epoch + 1,
    )
    const since = new Date().toISOString()
    this.changeLease({
      epoch: epoch + 1,
      nominee: null,
      condition: null,
      holder: { engine_id: to, epoch: epoch + 1, port, phase: 'active', container_id: container, since },
      log: [
        ...ended,
        {
          epoch: epoch + 1,
          engine_id: to,
          port,
          container_id: container,
          granted_at: since,
          active_at: since,
          ended_at: null,
          began: reason,
          ended: null,
          gap_ms: STEP_MS,
        },
      ],
    })
    this.changeEngine(to, {
      forwarded: true,
      forwarded_port: port,
      lease_epoch: epoch + 1,
      container_id: container,
      container_name: 'berth-forwarded',
      phase: 'running',
      health_status: 'healthy',
      started_at: since,
    })
    await pause(STEP_MS)
    if (holder !== null)
      this.changeEngine(holder.engine_id, {
        phase: 'running',
        health_status: 'healthy',
        container_name: `berth-${holder.engine_id.slice(0, 8)}`,
        started_at: new Date().toISOString(),
      })
  }

  #app(): Hono {
    const app = new Hono()
    app.use('*', async (c, next) => {
      const body: unknown =
        c.req.method === 'GET'
          ? null
          : await c.req.raw
              .clone()
              .json()
              .catch(() => null)
      const url = new URL(c.req.url)
      this.asked.push({ method: c.req.method, path: url.pathname, query: url.search, body, headers: c.req.raw.headers })
      const role = this.#role(c)
      if (url.pathname.startsWith('/api/') && this.readKey && role === null && url.pathname !== '/api/v1/session')
        return problem(c, { status: 401, type: 'unauthorized', title: 'A key is needed', detail: 'missing bearer token' })
      if (c.req.method !== 'GET' && role !== 'admin')
        return problem(c, {
          status: role === null ? 401 : 403,
          type: 'forbidden',
          title: 'Not allowed',
          detail: 'this key may not change anything',
        })
      if (c.req.method !== 'GET' && this.refuse?.path === url.pathname) {
        const refusal = this.refuse.with
        this.refuse = null
        return problem(c, refusal)
      }
      return next()
    })

    app.get('/api/v1/session', (c) => {
      const sent = c.req.header('x-api-key')
      if (sent !== undefined && this.#role(c) === null)
        return problem(c, { status: 403, type: 'forbidden', title: 'Not allowed', detail: 'invalid token' })
      const session: Session = { role: this.#role(c), key_required: this.key !== null, read_key_required: this.readKey, version: '0.1.0' }
      return c.json(session)
    })
    app.get('/api/v1/engines', (c) => {
      const from = Number(c.req.query('cursor') ?? 0)
      const more = from + 100 < this.state.engines.length
      return c.json({ items: this.state.engines.slice(from, from + 100), next_cursor: more ? String(from + 100) : null })
    })
    app.post('/api/v1/engines', async (c) => {
      const { host_port: port, labels } = await c.req.json<{ host_port: number | null; labels: Record<string, string> }>()
      const index = this.state.engines.length
      const made = engine(index, {
        phase: 'provisioning',
        container_id: null,
        container_name: null,
        health_status: 'unknown',
        started_at: null,
        health_since: null,
      })
      this.state.engines = [...this.state.engines, { ...made, port: port ?? made.port, labels: { ...made.labels, ...labels } }]
      this.changeEngine(made.engine_id, {})
      return c.json(
        this.#operation('provision', made.engine_id, () =>
          this.changeEngine(made.engine_id, {
            phase: 'running',
            health_status: 'healthy',
            container_id: containerId(index),
            container_name: `berth-${made.engine_id.slice(0, 8)}`,
            started_at: new Date().toISOString(),
          }),
        ),
        202,
      )
    })
    app.get('/api/v1/engines/:id', (c) => {
      const found = this.#engine(c)
      if (found === undefined) return notFound(c)
      return c.json({ engine: found, streams: this.state.streams.filter(({ id }) => found.streams.includes(id)) })
    })
    app.get('/api/v1/engines/:id/environment', (c) => {
      const found = this.#engine(c)
      if (found === undefined) return notFound(c)
      const environment = {
        CONF: `--http-port=${found.port} --bind-all`,
        HTTP_PORT: String(found.port),
        PASSWORD: '********',
        ...(found.forwarded_port === null ? {} : { P2P_PORT: String(found.forwarded_port) }),
      }
      return c.json({ container_id: found.container_id, environment })
    })
    app.post('/events/stream_ended', async (c) => {
      const { stream_id: id } = await c.req.json<{ stream_id: string }>()
      this.endStream(id)
      return c.json({ updated: true, stream: this.state.ended.find((each) => each.id === id) ?? null })
    })
    app.delete('/api/v1/engines/:id', (c) => {
      const found = this.#engine(c)
      return found === undefined ? notFound(c) : c.json(this.#remove(found.engine_id), 202)
    })
    app.post('/api/v1/engines/:id/drain', (c) => {
      const found = this.#engine(c)
      if (found === undefined) return notFound(c)
      if (found.streams.length === 0) return c.json(this.#remove(found.engine_id), 202)
      this.changeEngine(found.engine_id, { draining: true })
      return c.json(this.#operation('remove', found.engine_id, null), 202)
    })
    app.post('/api/v1/engines/:id/restart', async (c) => {
      const found = this.#engine(c)
      if (found === undefined) return notFound(c)
      const { force } = await c.req.json<{ force: boolean }>()
      if (found.streams.length > 0 && !force)
        return problem(c, { status: 409, type: 'conflict', title: 'Not possible now', detail: 'it plays: say force to cut its streams' })
      this.changeEngine(found.engine_id, { phase: 'provisioning', health_status: 'unknown' })
      return c.json(
        this.#operation('restart', found.engine_id, () =>
          this.changeEngine(found.engine_id, { phase: 'running', health_status: 'healthy', started_at: new Date().toISOString() }),
        ),
        202,
      )
    })
    app.get('/api/v1/engines/:id/logs', (c) => {
      const found = this.#engine(c)
      if (found === undefined) return notFound(c)
      const start = Date.parse(found.started_at ?? new Date().toISOString())
      const texts = [
        'Acestream engine 3.2.11 starts',
        `HTTP API listens on ${found.port}`,
        'loading extensions',
        'DHT bootstrapped, 214 nodes',
        'peer list came from 3 trackers',
      ]
      const lines = Array.from({ length: 40 }, (_, index) => ({
        at: new Date(start + index * 1370).toISOString(),
        stream: index % 13 === 9 ? ('stderr' as const) : ('stdout' as const),
        text:
          index % 13 === 9
            ? 'warning: tracker udp://tracker.example:6969 did not answer'
            : (texts[index] ?? `prebuffering ${index * 2} %, ${12 + (index % 9)} peers, ${700 + index * 11} kB/s`),
      }))
      return c.json({ container_id: found.container_id, lines: lines.slice(-Number(c.req.query('tail') ?? 200)) })
    })
    app.get('/api/v1/operations/:id', (c) => {
      const found = this.#operations.get(c.req.param('id'))
      return found === undefined ? notFound(c) : c.json(found)
    })
    app.get('/api/v1/streams', (c) =>
      c.json({ items: c.req.query('status') === 'ended' ? this.state.ended : this.state.streams, next_cursor: null }),
    )
    app.get('/api/v1/streams/:id/stats', (c) => {
      const found = this.state.streams.find(({ id }) => id === c.req.param('id'))
      const wave = (index: number, of: number): number => Math.round(of * (1 + 0.25 * Math.sin(index / 6) + 0.1 * Math.sin(index / 2.3)))
      return c.json(
        Array.from({ length: 90 }, (_, index) => ({
          ts: new Date(Date.now() - (89 - index) * 5000).toISOString(),
          peers: wave(index, 20),
          speed_down: wave(index, found?.speed_down ?? 0),
          speed_up: wave(index + 9, found?.speed_up ?? 0),
          downloaded: 1_000_000 * index,
          uploaded: 300_000 * index,
          status: 'started',
        })),
      )
    })
    app.get('/api/v1/lease', (c) => c.json(this.state.lease, 200, { etag: `"epoch-${this.state.lease.epoch}"` }))
    app.get('/api/v1/lease/history', (c) => {
      const newest = this.state.lease.log.toReversed()
      const limit = Number(c.req.query('limit') ?? 20)
      const from = Number(c.req.query('cursor') ?? 0)
      return c.json({ items: newest.slice(from, from + limit), next_cursor: from + limit < newest.length ? String(from + limit) : null })
    })
    app.post('/api/v1/lease/:what', async (c) => {
      const body = await c.req.json<{ candidate?: string | null; engine?: string | null; reason: string; force: boolean }>()
      const seen = c.req.header('if-match')
      if (seen !== undefined && seen !== `"epoch-${this.state.lease.epoch}"`)
        return problem(c, {
          status: 412,
          type: 'precondition-failed',
          title: 'Changed since it was read',
          detail: `the lease is at epoch ${this.state.lease.epoch}`,
        })
      const what = c.req.param('what')
      if (what === 'designate') this.changeLease({ preferred: body.engine ?? null })
      const holder = this.state.lease.holder?.engine_id
      const to =
        body.candidate ??
        body.engine ??
        (what === 'designate'
          ? holder
          : this.state.engines.find(({ engine_id, phase }) => engine_id !== holder && phase === 'running')?.engine_id)
      const playing = this.state.engines.filter(
        ({ engine_id, streams }) => (engine_id === holder || engine_id === to) && streams.length > 0,
      )
      if (to !== holder && what !== 'rotate' && playing.length > 0 && !body.force)
        return problem(c, {
          status: 409,
          type: 'conflict',
          title: 'In conflict with the present state',
          detail: 'streams would be cut: ask with force',
        })
      if (to !== undefined && to !== holder && (what !== 'rotate' || body.force || playing.length === 0))
        void this.handOver(to, body.reason)
      else if (what === 'rotate')
        this.changeLease({
          rotation: {
            every_s: null,
            due: { since: new Date().toISOString(), reason: body.reason, force: false, drain_until: null, waiting_for: 'streams' },
          },
        })
      return c.json(this.state.lease, 202)
    })
    app.get('/api/v1/fleet', (c) => c.json(this.state.fleet))
    app.patch('/api/v1/fleet', async (c) => {
      const { wanted } = await c.req.json<{ wanted: number }>()
      this.changeFleet({ wanted })
      return c.json(this.state.fleet)
    })
    app.get('/api/v1/vpn', (c) => c.json(this.state.vpn))
    app.get('/api/v1/settings', (c) => c.json(this.state.settings))
    app.get('/api/v1/readiness', (c) => c.json(this.state.ready))
    app.get('/api/v1/events', (c) => {
      if (c.req.header('accept') !== 'text/event-stream') return c.json({ items: this.#events.slice(0, 100), next_cursor: null })
      if (this.silent) return problem(c, { status: 503, type: 'unavailable', title: 'Not available now', detail: 'no events today' })
      return streamSSE(c, async (out) => {
        const { engines, lease, streams, vpn, fleet } = this.state
        const send = (event: LiveEvent): void => void out.writeSSE({ event: event.type, id: event.id, data: JSON.stringify(event) })
        this.#followers.add(send)
        out.onAbort(() => void this.#followers.delete(send))
        send({ id: String(this.#next - 1), at: new Date().toISOString(), type: 'state', data: { engines, lease, streams, vpn, fleet } })
        while (!out.aborted) {
          await pause(HEARTBEAT_MS)
          await out.write(': still here\n\n')
        }
      })
    })
    app.get('/docs', (c) => c.html('<!doctype html><title>API docs</title>'))
    app.get('*', async (c) => {
      const path = new URL(c.req.url).pathname.replace(/^\/panel/, '')
      const file = extname(path) === '' ? '/index.html' : path
      const content = await readFile(join(dist, file)).catch(() => null)
      return content === null
        ? notFound(c)
        : c.body(content, 200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...PANEL_HEADERS })
    })
    return app
  }

  #role(c: Context): Session['role'] {
    const sent = c.req.header('x-api-key')
    if (this.key === null) return 'admin'
    if (sent === this.key) return 'admin'
    return sent !== undefined && sent === this.viewerKey ? 'viewer' : null
  }

  #engine(c: Context): EngineState | undefined {
    return this.state.engines.find(({ engine_id }) => engine_id === c.req.param('id'))
  }

  #remove(id: string): Operation {
    this.changeEngine(id, { phase: 'removing' })
    return this.#operation('remove', id, () => {
      this.state.engines = this.state.engines.filter(({ engine_id }) => engine_id !== id)
      this.tell({ type: 'engine.removed', data: { engine_id: id } })
    })
  }

  /** Work that is done a moment later; `null`: not before something else happens. */
  #operation(kind: Operation['kind'], id: string, done: (() => void) | null): Operation {
    const accepted: Operation = { id: `${kind}-${id}`, kind, status: 'running', engine_id: id, container_id: null, problem: null }
    this.#operations.set(accepted.id, accepted)
    if (done === null) return accepted
    setTimeout(() => {
      done()
      this.#operations.set(accepted.id, { ...accepted, status: 'succeeded' })
    }, STEP_MS)
    return accepted
  }
}

function problem(c: Context, { status, type, title, detail }: Refusal): Response {
  const body = { type: `/problems/${type}`, title, status, detail, instance: c.req.path, requestId: randomUUID() }
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } })
}

const notFound = (c: Context): Response =>
  problem(c, { status: 404, type: 'not-found', title: 'Not found', detail: `there is nothing at ${c.req.path}` })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
