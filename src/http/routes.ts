/**
 * @module
 * Every route of the HTTP API, with what its document says of it.
 */
import { z } from 'zod'
import { Container, LabelQuery } from '../contracts/container.js'
import { Deleted, Demand, EngineDetail, EngineList, EngineQuery, EngineState, RestartBody, Scaled } from '../contracts/engines.js'
import { EngineEnvironment } from '../contracts/environment.js'
import { Fleet, FleetChange } from '../contracts/fleet.js'
import { GenericProvisionBody, GenericProvisioned } from '../contracts/generic-provision.js'
import { Alive, Ready } from '../contracts/health.js'
import { DesignateBody, ElectBody, HistoryQuery, Lease, LeaseHistory, RotateBody } from '../contracts/lease.js'
import { LiveEvent } from '../contracts/live.js'
import { Operation } from '../contracts/operation.js'
import { BreakerQuery, HealthStatus, Message, OrchestratorStatus, PublicIp, Swept } from '../contracts/orchestrator.js'
import { EngineLogs, LogsQuery } from '../contracts/logs.js'
import { PageQuery, pageOf } from '../contracts/page.js'
import { Provisioned, ProvisionBody } from '../contracts/provision.js'
import { Session } from '../contracts/session.js'
import { Settings } from '../contracts/settings.js'
import {
  StatsQuery,
  StreamEnded,
  StreamEndedBody,
  StreamQuery,
  StreamSampleState,
  StreamStartedBody,
  StreamState,
} from '../contracts/streams.js'
import { Summary } from '../contracts/summary.js'
import { Vpn, VpnStatus } from '../contracts/vpn.js'
import { type Route, route } from './route.js'
import {
  collectGarbage,
  containersByLabel,
  healthStatus,
  orchestratorStatus,
  publicIp,
  resetBreaker,
  showContainer,
} from './routes/compatible.js'
import { listEngines, showEngine } from './routes/engines.js'
import { streamEnded, streamStarted } from './routes/events.js'
import { extendedStats } from './routes/extended-stats.js'
import { deleteContainer, scale } from './routes/fleet.js'
import { designateHolder, electHolder, rotateHolder } from './routes/hand-over.js'
import { healthz, readyz, showReadiness } from './routes/health.js'
import { leaseHistory, showLease } from './routes/lease.js'
import { liveEvents } from './routes/live.js'
import { showMetrics } from './routes/metrics.js'
import { changeFleet, showFleet, showSettings, showSummary, showVpn } from './routes/overview.js'
import { provisionContainer, provisionEngine } from './routes/provision.js'
import { showSession } from './routes/session.js'
import { knownStreamStats, listStreams, pageStreams, showStream, streamStats } from './routes/streams.js'
import {
  createEngine,
  drainEngine,
  engineEnvironment,
  engineLogs,
  pageEngines,
  removeEngine,
  restartEngine,
  showOperation,
} from './routes/v1-engines.js'
import { vpnStatus } from './routes/vpn.js'

const ok = <Body extends z.ZodType>(description: string, body: Body) => ({ status: 200 as const, description, body })
const accepted = <Body extends z.ZodType>(description: string, body: Body) => ({ status: 202 as const, description, body })

const AllQuery = z.object({ all: z.string().describe('`true` adds engines that have no container now.').optional() })
const prometheus = { ...ok('Metrics', z.string()), plain: 'text/plain; version=0.0.4; charset=utf-8' } as const
const changes = { ...ok('Changes, as they happen or the latest ones', pageOf(LiveEvent)), plain: 'text/event-stream' } as const

/** The hand-overs are the same under `/lease` and `/api/v1/lease`. */
const handOvers = <Base extends '/lease' | '/api/v1/lease'>(base: Base) =>
  [
    route({
      method: 'get',
      path: base,
      tag: 'lease',
      summary: 'Who holds the forwarded port',
      description: 'Its `ETag` goes into `If-Match` of whoever wants to hand over only what it has seen.',
      answer: ok('The lease', Lease),
      problems: [],
      make: showLease,
    }),
    route({
      method: 'get',
      path: `${base}/history` as const,
      tag: 'lease',
      summary: 'Who held it before',
      query: HistoryQuery,
      answer: ok('Turnovers, the newest first', LeaseHistory),
      problems: [],
      make: leaseHistory,
    }),
    route({
      method: 'post',
      path: `${base}/elect` as const,
      tag: 'lease',
      summary: 'Hand the port on to another engine',
      description: 'To `candidate` when one is named. Streams are cut only with `force`.',
      body: ElectBody,
      answer: accepted('The lease as it was when the request was taken', Lease),
      problems: ['not-found', 'conflict', 'precondition-failed', 'lease-disabled'],
      idempotent: true,
      precondition: true,
      make: electHolder,
    }),
    route({
      method: 'post',
      path: `${base}/designate` as const,
      tag: 'lease',
      summary: 'Name the engine that is to be forwarded from now on',
      description: '`engine: null` undoes it and moves nothing. Streams are cut only with `force`.',
      body: DesignateBody,
      answer: accepted('The lease as it was when the request was taken', Lease),
      problems: ['not-found', 'conflict', 'precondition-failed', 'lease-disabled'],
      idempotent: true,
      precondition: true,
      make: designateHolder,
    }),
    route({
      method: 'post',
      path: `${base}/rotate` as const,
      tag: 'lease',
      summary: 'Hand the port on as soon as its holder plays nothing',
      body: RotateBody,
      answer: accepted('The lease as it was when the request was taken', Lease),
      problems: ['conflict', 'precondition-failed', 'lease-disabled'],
      idempotent: true,
      precondition: true,
      make: rotateHolder,
    }),
  ] as const

/** Open to everybody, whatever the keys. */
export const OPEN_ROUTES = [
  route({
    method: 'get',
    path: '/healthz',
    tag: 'berth',
    summary: 'Whether this process answers',
    answer: ok('It does', Alive),
    problems: [],
    make: healthz,
  }),
  route({
    method: 'get',
    path: '/readyz',
    tag: 'berth',
    summary: 'Whether every part is fine, each by its name',
    answer: ok('All are', Ready),
    otherAnswers: [{ status: 503, description: 'Some are not', body: Ready }],
    problems: [],
    make: readyz,
  }),
  route({
    method: 'get',
    path: '/api/v1/session',
    tag: 'berth',
    summary: 'What whoever asks may do',
    answer: ok('The role of the key that was sent', Session),
    problems: [],
    make: showSession,
  }),
] as const

/** Players tell of their streams as often as they must: no limit on how often counts them. */
export const UNLIMITED_ROUTES = [
  route({
    method: 'post',
    path: '/events/stream_started',
    tag: 'streams',
    summary: 'An engine plays this from now on',
    description: 'The engine is found by `container_id`, else by host and port. Telling of the same stream again changes nothing.',
    body: StreamStartedBody,
    answer: ok('The stream', StreamState),
    problems: ['not-found', 'conflict'],
    make: streamStarted,
  }),
  route({
    method: 'post',
    path: '/events/stream_ended',
    tag: 'streams',
    summary: 'A stream has ended',
    description: 'By its id, else the only one of the engine with `container_id`. That it is not known, or has ended before, is no error.',
    body: StreamEndedBody,
    answer: ok('Whether there was such a stream', StreamEnded),
    problems: [],
    make: streamEnded,
  }),
] as const

/** The busiest route: it stands before all others. */
export const ENGINES_ROUTE = route({
  method: 'get',
  path: '/engines',
  tag: 'compatible',
  summary: 'Every engine that has a container, by port',
  query: AllQuery,
  answer: ok('A bare array', EngineList),
  problems: [],
  make: listEngines,
})

/** For admins only. */
export const ADMIN_ROUTES = [
  route({
    method: 'get',
    path: '/api/v1/settings',
    tag: 'berth',
    summary: 'The effective configuration of this process, secrets masked',
    answer: ok('Every variable', Settings),
    problems: [],
    make: showSettings,
  }),
  route({
    method: 'post',
    path: '/health/circuit-breaker/reset',
    tag: 'compatible',
    summary: 'Engines that wait before they are tried again are tried at once',
    query: BreakerQuery,
    answer: ok('How many were told', Message),
    problems: [],
    make: resetBreaker,
  }),
] as const

/** For operators, as labels and environments may tell what only they are to know. */
export const OPERATOR_ROUTES = [
  route({
    method: 'get',
    path: '/by-label',
    tag: 'compatible',
    summary: 'Containers of engines with this label',
    query: LabelQuery,
    answer: ok('A bare array', z.array(Container)),
    problems: [],
    make: containersByLabel,
  }),
  route({
    method: 'get',
    path: '/api/v1/engines/:id/environment',
    tag: 'engines',
    summary: 'What the container of an engine was made with',
    description:
      'Secrets are masked: values of names with KEY, TOKEN, SECRET or PASS in them, and of arguments and addresses that have one.',
    answer: ok('Variables by name', EngineEnvironment),
    problems: ['not-found'],
    make: engineEnvironment,
  }),
] as const

/** Reads for viewers, changes for operators. */
export const ROUTES = [
  route({
    method: 'get',
    path: '/api/v1/readiness',
    tag: 'berth',
    summary: 'Whether every part is fine, each by its name; `/readyz` for those who look rather than watch',
    answer: ok('Fine or not', Ready),
    problems: [],
    make: showReadiness,
  }),
  route({
    method: 'get',
    path: '/api/v1/summary',
    tag: 'berth',
    summary: 'All that matters at a glance, flat',
    answer: ok('The summary', Summary),
    problems: [],
    make: showSummary,
  }),
  route({
    method: 'get',
    path: '/api/v1/engines',
    tag: 'engines',
    summary: 'Every engine, by port',
    query: PageQuery.extend(EngineQuery.shape),
    answer: ok('A page', pageOf(EngineState)),
    problems: [],
    make: pageEngines,
  }),
  route({
    method: 'post',
    path: '/api/v1/engines',
    tag: 'engines',
    summary: 'One engine more',
    body: ProvisionBody,
    answer: accepted('It is being made', Operation),
    problems: ['conflict', 'max-capacity'],
    idempotent: true,
    make: createEngine,
  }),
  route({
    method: 'get',
    path: '/api/v1/engines/:id',
    tag: 'engines',
    summary: 'One engine, by its id, container id or container name',
    answer: ok('The engine and what it plays', EngineDetail),
    problems: ['not-found'],
    make: showEngine,
  }),
  route({
    method: 'delete',
    path: '/api/v1/engines/:id',
    tag: 'engines',
    summary: 'Remove an engine',
    answer: accepted('It is being removed', Operation),
    problems: ['not-found', 'conflict'],
    idempotent: true,
    make: removeEngine,
  }),
  route({
    method: 'post',
    path: '/api/v1/engines/:id/restart',
    tag: 'engines',
    summary: 'Make the container of an engine anew',
    description: 'Streams are cut only with `force`.',
    body: RestartBody,
    answer: accepted('It is being made anew', Operation),
    problems: ['not-found', 'conflict'],
    idempotent: true,
    make: restartEngine,
  }),
  route({
    method: 'post',
    path: '/api/v1/engines/:id/drain',
    tag: 'engines',
    summary: 'Remove an engine when it plays nothing any more',
    answer: accepted('It goes when its last stream ends', Operation),
    problems: ['not-found', 'conflict'],
    idempotent: true,
    make: drainEngine,
  }),
  route({
    method: 'get',
    path: '/api/v1/engines/:id/logs',
    tag: 'engines',
    summary: 'The last lines that the container of an engine wrote',
    query: LogsQuery,
    answer: ok('Lines, oldest first', EngineLogs),
    problems: ['not-found'],
    make: engineLogs,
  }),
  route({
    method: 'get',
    path: '/api/v1/operations/:id',
    tag: 'operations',
    summary: 'How far something has come that was accepted',
    answer: ok('The operation', Operation),
    problems: ['not-found'],
    make: showOperation,
  }),
  ...handOvers('/api/v1/lease'),
  route({
    method: 'get',
    path: '/api/v1/streams',
    tag: 'streams',
    summary: 'Streams that play, and the last ones that have ended',
    query: PageQuery.extend(StreamQuery.shape),
    answer: ok('A page, in the order in which they began', pageOf(StreamState)),
    problems: [],
    make: pageStreams,
  }),
  route({
    method: 'get',
    path: '/api/v1/streams/:id',
    tag: 'streams',
    summary: 'One stream',
    answer: ok('The stream', StreamState),
    problems: ['not-found'],
    make: showStream,
  }),
  route({
    method: 'get',
    path: '/api/v1/streams/:id/stats',
    tag: 'streams',
    summary: 'What the engine said of a stream, over time',
    query: StatsQuery,
    answer: ok('Samples, oldest first', z.array(StreamSampleState)),
    problems: ['not-found'],
    make: knownStreamStats,
  }),
  route({
    method: 'get',
    path: '/api/v1/fleet',
    tag: 'fleet',
    summary: 'How many engines there are and are to be',
    answer: ok('The fleet', Fleet),
    problems: [],
    make: showFleet,
  }),
  route({
    method: 'patch',
    path: '/api/v1/fleet',
    tag: 'fleet',
    summary: 'Set the wanted number of engines',
    description: 'It is held between MIN_REPLICAS and MAX_REPLICAS; the answer has what will be kept.',
    body: FleetChange,
    answer: ok('The fleet', Fleet),
    problems: ['conflict'],
    idempotent: true,
    make: changeFleet,
  }),
  route({
    method: 'get',
    path: '/api/v1/vpn',
    tag: 'vpn',
    summary: 'The VPN',
    answer: ok('What is known of it', Vpn),
    problems: [],
    make: showVpn,
  }),
  route({
    method: 'get',
    path: '/api/v1/events',
    tag: 'events',
    summary: 'Changes, as they happen',
    description:
      'With `Accept: text/event-stream` a stream that begins with `state`, or after the event in `Last-Event-ID`; else a page of the latest changes, the newest first.',
    query: PageQuery,
    answer: changes,
    problems: [],
    make: liveEvents,
  }),
  route({
    method: 'get',
    path: '/metrics',
    tag: 'berth',
    summary: "Metrics in Prometheus' text form",
    answer: prometheus,
    problems: [],
    make: showMetrics,
  }),
  ...handOvers('/lease'),
  route({
    method: 'get',
    path: '/engines/:id',
    tag: 'compatible',
    summary: 'One engine, by its id, container id or container name',
    answer: ok('The engine and what it plays', EngineDetail),
    problems: ['not-found'],
    make: showEngine,
  }),
  route({
    method: 'post',
    path: '/provision/acestream',
    tag: 'compatible',
    summary: 'One engine more, answered as soon as its container is started',
    description: 'Under `detail` of a 503 is the object that clients of the older orchestrator read.',
    body: ProvisionBody,
    answer: ok('The container', Provisioned),
    problems: ['conflict', 'max-capacity', 'provisioning-failed', 'not-found'],
    idempotent: true,
    make: provisionEngine,
  }),
  route({
    method: 'post',
    path: '/provision',
    tag: 'compatible',
    summary: 'One engine more; no other image is run',
    body: GenericProvisionBody,
    answer: ok('The container', GenericProvisioned),
    problems: ['conflict', 'max-capacity', 'provisioning-failed', 'not-found'],
    idempotent: true,
    make: provisionContainer,
  }),
  route({
    method: 'post',
    path: '/scale/:demand',
    tag: 'compatible',
    summary: 'Set the wanted number of engines',
    parameters: { demand: Demand },
    answer: ok('What will be kept', Scaled),
    problems: ['conflict'],
    idempotent: true,
    make: scale,
  }),
  route({
    method: 'post',
    path: '/gc',
    tag: 'compatible',
    summary: 'Does nothing: what nobody uses is removed all the time',
    answer: ok('Always', Swept),
    problems: [],
    make: collectGarbage,
  }),
  route({
    method: 'get',
    path: '/containers/:id',
    tag: 'compatible',
    summary: 'The container of an engine',
    answer: ok('The container', Container),
    problems: ['not-found'],
    make: showContainer,
  }),
  route({
    method: 'delete',
    path: '/containers/:id',
    tag: 'compatible',
    summary: 'Remove an engine; answered when its container is gone',
    answer: ok('It is gone', Deleted),
    problems: ['not-found', 'conflict'],
    idempotent: true,
    make: deleteContainer,
  }),
  route({
    method: 'get',
    path: '/streams',
    tag: 'compatible',
    summary: 'Streams that play, and the last ones that have ended',
    query: StreamQuery,
    answer: ok('A bare array', z.array(StreamState)),
    problems: [],
    make: listStreams,
  }),
  route({
    method: 'get',
    path: '/streams/:id/stats',
    tag: 'compatible',
    summary: 'What the engine said of a stream, over time',
    query: StatsQuery,
    answer: ok('Samples, oldest first; none of a stream that is not known', z.array(StreamSampleState)),
    problems: [],
    make: streamStats,
  }),
  route({
    method: 'get',
    path: '/streams/:id/extended-stats',
    tag: 'compatible',
    summary: 'What the engine knows of the content of a stream',
    answer: ok('As the engine tells it', z.record(z.string(), z.json())),
    problems: ['not-found'],
    make: extendedStats,
  }),
  route({
    method: 'get',
    path: '/vpn/status',
    tag: 'compatible',
    summary: 'The VPN',
    answer: ok('What is known of it', VpnStatus),
    problems: [],
    make: vpnStatus,
  }),
  route({
    method: 'get',
    path: '/vpn/publicip',
    tag: 'compatible',
    summary: 'The public address of the VPN',
    answer: ok('The address', PublicIp),
    problems: [],
    make: publicIp,
  }),
  route({
    method: 'get',
    path: '/health/status',
    tag: 'compatible',
    summary: 'The health of the engines, counted',
    answer: ok('The counts', HealthStatus),
    problems: [],
    make: healthStatus,
  }),
  route({
    method: 'get',
    path: '/orchestrator/status',
    tag: 'compatible',
    summary: 'Whether engines can be provisioned',
    answer: ok('The state of the whole', OrchestratorStatus),
    problems: [],
    make: orchestratorStatus,
  }),
] as const

/** All that the document describes. */
export const DOCUMENTED: readonly Route[] = [
  ENGINES_ROUTE,
  ...OPEN_ROUTES,
  ...UNLIMITED_ROUTES,
  ...OPERATOR_ROUTES,
  ...ADMIN_ROUTES,
  ...ROUTES,
] as never
