/**
 * @module
 * Containers of a Docker daemon, through dockerode: the adapter of `runtime.ts`. No API version is asked for, so the daemon answers with its own.
 */
import { Agent, IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import Docker from 'dockerode'
import { LABEL } from '../domain/labels.js'
import {
  ACTIONS,
  readCreatedId,
  readEnvironment,
  readEvent,
  readInspect,
  readList,
  readPullError,
  readVersion,
  readVpn,
} from './answers.js'
import { createBody, type CreateBodyOptions } from './create-body.js'
import { DaemonClient, type DaemonAnswer, type Dial } from './daemon-client.js'
import { parseDockerHost, type DockerAddress } from './docker-host.js'
import { imageMissing, notOurs, refusal, refusalWithNetwork } from './failures.js'
import { readLogLines } from './log-lines.js'
import { merge } from './merge.js'
import { RuntimeError, type ContainerEvent, type ContainerRuntime, type InspectedContainer } from './runtime.js'

const TIMEOUT_MS = 10_000
/** A create may have to load an image's layers. */
const CREATE_FACTOR = 6
const PULL_SILENCE_MS = 60_000
/** An image once seen is taken to be there for this long; a create that misses it asks again at once. */
const IMAGE_SEEN_MS = 60_000
const REMOVAL_POLL_MS = 5
/** Ids known to be ours by their labels. Labels cannot be changed, so an id stays what it is. */
const KNOWN_IDS = 4096

const FULL_ID = /^[0-9a-f]{64}$/
const IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*(:\d+)?(\/[a-zA-Z0-9_.-]*[a-zA-Z0-9])*(:[a-zA-Z0-9_.-]+)?(@sha256:[0-9a-f]{64})?$/
const ID_OR_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/

/** The managed-by label and the instance tell which containers are ours; created ones get both. */
export interface DockerRuntimeOptions extends CreateBodyOptions {
  /** `unix://…` or `tcp://host:port`; `null` is Docker's default socket. */
  dockerHost: string | null
  /** Of each request, in milliseconds; 10 s unless told, six times that for a create. */
  timeoutMs?: number
}

/**
 * The runtime of one daemon. Opens no connection until it is used, and keeps none that keeps the process alive when idle.
 * Throws `TypeError` for a `dockerHost` that it cannot read.
 */
export function createDockerRuntime(options: DockerRuntimeOptions): ContainerRuntime {
  const { managedLabel, instance, limits, timeoutMs = TIMEOUT_MS } = options
  const ownership = { managedLabel, instance }
  const address = parseDockerHost(options.dockerHost)
  const client = new DaemonClient(dialThroughDockerode(address), address)

  const known = new Set<string>()
  const remember = (id: string) => {
    const [oldest] = known.size < KNOWN_IDS ? [] : known
    if (oldest !== undefined) known.delete(oldest)
    known.add(id)
  }
  const images = new Map<string, number>()
  const searches = new Map<string, Promise<void>>()

  const inspectAnswer = async (doing: string, idOrName: string): Promise<unknown> => {
    if (!ID_OR_NAME.test(idOrName)) throw new RuntimeError('refused', `${doing}: this is no container id or name`)
    const { status, body, message } = await client.ask(doing, { method: 'GET', path: `/containers/${idOrName}/json` }, timeoutMs)
    if (status === 404) return null
    if (status >= 400) throw refusal(doing, status, message)
    return body
  }

  const inspect = async (idOrName: string): Promise<InspectedContainer | null> => {
    const doing = `inspecting the container ${short(idOrName)}`
    const body = await inspectAnswer(doing, idOrName)
    if (body === null) return null
    const container = readInspect(doing, body, ownership)
    if (container.managed) remember(container.id)
    return container
  }

  /** What the daemon lists with these labels besides the managed-by label. */
  const listed = async (doing: string, labels: string[]): Promise<unknown> => {
    const query = { all: 'true', filters: { label: [`${managedLabel.key}=${managedLabel.value}`, ...labels] } }
    const { status, body, message } = await client.ask(doing, { method: 'GET', path: '/containers/json', query }, timeoutMs)
    if (status >= 400) throw refusal(doing, status, message)
    return body
  }

  const findOrPull = async (image: string): Promise<void> => {
    const doing = `looking for the image ${image}`
    if (!IMAGE.test(image)) throw new RuntimeError('refused', `${doing}: this is no image name; check ENGINE_IMAGE`)
    const { status, message } = await client.ask(doing, { method: 'GET', path: `/images/${image}/json` }, timeoutMs)
    if (status === 404) return pull(image)
    if (status >= 400) throw refusal(doing, status, message)
  }

  const pull = async (image: string): Promise<void> => {
    const doing = `pulling the image ${image}`
    const lines = client.lines(
      doing,
      // Without a tag the daemon would pull all tags.
      { method: 'POST', path: '/images/create', query: { fromImage: hasTag(image) ? image : `${image}:latest` } },
      { connectMs: PULL_SILENCE_MS, silenceMs: PULL_SILENCE_MS, refused: ({ message }) => imageMissing(doing, image, message) },
    )
    for await (const line of lines) {
      const error = line === null ? null : readPullError(doing, line)
      if (error !== null) throw imageMissing(doing, image, error)
    }
  }

  return {
    async ping() {
      const doing = 'asking Docker for its version'
      const { status, body, message } = await client.ask(doing, { method: 'GET', path: '/version' }, timeoutMs)
      if (status >= 400) throw refusal(doing, status, message)
      return readVersion(doing, body)
    },

    async list(filter = {}) {
      const doing = 'listing the containers'
      const labels: string[] = []
      if (filter.forwardedOnly === true) labels.push(`${LABEL.forwarded}=true`)
      if (filter.engineId !== undefined) labels.push(`${LABEL.engineId}=${filter.engineId}`)
      const containers = readList(doing, await listed(doing, labels), ownership, 'us')
      for (const { id } of containers) remember(id)
      return containers
    },

    async others() {
      const doing = 'listing the containers of other instances'
      return readList(doing, await listed(doing, [LABEL.instance]), ownership, 'another-instance')
    },

    inspect,

    async logs(containerId, tail) {
      const doing = `reading the log of ${short(containerId)}`
      if ((await inspect(containerId))?.managed !== true)
        throw new RuntimeError('no-such-container', `${doing}: there is no such container of ours`)
      const query = { stdout: 'true', stderr: 'true', timestamps: 'true', tail: String(tail) }
      const { status, bytes } = await client.read(doing, { method: 'GET', path: `/containers/${containerId}/logs`, query }, timeoutMs)
      if (status === 404) throw new RuntimeError('no-such-container', `${doing}: it is gone`)
      if (status >= 400) throw refusal(doing, status, bytes.toString('utf8').slice(0, 200))
      return readLogLines(bytes)
    },

    async environment(containerId) {
      const doing = `reading the environment of ${short(containerId)}`
      const body = await inspectAnswer(doing, containerId)
      if (body === null || !readInspect(doing, body, ownership).managed)
        throw new RuntimeError('no-such-container', `${doing}: there is no such container of ours`)
      return readEnvironment(doing, body)
    },

    async inspectVpn(name) {
      const doing = `inspecting the Gluetun container ${name}`
      const body = await inspectAnswer(doing, name)
      return body === null ? null : readVpn(doing, body)
    },

    async ensureImage(image) {
      if ((images.get(image) ?? 0) > performance.now()) return
      // Engines of a fleet want the same image at the same time.
      const search = searches.get(image) ?? findOrPull(image).finally(() => searches.delete(image))
      searches.set(image, search)
      await search
      images.set(image, performance.now() + IMAGE_SEEN_MS)
    },

    async create(spec) {
      const doing = `creating the container ${spec.name}`
      if (!ID_OR_NAME.test(spec.name)) throw new RuntimeError('refused', `${doing}: this is no container name`)
      const request = {
        method: 'POST',
        path: '/containers/create',
        query: { name: spec.name },
        body: createBody(spec, { managedLabel, instance, limits }),
      } as const
      const { status, body, message } = await client.ask(doing, request, timeoutMs * CREATE_FACTOR)
      if (status >= 400) {
        const error = refusalWithNetwork(doing, status, message, null)
        if (error.code !== 'image-missing') throw error
        images.delete(spec.image)
        throw imageMissing(doing, spec.image, message)
      }
      const id = readCreatedId(doing, body)
      remember(id)
      return id
    },

    async start(containerId) {
      const doing = `starting the container ${short(containerId)}`
      if (!FULL_ID.test(containerId)) throw new RuntimeError('refused', `${doing}: a container is started by its full id only`)
      const { status, message } = await client.ask(doing, { method: 'POST', path: `/containers/${containerId}/start` }, timeoutMs)
      // 304: it runs already.
      if (status >= 400) throw refusalWithNetwork(doing, status, message, containerId)
    },

    async remove(containerId) {
      const doing = `removing the container ${short(containerId)}`
      if (!FULL_ID.test(containerId)) throw new RuntimeError('refused', `${doing}: a container is removed by its full id only`)
      const deadline = performance.now() + timeoutMs
      if (!known.has(containerId)) {
        const found = await inspect(containerId)
        if (found === null) return
        if (!found.managed) throw notOurs(doing, found, ownership)
      }
      // Anonymous volumes of the image go with it.
      const request = { method: 'DELETE', path: `/containers/${containerId}`, query: { force: 'true', v: 'true' } } as const
      const { status, message } = await client.ask(doing, request, timeoutMs)
      const inProgress = status === 409 && /already in progress/i.test(message)
      if (status >= 400 && status !== 404 && !inProgress) throw refusal(doing, status, message)
      while ((await inspectAnswer(doing, containerId)) !== null) {
        if (performance.now() > deadline) {
          throw new RuntimeError(
            'conflict',
            `${doing}: its removal has not ended within ${timeoutMs} ms; see "docker inspect ${short(containerId)}" on the Docker host`,
          )
        }
        await delay(REMOVAL_POLL_MS)
      }
      known.delete(containerId)
    },

    async *events(vpnName, signal) {
      const doing = 'following the events of Docker'
      const ending = new AbortController()
      const signals = AbortSignal.any([signal, ending.signal])
      // The daemon accepts first and subscribes a moment later: asking for what happened since now closes that gap.
      const since = (Date.now() / 1000).toFixed(3)
      const subscribe = (which: Record<string, string[]>) =>
        client.lines(
          doing,
          { method: 'GET', path: '/events', query: { since, filters: { type: ['container'], event: [...ACTIONS], ...which } } },
          {
            connectMs: timeoutMs,
            silenceMs: null,
            signal: signals,
            refused: ({ status, message }: DaemonAnswer) => refusal(doing, status, message),
          },
        )
      // Filters of different kinds narrow each other, so that the two wishes need two subscriptions. A container of ours is the first one's.
      const ours = subscribe({ label: [`${managedLabel.key}=${managedLabel.value}`] })
      const vpn = vpnName === null ? [] : [subscribe({ container: [vpnName] })]
      try {
        const accepted = await Promise.all([ours, ...vpn].map((lines) => lines.next()))
        if (accepted.some(({ done }) => done === true)) return
        yield { kind: 'connected' }
        const events = [
          eventsIn(ours, (line) => readEvent(doing, line, ownership), true),
          ...vpn.map((lines) => eventsIn(lines, (line) => readEvent(doing, line, ownership), false)),
        ]
        for await (const event of merge(events)) yield { kind: 'event', event }
        if (!signal.aborted) throw new RuntimeError('unreachable', `${doing}: Docker ended the stream`)
      } finally {
        ending.abort()
      }
    },
  }
}

async function* eventsIn(
  lines: AsyncIterable<string | null>,
  read: (line: string) => ContainerEvent | null,
  managed: boolean,
): AsyncGenerator<ContainerEvent, void> {
  for await (const line of lines) {
    const event = line === null ? null : read(line)
    if (event !== null && event.managed === managed) yield event
  }
}

/** The one place where requests leave: dockerode's transport, with a body that is still to be read and every status an answer. */
function dialThroughDockerode(address: DockerAddress): Dial {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' })
  // docker-modem renders the options of every request, hidden fields and all, for its debug log even when that is off. Through an agent with
  // open sockets that is half the heap: seconds a request. The agent is therefore rendered as its name.
  Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' })
  const target =
    address.kind === 'socket'
      ? { socketPath: address.path, host: undefined, port: undefined }
      : { socketPath: undefined, host: address.host, port: address.port }
  // All of what the environment would otherwise fill in is given: DOCKER_HOST has been read by the configuration.
  const transport = { ...target, protocol: 'http' as const, agent, ca: undefined, cert: undefined, key: undefined, timeout: undefined }
  const docker = new Docker(transport)
  return (request, signal) =>
    new Promise((resolve, reject) => {
      docker.modem.dial(
        {
          method: request.method,
          path: `${request.path}?`,
          options: { _query: request.query ?? {}, ...(request.method === 'POST' ? { _body: request.body ?? {} } : {}) },
          isStream: true,
          statusCodes: EVERY_STATUS,
          abortSignal: signal,
        },
        (error, response) => {
          if (response instanceof IncomingMessage) resolve(response)
          else reject(error ?? new Error('no response'))
        },
      )
    })
}

const EVERY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]))

function hasTag(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')
}

function short(id: string): string {
  return FULL_ID.test(id) ? id.slice(0, 12) : id.slice(0, 128)
}
