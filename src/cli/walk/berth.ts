/**
 * @module
 * What the walk asks of a Berth, over HTTP only.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Deleted, EngineState, Scaled } from '../../contracts/engines.js'
import { Alive, Ready } from '../../contracts/health.js'
import { Lease as WholeLease } from '../../contracts/lease.js'
import { Provisioned } from '../../contracts/provision.js'
import { StreamState } from '../../contracts/streams.js'
import { VpnStatus } from '../../contracts/vpn.js'
import { type ApiAddress, askApi } from '../http-client.js'

/** Longer than the API itself waits for a container. */
const CONTAINER_MS = 45_000

// Only what is looked at: a walk through an older or newer Berth does not fail for a field more or less.
const Engine = EngineState.pick({
  engine_id: true,
  container_id: true,
  container_name: true,
  host: true,
  port: true,
  forwarded: true,
  forwarded_port: true,
  health_status: true,
  streams: true,
  phase: true,
  problem: true,
})
const Stream = StreamState.pick({ id: true, key_type: true, key: true, started_at: true })
const Lease = WholeLease.pick({ enabled: true, epoch: true, port: true, holder: true, condition: true, log: true })
const Vpn = VpnStatus.pick({
  enabled: true,
  status: true,
  connected: true,
  container_name: true,
  forwarded_port: true,
  public_ip: true,
  country: true,
  provider: true,
  problem: true,
})

export type Engine = z.infer<typeof Engine>
export type Stream = z.infer<typeof Stream>
export type Lease = z.infer<typeof Lease>
export type Vpn = z.infer<typeof Vpn>

/** Every method throws `ApiError` when there is no answer to go on with. */
export class Berth {
  /** Kept for the whole walk: a change that is asked for twice by accident has one effect. */
  readonly #walk = randomUUID()

  constructor(readonly address: ApiAddress) {}

  alive(): Promise<Alive> {
    return askApi(this.address, Alive, { method: 'GET', path: '/healthz' })
  }

  /** Each part by its name, also when not all are fine. */
  ready(): Promise<Ready> {
    return askApi(this.address, Ready, { method: 'GET', path: '/readyz', orStatus: 503 })
  }

  vpn(): Promise<Vpn> {
    return askApi(this.address, Vpn, { method: 'GET', path: '/vpn/status' })
  }

  /** Those with a container, by port; `all` adds those that have none now. */
  engines({ all = false } = {}): Promise<Engine[]> {
    return askApi(this.address, z.array(Engine), { method: 'GET', path: all ? '/engines?all=true' : '/engines' })
  }

  async streamsOf(engineId: string): Promise<Stream[]> {
    const detail = z.object({ streams: z.array(Stream) })
    return (await askApi(this.address, detail, { method: 'GET', path: `/engines/${encodeURIComponent(engineId)}` })).streams
  }

  lease(): Promise<Lease> {
    return askApi(this.address, Lease, { method: 'GET', path: '/lease' })
  }

  provision(): Promise<Provisioned> {
    return this.#change(Provisioned, 'POST', '/provision/acestream', { labels: { 'manual-test': 'true' } })
  }

  remove(containerId: string): Promise<Deleted> {
    return this.#change(Deleted, 'DELETE', `/containers/${containerId}`)
  }

  scale(wanted: number): Promise<Scaled> {
    return this.#change(Scaled, 'POST', `/scale/${wanted}`)
  }

  #change<T extends z.ZodType>(contract: T, method: 'POST' | 'DELETE', path: string, body?: object): Promise<z.output<T>> {
    const idempotencyKey = `walk-${this.#walk}-${method}${path}`.slice(0, 200)
    return askApi(this.address, contract, { method, path, idempotencyKey, withinMs: CONTAINER_MS, ...(body === undefined ? {} : { body }) })
  }
}
