/**
 * @module
 * A Berth with engines, streams and turnovers, as the API tells of it.
 */
import type { EngineState, Fleet, Lease, LeaseTurnover, Ready, Settings, StreamState, Vpn } from '../../panel/src/api/contracts.js'

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString()
const hex = (seed: number, length: number): string => {
  let text = ''
  for (let word = seed; text.length < length; word += 0x9e3779b9)
    text += (Math.imul(word ^ (word >>> 15), 0x85ebca6b) >>> 0).toString(16).padStart(8, '0')
  return text.slice(0, length)
}

export const engineId = (index: number): string =>
  `${hex(index + 7, 8)}-${hex(index + 70, 4)}-4${hex(index + 71, 3)}-9${hex(index + 72, 3)}-${hex(index + 73, 12)}`
export const containerId = (index: number, life = 0): string => hex(1000 + index + life * 7919, 64)

export function engine(index: number, change: Partial<EngineState> = {}): EngineState {
  return {
    container_id: containerId(index),
    container_name: `berth-${hex(index + 7, 8)}`,
    host: 'gluetun',
    port: 19_000 + index,
    labels: {
      'ondemand.app': 'myservice',
      'berth.engine': engineId(index),
      'berth.pool': 'default',
      'berth.variant': 'krinkuto11-amd64',
      'acestream.http_port': String(19_000 + index),
    },
    forwarded: false,
    first_seen: ago(90_000 + index * 60),
    last_seen: ago(1),
    streams: [],
    health_status: 'healthy',
    last_health_check: ago(4),
    last_stream_usage: null,
    last_cache_cleanup: null,
    cache_size_bytes: null,
    vpn_container: 'gluetun',
    engine_variant: 'krinkuto11-amd64',
    platform: 'linux/amd64',
    version: '3.2.11',
    forwarded_port: null,
    p2p_connected: true,
    p2p_listening: null,
    engine_id: engineId(index),
    draining: false,
    phase: 'running',
    lease_epoch: null,
    health_since: ago(7200 + index * 31),
    started_at: ago(7230 + index * 31),
    losses: 0,
    problem: null,
    ...change,
  }
}

export function stream(index: number, on: EngineState, change: Partial<StreamState> = {}): StreamState {
  const key = hex(31_337 + index, 40)
  return {
    id: `${key}|${hex(index + 900, 32)}`,
    key_type: index % 3 === 1 ? 'content_id' : 'infohash',
    key,
    container_id: on.container_id ?? '',
    playback_session_id: hex(index + 900, 32),
    stat_url: `http://gluetun:${on.port}/ace/stat/${key}`,
    command_url: `http://gluetun:${on.port}/ace/cmd/${key}`,
    is_live: index % 3 !== 2,
    started_at: ago(340 + index * 977),
    ended_at: null,
    status: 'started',
    peers: 12 + ((index * 17) % 40),
    speed_down: 780 + ((index * 313) % 900),
    speed_up: 120 + ((index * 71) % 300),
    downloaded: 412_000_000 + index * 99_000_000,
    uploaded: 55_000_000 + index * 21_000_000,
    engine_id: on.engine_id,
    end_reason: null,
    ...change,
  }
}

function turnover(
  epoch: number,
  of: number,
  secondsAgo: number,
  lasted: number | null,
  change: Partial<LeaseTurnover> = {},
): LeaseTurnover {
  return {
    epoch,
    engine_id: engineId(of),
    port: 41_000,
    container_id: containerId(of, epoch),
    granted_at: ago(secondsAgo),
    active_at: ago(secondsAgo - 2),
    ended_at: lasted === null ? null : ago(secondsAgo - lasted),
    began: 'asked for through the API',
    ended: null,
    gap_ms: 1840 + epoch * 37,
    ...change,
  }
}

export interface World {
  engines: EngineState[]
  streams: StreamState[]
  ended: StreamState[]
  lease: Lease
  vpn: Vpn
  fleet: Fleet
  settings: Settings
  ready: Ready
}

/** `engines` of which the second is forwarded; three streams play. */
export function world(engines = 5): World {
  const list = Array.from({ length: engines }, (_, index) => engine(index))
  const [first, second, third, fourth, fifth] = list
  if (first === undefined || second === undefined) throw new Error('a world has two engines at least')
  Object.assign(second, {
    forwarded: true,
    forwarded_port: 41_000,
    p2p_listening: true,
    lease_epoch: 17,
    container_name: 'berth-forwarded',
  })
  const streams = [stream(0, second), stream(1, second), stream(2, first)]
  second.streams = [streams[0]?.id ?? '', streams[1]?.id ?? '']
  first.streams = [streams[2]?.id ?? '']
  if (third !== undefined) Object.assign(third, { losses: 2 })
  if (fourth !== undefined)
    Object.assign(fourth, {
      health_status: 'unhealthy',
      problem: { code: 'engine-unhealthy', detail: 'it has not answered for 40 s; it is made anew at 60 s' },
    })
  if (fifth !== undefined)
    Object.assign(fifth, { phase: 'starting', health_status: 'unknown', p2p_connected: null, health_since: null, started_at: ago(6) })
  const running = list.filter(({ phase }) => phase === 'running')
  return {
    engines: list,
    streams,
    ended: [
      stream(10, first, { status: 'ended', started_at: ago(9000), ended_at: ago(5400), peers: null, speed_down: null, speed_up: null }),
      stream(11, second, {
        status: 'ended',
        started_at: ago(20_000),
        ended_at: ago(12_900),
        peers: null,
        speed_down: null,
        speed_up: null,
      }),
    ],
    lease: {
      pool: 'default',
      index: 0,
      enabled: true,
      recovering: false,
      epoch: 17,
      port: 41_000,
      preferred: null,
      nominee: null,
      holder: {
        engine_id: second.engine_id,
        epoch: 17,
        port: 41_000,
        phase: 'active',
        container_id: second.container_id,
        since: ago(7200),
      },
      condition: null,
      rotation: { every_s: null, due: null },
      reconcile: { dry_run: false, would_remove: [] },
      log: [
        turnover(13, 0, 180_000, 62_000, { began: 'first', gap_ms: null, ended: 'container lost' }),
        turnover(14, 2, 118_000, 40_000, { began: 'container lost', ended: 'the VPN forwards port 41000 instead of 43210', port: 43_210 }),
        turnover(15, 2, 78_000, 30_000, { began: 'the VPN forwards port 41000 instead of 43210', ended: 'maintenance' }),
        turnover(16, 0, 48_000, 40_800, { began: 'maintenance', ended: 'unhealthy for 60 s' }),
        turnover(17, 1, 7200, null, { began: 'unhealthy for 60 s', container_id: second.container_id }),
      ],
    },
    vpn: {
      enabled: true,
      status: 'running',
      container_name: 'gluetun',
      container: 'gluetun',
      health: 'healthy',
      connected: true,
      forwarded_port: 41_000,
      public_ip: '198.51.100.24',
      provider: 'protonvpn',
      country: 'Netherlands',
      city: 'Amsterdam',
      region: 'North Holland',
      last_check: ago(2),
      last_check_at: ago(2),
      forwarded_ports: [41_000],
      problem: null,
    },
    fleet: {
      pool: 'default',
      wanted: engines,
      min_replicas: 3,
      max_replicas: Math.max(20, engines),
      min_free_replicas: 1,
      engines: {
        total: engines,
        running: running.length,
        healthy: running.filter(({ health_status }) => health_status === 'healthy').length,
        unhealthy: list.filter(({ health_status }) => health_status === 'unhealthy').length,
        free: running.filter(({ streams }) => streams.length === 0).length,
      },
      streams: streams.length,
      docker: { reachable: true, problem: null },
      dry_run: false,
    },
    settings: settings(),
    ready: {
      status: 'ready',
      parts: Object.fromEntries(
        ['temporal', 'worker', 'docker', 'gluetun', 'lease'].map((part) => [part, { ok: true, code: null, detail: null }]),
      ),
    },
  }
}

function settings(): Settings {
  const set = (variable: string, value: string | null, meaning: string) => ({ variable, value, source: 'environment' as const, meaning })
  const unset = (variable: string, value: string | null, meaning: string) => ({ variable, value, source: 'default' as const, meaning })
  return [
    unset(
      'BERTH_POOL',
      'default',
      'One Docker daemon with one Gluetun is a pool; workers of several pools share one Temporal by different names.',
    ),
    unset(
      'BERTH_DATA_DIR',
      './data',
      'Where the database of the Temporal server that Berth starts itself lives; losing it loses all history.',
    ),
    unset(
      'APP_HOST',
      '127.0.0.1',
      'Address to listen on. Anything but loopback needs API_KEY, as whoever reaches the API starts and removes containers.',
    ),
    unset('APP_PORT', '8000', 'Port of the API.'),
    set('API_KEY', '••••••••', 'Whoever changes something must send it, as "Authorization: Bearer <key>" or "X-API-Key: <key>".'),
    unset('TEMPORAL_ADDRESS', null, 'An existing Temporal server to use; Berth then starts none.'),
    unset('TEMPORAL_PORT', '7233', 'Port of the Temporal server that Berth starts; its web UI listens 1000 above.'),
    unset('TEMPORAL_NAMESPACE', 'berth', 'Keeps the workflows of Berth apart from others on one server.'),
    set('GLUETUN_CONTAINER_NAME', 'gluetun', 'The running Gluetun container whose network engines share.'),
    set('GLUETUN_API_KEY', '••••••••', 'A role of its control server.'),
    set('MIN_REPLICAS', '3', 'As many engines are kept whatever happens.'),
    unset('MAX_REPLICAS', '20', 'More are never made.'),
    unset('ENGINE_VARIANT', 'krinkuto11-amd64', 'Which image engines run and how it takes its ports.'),
  ]
}
