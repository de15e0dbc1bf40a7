/**
 * @module
 * What the panel asks of the API, one function for each.
 */
import { ask, send } from './client.js'
import type {
  EngineDetail,
  EngineLogs,
  EngineState,
  Fleet,
  Lease,
  LeaseHistory,
  LiveEvent,
  Operation,
  Page,
  Ready,
  Session,
  Settings,
  StreamSample,
  StreamState,
  Vpn,
} from './contracts.js'

const BASE = '/api/v1'
const at = (...parts: string[]): string => [BASE, ...parts.map(encodeURIComponent)].join('/')

/** Reads to the end of a list, page after page. */
async function all<Item>(path: string, signal?: AbortSignal): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const separator = path.includes('?') ? '&' : '?'
    const page: Page<Item> = await ask(cursor === null ? path : `${path}${separator}cursor=${encodeURIComponent(cursor)}`, { signal })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return items
}

type Signal = { signal?: AbortSignal }

/** What may be done with a key that is not kept yet. */
export const trySession = (key: string): Promise<Session> => ask(at('session'), { key })
export const readSession = ({ signal }: Signal = {}): Promise<Session> => ask(at('session'), { signal })
export const readEngines = (signal?: AbortSignal): Promise<EngineState[]> => all(at('engines'), signal)
export const readEngine = (id: string, { signal }: Signal = {}): Promise<EngineDetail> => ask(at('engines', id), { signal })
export const readLogs = (id: string, tail: number, { signal }: Signal = {}): Promise<EngineLogs> =>
  ask(`${at('engines', id, 'logs')}?tail=${tail}`, { signal })
export const readOperation = (id: string, signal?: AbortSignal): Promise<Operation> => ask(at('operations', id), { signal })
export const readStreams = (signal?: AbortSignal): Promise<StreamState[]> => all(`${at('streams')}?status=started`, signal)
export const readEndedStreams = ({ signal }: Signal = {}): Promise<Page<StreamState>> => ask(`${at('streams')}?status=ended`, { signal })
export const readStats = (id: string, { signal }: Signal = {}): Promise<StreamSample[]> => ask(at('streams', id, 'stats'), { signal })
export const readLease = (signal?: AbortSignal): Promise<Lease> => ask(at('lease'), { signal })
export const readHistory = (cursor: string | null, limit: number, { signal }: Signal = {}): Promise<LeaseHistory> =>
  ask(`${at('lease', 'history')}?limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, { signal })
export const readFleet = (signal?: AbortSignal): Promise<Fleet> => ask(at('fleet'), { signal })
export const readVpn = (signal?: AbortSignal): Promise<Vpn> => ask(at('vpn'), { signal })
export const readSettings = ({ signal }: Signal = {}): Promise<Settings> => ask(at('settings'), { signal })
export const readEvents = ({ signal }: Signal = {}): Promise<Page<LiveEvent>> => ask(at('events'), { signal })

/** Ready or not, both are answers. */
export async function readReadiness({ signal }: Signal = {}): Promise<Ready> {
  const response = await fetch('/readyz', { headers: { accept: 'application/json' }, cache: 'no-store', signal: signal ?? null })
  return (await response.json()) as Ready
}

/** The stream of events, open until `signal`. */
export const openEvents = (signal: AbortSignal): Promise<Response> => send(at('events'), { accept: 'text/event-stream', signal })

/** Every change names itself, so that sent twice it has one effect. */
interface Change {
  idempotencyKey: string
}
interface HandOver extends Change {
  /** The epoch that whoever asks has seen. */
  epoch: number
  reason: string
  /** Streams may be cut. */
  force: boolean
}

export interface Provisioning {
  labels: Record<string, string>
  env: Record<string, string>
  host_port: number | null
}

export const provision = (body: Provisioning, { idempotencyKey }: Change): Promise<Operation> =>
  ask(at('engines'), { method: 'POST', body, idempotencyKey })
export const restart = (id: string, { idempotencyKey }: Change): Promise<Operation> =>
  ask(at('engines', id, 'restart'), { method: 'POST', body: {}, idempotencyKey })
export const drain = (id: string, { idempotencyKey }: Change): Promise<Operation> =>
  ask(at('engines', id, 'drain'), { method: 'POST', body: {}, idempotencyKey })
export const remove = (id: string, { idempotencyKey }: Change): Promise<Operation> =>
  ask(at('engines', id), { method: 'DELETE', idempotencyKey })
export const scale = (wanted: number, { idempotencyKey }: Change): Promise<Fleet> =>
  ask(at('fleet'), { method: 'PATCH', body: { wanted }, idempotencyKey })
export const elect = (candidate: string | null, { idempotencyKey, epoch, reason, force }: HandOver): Promise<Lease> =>
  ask(at('lease', 'elect'), { method: 'POST', body: { candidate, reason, force }, idempotencyKey, epoch })
export const designate = (engine: string | null, { idempotencyKey, epoch, reason, force }: HandOver): Promise<Lease> =>
  ask(at('lease', 'designate'), { method: 'POST', body: { engine, reason, force }, idempotencyKey, epoch })
export const rotate = ({ idempotencyKey, epoch, reason, force }: HandOver): Promise<Lease> =>
  ask(at('lease', 'rotate'), { method: 'POST', body: { reason, force }, idempotencyKey, epoch })
