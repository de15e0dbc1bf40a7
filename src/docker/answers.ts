/**
 * @module
 * The daemon's answers, as far as Berth reads them (Docker Engine API 1.24 to 1.51). Fields that are not named here never leave this file: an inspected container's
 * environment holds credentials, and its command may. The environment leaves it masked.
 */
import { z } from 'zod'
import { configuredP2pPort } from '../engines/p2p-port.js'
import { unreadable } from './failures.js'
import { boundedLabels, ownerOf, parseEngineLabels, type Owner, type Ownership } from './labels.js'
import { maskedEnvironment } from './masked-environment.js'
import type { ContainerAction, ContainerEvent, ContainerState, InspectedContainer, ManagedContainer, VpnContainer } from './runtime.js'

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const satisfies ContainerState[]
/** A state that is not known counts as running: the safe side for the lease. */
const State = z.enum(STATES).catch('running')

const Labels = z.record(z.string(), z.string()).nullish()
const Networks = z.record(z.string(), z.object({ IPAddress: z.string().nullish() })).nullish()
const Id = z.string().regex(/^[0-9a-f]{64}$/)

const ListedContainer = z.object({
  Id,
  Names: z.array(z.string()).nullish(),
  Image: z.string(),
  State,
  /** Unix seconds. */
  Created: z.number(),
  Labels,
  HostConfig: z.object({ NetworkMode: z.string().nullish() }).nullish(),
  NetworkSettings: z.object({ Networks }).nullish(),
})

/** Docker itself always writes a list. */
const Arguments = z.union([z.array(z.string()), z.string().transform((text) => [text])]).nullish()

const InspectAnswer = z.object({
  Id,
  Name: z.string(),
  Created: z.string(),
  State: z.object({
    Status: State,
    OOMKilled: z.boolean().nullish(),
    ExitCode: z.number().nullish(),
    StartedAt: z.string().nullish(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({ Image: z.string(), Labels, Env: z.array(z.string()).nullish(), Entrypoint: Arguments, Cmd: Arguments }),
  HostConfig: z.object({ NetworkMode: z.string().nullish() }),
  NetworkSettings: z.object({ Networks }).nullish(),
})

const EventLine = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
})

const VersionAnswer = z.object({ Version: z.string(), ApiVersion: z.string() })
const CreatedAnswer = z.object({ Id })

/** What an event's attributes hold beside the container's labels. */
const EVENT_ATTRIBUTES = new Set(['image', 'name', 'oldName', 'exitCode', 'signal', 'execDuration'])
export const ACTIONS = [
  'create',
  'start',
  'die',
  'destroy',
  'oom',
  'pause',
  'unpause',
  'rename',
  'health_status',
] as const satisfies ContainerAction[]

export function readVersion(doing: string, body: unknown): { version: string; apiVersion: string } {
  const { Version, ApiVersion } = read(VersionAnswer, doing, body)
  return { version: Version, apiVersion: ApiVersion }
}

export function readCreatedId(doing: string, body: unknown): string {
  return read(CreatedAnswer, doing, body).Id
}

/** Of those, only the ones of `owner`: a proxy or another daemon may not know the filter. */
export function readList(doing: string, body: unknown, ownership: Ownership, owner: Exclude<Owner, 'nobody-we-know'>): ManagedContainer[] {
  return read(z.array(ListedContainer), doing, body)
    .map((each) => {
      const labels = each.Labels ?? {}
      return {
        owner: ownerOf(labels, ownership),
        container: {
          id: each.Id,
          name: nameAmong(each.Names ?? []),
          image: each.Image,
          state: each.State,
          createdAt: each.Created * 1000,
          labels: boundedLabels(labels),
          engine: parseEngineLabels(labels),
          networkMode: networkMode(each.HostConfig?.NetworkMode),
          address: address(each.State, each.NetworkSettings?.Networks),
        },
      }
    })
    .flatMap((each) => (each.owner === owner ? [each.container] : []))
}

export function readInspect(doing: string, body: unknown, ownership: Ownership): InspectedContainer {
  const { Id: id, Name, Created, State: state, Config, HostConfig, NetworkSettings } = read(InspectAnswer, doing, body)
  const labels = Config.Labels ?? {}
  return {
    id,
    name: Name.replace(/^\//, ''),
    image: Config.Image,
    state: state.Status,
    createdAt: Date.parse(Created) || 0,
    labels: boundedLabels(labels),
    engine: parseEngineLabels(labels),
    networkMode: networkMode(HostConfig.NetworkMode),
    address: address(state.Status, NetworkSettings?.Networks),
    managed: ownerOf(labels, ownership) === 'us',
    configuredP2pPort: configuredP2pPort(Config.Env ?? [], [...(Config.Entrypoint ?? []), ...(Config.Cmd ?? [])]),
    startedAt: time(state.StartedAt),
    exitCode: state.Status === 'exited' || state.Status === 'dead' ? (state.ExitCode ?? null) : null,
    oomKilled: state.OOMKilled === true,
  }
}

/** What the container was made with, secrets masked. */
export function readEnvironment(doing: string, body: unknown): Record<string, string> {
  return maskedEnvironment(read(InspectAnswer, doing, body).Config.Env ?? [])
}

export function readVpn(doing: string, body: unknown): VpnContainer {
  const { Id: id, Name, State: state, Config, NetworkSettings } = read(InspectAnswer, doing, body)
  const health = state.Health?.Status
  return {
    id,
    name: Name.replace(/^\//, ''),
    running: state.Status === 'running',
    health: health === 'healthy' || health === 'unhealthy' || health === 'starting' ? health : 'none',
    startedAt: time(state.StartedAt),
    address: address(state.Status, NetworkSettings?.Networks),
    provider: providerIn(Config.Env ?? []),
  }
}

/** The event of one line of the stream; `null` for an action or object that is not followed. */
export function readEvent(doing: string, line: string, ownership: Ownership): ContainerEvent | null {
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch {
    throw unreadable(doing, 'an event is not JSON')
  }
  const { Type, Action, Actor } = read(EventLine, doing, body)
  const action = ACTIONS.find((each) => Action === each || Action.startsWith(`${each}:`))
  // A number of JavaScript holds 16 digits, this one has 19. A label cannot imitate it: its quotes are escaped, or its value has some.
  const timeNano = /"timeNano":(\d{1,20})/.exec(line)?.[1]
  if (Type !== 'container' || action === undefined) return null
  if (timeNano === undefined) throw unreadable(doing, 'an event without its time')
  const attributes = Actor.Attributes ?? {}
  const labels = Object.fromEntries(Object.entries(attributes).filter(([name]) => !EVENT_ATTRIBUTES.has(name)))
  const exitCode = Number.parseInt(attributes['exitCode'] ?? '', 10)
  return {
    action,
    containerId: Actor.ID,
    name: attributes['name'] ?? '',
    labels: boundedLabels(labels),
    engine: parseEngineLabels(labels),
    managed: ownerOf(labels, ownership) === 'us',
    exitCode: Number.isNaN(exitCode) ? null : exitCode,
    timeNano,
  }
}

const PullLine = z.object({ error: z.string().nullish() })

/** Why a pull failed, when this line of its progress says so. */
export function readPullError(doing: string, line: string): string | null {
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch {
    throw unreadable(doing, 'a line of progress is not JSON')
  }
  return read(PullLine, doing, body).error ?? null
}

function read<T>(schema: z.ZodType<T>, doing: string, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  // Paths only: zod's messages can quote what they found.
  throw unreadable(doing, `unexpected ${result.error.issues.map(({ path }) => path.join('.') || 'answer').join(', ')}`)
}

/** Besides its own, a container has the names of links to it, with one more slash. */
function nameAmong(names: string[]): string {
  return (names.find((name) => name.lastIndexOf('/') === 0) ?? names[0] ?? '').replace(/^\//, '')
}

function networkMode(mode: string | null | undefined): string {
  return mode === null || mode === undefined || mode === '' || mode === 'default' ? 'bridge' : mode
}

function address(state: ContainerState, networks: z.infer<typeof Networks>): string | null {
  if (state !== 'running') return null
  return (
    Object.values(networks ?? {}).find(({ IPAddress }) => IPAddress !== null && IPAddress !== undefined && IPAddress !== '')?.IPAddress ??
    null
  )
}

/** Docker writes the year 1 for never. */
function time(text: string | null | undefined): number | null {
  const at = Date.parse(text ?? '')
  return at > 0 ? at : null
}

function providerIn(environment: string[]): string | null {
  const value = environment.find((each) => each.startsWith('VPN_SERVICE_PROVIDER='))?.slice('VPN_SERVICE_PROVIDER='.length)
  return value === undefined || value === '' ? null : value.slice(0, 64)
}
