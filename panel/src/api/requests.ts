/**
 * @module
 * What the panel asks of the API, one function for each.
 */
import { api, ask } from './client.js'
import type {
  EngineEnvironment,
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
  StreamEnded,
  StreamSampleState,
  StreamState,
  Vpn,
} from './contracts.js'

const v1 = api.api.v1
const engine = v1.engines[':id']
const stream = v1.streams[':id']
/** As part of a path. */
const of = (id: string) => ({ param: { id: encodeURIComponent(id) } })

/** Reads to the end of a list, page after page. */
async function all<Item>(read: (query: { cursor?: string }) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const page: Page<Item> = await read(cursor === null ? {} : { cursor })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return items
}

type Signal = { signal?: AbortSignal }

/** What may be done with a key that is not kept yet. */
export const trySession = (key: string): Promise<Session> =>
  ask((init) => v1.session.$get(undefined, { init, headers: { 'x-api-key': key } }))
export const readSession = ({ signal }: Signal = {}): Promise<Session> => ask((init) => v1.session.$get(undefined, { init }), signal)
export const readEngines = (signal?: AbortSignal): Promise<EngineState[]> =>
  all((query) => ask((init) => v1.engines.$get({ query }, { init }), signal))
export const readEnvironment = (id: string, { signal }: Signal = {}): Promise<EngineEnvironment> =>
  ask((init) => engine.environment.$get(of(id), { init }), signal)
export const readLogs = (id: string, tail: number, { signal }: Signal = {}): Promise<EngineLogs> =>
  ask((init) => engine.logs.$get({ ...of(id), query: { tail: String(tail) } }, { init }), signal)
export const readOperation = (id: string, signal?: AbortSignal): Promise<Operation> =>
  ask((init) => v1.operations[':id'].$get(of(id), { init }), signal)
export const readStreams = (signal?: AbortSignal): Promise<StreamState[]> =>
  all((query) => ask((init) => v1.streams.$get({ query: { ...query, status: 'started' } }, { init }), signal))
export const readEndedStreams = ({ signal }: Signal = {}): Promise<Page<StreamState>> =>
  ask((init) => v1.streams.$get({ query: { status: 'ended' } }, { init }), signal)
export const readStats = (id: string, { signal }: Signal = {}): Promise<StreamSampleState[]> =>
  ask((init) => stream.stats.$get(of(id), { init }), signal)
export const readReadiness = ({ signal }: Signal = {}): Promise<Ready> => ask((init) => v1.readiness.$get(undefined, { init }), signal)
export const readLease = (signal?: AbortSignal): Promise<Lease> => ask((init) => v1.lease.$get(undefined, { init }), signal)
export const readHistory = (cursor: string | null, limit: number, { signal }: Signal = {}): Promise<LeaseHistory> =>
  ask((init) => v1.lease.history.$get({ query: { limit: String(limit), ...(cursor === null ? {} : { cursor }) } }, { init }), signal)
export const readFleet = (signal?: AbortSignal): Promise<Fleet> => ask((init) => v1.fleet.$get(undefined, { init }), signal)
export const readVpn = (signal?: AbortSignal): Promise<Vpn> => ask((init) => v1.vpn.$get(undefined, { init }), signal)
export const readSettings = ({ signal }: Signal = {}): Promise<Settings> => ask((init) => v1.settings.$get(undefined, { init }), signal)
export const readEvents = ({ signal }: Signal = {}): Promise<Page<LiveEvent>> => ask((init) => v1.events.$get(undefined, { init }), signal)

/** The stream of events, open until `signal`. */
export const openEvents = (signal: AbortSignal): Promise<Pick<Response, 'body'>> =>
  v1.events.$get(undefined, { init: { signal }, headers: { accept: 'text/event-stream' } })

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

const named = ({ idempotencyKey }: Change) => ({ 'idempotency-key': idempotencyKey })
/** Refused when the lease is at another epoch. */
const seen = ({ epoch, ...change }: HandOver) => ({ ...named(change), 'if-match': `"epoch-${epoch}"` })
const told = ({ reason, force }: HandOver) => ({ reason, force })

export const provision = (json: Provisioning, change: Change): Promise<Operation> =>
  ask((init) => v1.engines.$post({ json }, { init, headers: named(change) }))
export const restart = (id: string, { force, ...change }: Change & { force: boolean }): Promise<Operation> =>
  ask((init) => engine.restart.$post({ ...of(id), json: { force } }, { init, headers: named(change) }))
export const drain = (id: string, change: Change): Promise<Operation> =>
  ask((init) => engine.drain.$post(of(id), { init, headers: named(change) }))
export const remove = (id: string, change: Change): Promise<Operation> =>
  ask((init) => engine.$delete(of(id), { init, headers: named(change) }))
export const scale = (wanted: number, change: Change): Promise<Fleet> =>
  ask((init) => v1.fleet.$patch({ json: { wanted } }, { init, headers: named(change) }))
export const elect = (candidate: string | null, terms: HandOver): Promise<Lease> =>
  ask((init) => v1.lease.elect.$post({ json: { candidate, ...told(terms) } }, { init, headers: seen(terms) }))
export const designate = (engineId: string | null, terms: HandOver): Promise<Lease> =>
  ask((init) => v1.lease.designate.$post({ json: { engine: engineId, ...told(terms) } }, { init, headers: seen(terms) }))
export const rotate = (terms: HandOver): Promise<Lease> =>
  ask((init) => v1.lease.rotate.$post({ json: told(terms) }, { init, headers: seen(terms) }))
/** As a player would tell of it; asked again it changes nothing. */
export const endStream = (id: string, reason: string): Promise<StreamEnded> =>
  ask((init) => api.events.stream_ended.$post({ json: { stream_id: id, reason } }, { init }))
