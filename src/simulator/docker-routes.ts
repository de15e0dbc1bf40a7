/**
 * @module
 * The routes of the Engine API that a client of Berth's kind uses, as one table.
 */
import { hostname } from 'node:os'
import { parseCreateBody } from './docker-create-body.js'
import type { Daemon } from './docker-daemon.js'
import { DaemonError, noSuchContainer, pageNotFound } from './docker-errors.js'
import { streamEvents } from './docker-event-stream.js'
import { viewImage } from './docker-images.js'
import { isTrue, selectContainers } from './docker-list.js'
import { readLogs } from './docker-logs.js'
import type { Reply } from './docker-reply.js'
import { parseSignal } from './docker-signals.js'
import { summarizeContainer, viewContainer, viewNetworkList } from './docker-views.js'
import { waitForContainer } from './docker-wait.js'

/** A request without its version prefix. */
export interface ApiRequest {
  method: string
  path: string
  query: URLSearchParams
  contentType: string | undefined
  body: string
}

type Handler = (daemon: Daemon, request: ApiRequest, reference: string) => Reply | Promise<Reply>

const NO_CONTENT: Reply = { status: 204 }
const NOT_MODIFIED: Reply = { status: 304 }
const REFERENCE = '([^/]+)'

const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['GET', /^\/_ping$/, ping],
  ['HEAD', /^\/_ping$/, ping],
  ['GET', /^\/version$/, version],
  ['GET', /^\/info$/, info],
  ['GET', /^\/events$/, (daemon, { query }) => streamEvents(daemon, query)],
  ['GET', /^\/networks$/, (daemon) => ({ status: 200, json: viewNetworkList(daemon.networks) })],
  ['GET', /^\/images\/(.+)\/json$/, inspectImage],
  ['POST', /^\/images\/create$/, pullImage],
  ['GET', /^\/containers\/json$/, list],
  ['POST', /^\/containers\/create$/, create],
  ['GET', container('/json'), (daemon, _, reference) => ({ status: 200, json: viewContainer(daemon.registry.get(reference)) })],
  ['GET', container('/logs'), (daemon, { query }, reference) => readLogs(daemon.registry.get(reference), query)],
  ['POST', container('/start'), start],
  ['POST', container('/stop'), stop],
  ['POST', container('/restart'), restart],
  ['POST', container('/kill'), kill],
  ['POST', container('/pause'), pause],
  ['POST', container('/unpause'), unpause],
  ['POST', container('/rename'), rename],
  ['POST', container('/wait'), (daemon, { query }, reference) => waitForContainer(daemon.registry.get(reference), query)],
  ['DELETE', container(''), remove],
]

function container(suffix: string): RegExp {
  return new RegExp(`^/containers/${REFERENCE}${suffix}$`)
}

/** Executes a request. Refusals are thrown as `DaemonError`. */
export async function handleRequest(daemon: Daemon, request: ApiRequest): Promise<Reply> {
  for (const [method, path, handler] of ROUTES) {
    const match = method === request.method ? path.exec(request.path) : null
    if (match !== null) return handler(daemon, request, decodeURIComponent(match[1] ?? ''))
  }
  throw pageNotFound()
}

function ping(_: Daemon, { method }: ApiRequest): Reply {
  return { status: 200, type: 'text/plain; charset=utf-8', body: method === 'HEAD' ? '' : 'OK' }
}

function version({ version: { engine, api, minimumApi } }: Daemon): Reply {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const details = { ApiVersion: api, Arch: arch, MinAPIVersion: minimumApi, Os: 'linux' }
  return {
    status: 200,
    json: {
      Platform: { Name: 'simulator' },
      Components: [{ Name: 'Engine', Version: engine, Details: details }],
      Version: engine,
      ApiVersion: api,
      MinAPIVersion: minimumApi,
      GitCommit: '',
      GoVersion: '',
      Os: 'linux',
      Arch: arch,
      KernelVersion: '',
      BuildTime: '',
    },
  }
}

function info({ registry, version: { engine } }: Daemon): Reply {
  const containers = registry.all()
  const count = (...statuses: string[]): number => containers.filter(({ state }) => statuses.includes(state.status)).length
  return {
    status: 200,
    json: {
      ID: 'SIMULATOR',
      Containers: containers.length,
      ContainersRunning: count('running'),
      ContainersPaused: count('paused'),
      ContainersStopped: count('created', 'exited', 'dead', 'removing'),
      Images: 0,
      Driver: 'overlay2',
      OperatingSystem: 'Docker simulator',
      OSType: 'linux',
      Architecture: process.arch,
      NCPU: 2,
      MemTotal: 4_294_967_296,
      Name: hostname(),
      ServerVersion: engine,
      LiveRestoreEnabled: false,
      Warnings: null,
    },
  }
}

function inspectImage({ images }: Daemon, _: ApiRequest, reference: string): Reply {
  const image = images.find(reference)
  if (image === null) throw new DaemonError(404, `no such image: ${reference}: No such image: ${reference}`)
  return { status: 200, json: viewImage(image) }
}

function pullImage({ images, events }: Daemon, { query }: ApiRequest): Reply {
  const name = query.get('fromImage') ?? ''
  const tag = query.get('tag') ?? ''
  const image = images.pull(tag === '' ? name : `${name}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`)
  events.emit('image', 'pull', image.tag, { name: image.tag })
  const lines = [
    { status: `Pulling from ${name}`, id: tag === '' ? 'latest' : tag },
    { status: `Status: Downloaded newer image for ${image.tag}` },
  ]
  return { status: 200, type: 'application/json', body: lines.map((line) => `${JSON.stringify(line)}\r\n`).join('') }
}

function list({ registry }: Daemon, { query }: ApiRequest): Reply {
  return { status: 200, json: selectContainers(registry.all(), query).map(summarizeContainer) }
}

async function create({ lifecycle }: Daemon, { query, contentType, body }: ApiRequest): Promise<Reply> {
  const id = await lifecycle.create(query.get('name') || null, parseCreateBody(contentType, body))
  return { status: 201, json: { Id: id, Warnings: [] } }
}

async function start({ registry, lifecycle }: Daemon, _: ApiRequest, reference: string): Promise<Reply> {
  return (await lifecycle.start(registry.get(reference))) ? NO_CONTENT : NOT_MODIFIED
}

async function stop({ registry, lifecycle }: Daemon, { query }: ApiRequest, reference: string): Promise<Reply> {
  const seconds = stopSeconds(query)
  return (await lifecycle.stop(registry.get(reference), seconds)) ? NO_CONTENT : NOT_MODIFIED
}

async function restart({ registry, lifecycle }: Daemon, { query }: ApiRequest, reference: string): Promise<Reply> {
  const seconds = stopSeconds(query)
  await lifecycle.restart(registry.get(reference), reference, seconds)
  return NO_CONTENT
}

async function kill({ registry, lifecycle }: Daemon, { query }: ApiRequest, reference: string): Promise<Reply> {
  const signal = parseSignal(query.get('signal'))
  const target = registry.find(reference)
  if (target === null) throw new DaemonError(404, `Cannot kill container: ${reference}: ${noSuchContainer(reference).message}`)
  await lifecycle.kill(target, reference, signal)
  return NO_CONTENT
}

async function pause({ registry, lifecycle }: Daemon, _: ApiRequest, reference: string): Promise<Reply> {
  await lifecycle.pause(registry.get(reference))
  return NO_CONTENT
}

async function unpause({ registry, lifecycle }: Daemon, _: ApiRequest, reference: string): Promise<Reply> {
  await lifecycle.unpause(registry.get(reference))
  return NO_CONTENT
}

function rename({ registry, lifecycle }: Daemon, { query }: ApiRequest, reference: string): Reply {
  lifecycle.rename(registry.get(reference), query.get('name') ?? '')
  return NO_CONTENT
}

async function remove({ registry, lifecycle }: Daemon, { query }: ApiRequest, reference: string): Promise<Reply> {
  await lifecycle.remove(registry.get(reference), reference, isTrue(query.get('force')))
  return NO_CONTENT
}

function stopSeconds(query: URLSearchParams): number | undefined {
  const text = query.get('t')
  if (text === null || text === '') return undefined
  if (!/^-?\d+$/.test(text)) throw new DaemonError(500, `strconv.Atoi: parsing "${text}": invalid syntax`)
  return Number(text) < 0 ? undefined : Number(text)
}
