/**
 * @module
 * One simulated container: what it was created with, which never changes, and the state it is in.
 */
import type { CreateBody } from './docker-create-body.js'
import type { NetworkNamespace } from './docker-namespace.js'
import type { PublishedPorts } from './docker-ports.js'
import type { ContainerProcess, LogLine } from './docker-process.js'

export type ContainerKind = 'engine' | 'idle' | 'vpn'

export interface ContainerState {
  status: 'created' | 'running' | 'paused' | 'exited' | 'removing' | 'dead'
  exitCode: number
  error: string
  oomKilled: boolean
  /** Unix nanoseconds, `null` for never. */
  startedAt: bigint | null
  finishedAt: bigint | null
  health: 'starting' | 'healthy' | 'unhealthy' | null
}

/** What a container is doing while it runs. */
export interface ContainerRun {
  process: ContainerProcess
  namespace: NetworkNamespace
  ownsNamespace: boolean
  published: PublishedPorts | null
  /** Resolves with the exit code once the state says that it ended and `die` was sent. */
  ended: Promise<number>
}

export interface SimulatedContainer {
  readonly id: string
  name: string
  readonly kind: ContainerKind
  readonly createdAt: bigint
  readonly image: string
  readonly imageId: string
  readonly body: CreateBody
  readonly labels: Readonly<Record<string, string>>
  readonly env: readonly string[]
  readonly command: readonly string[]
  /** `container:<id>` with the id resolved at create, or a network's name. */
  readonly networkMode: string
  readonly state: ContainerState
  run: ContainerRun | null
  removing: boolean
  readonly logs: (LogLine & { at: bigint })[]
  readonly removed: Promise<void>
  readonly markRemoved: () => void
  /** One operation at a time, in the order they came. */
  exclusively<T>(operation: () => Promise<T>): Promise<T>
}

export type NewContainer = Pick<SimulatedContainer, 'id' | 'name' | 'kind' | 'createdAt' | 'image' | 'imageId' | 'body' | 'networkMode'>

/** A container as `create` leaves it. */
export function newContainer(made: NewContainer): SimulatedContainer {
  let markRemoved = (): void => {}
  const removed = new Promise<void>((resolve) => {
    markRemoved = resolve
  })
  let last: Promise<unknown> = Promise.resolve()
  const command = [...(made.body.Entrypoint ?? []), ...(made.body.Cmd ?? [])]
  return {
    ...made,
    labels: made.body.Labels ?? {},
    env: made.body.Env ?? [],
    command: command.length === 0 ? ['/engine'] : command,
    state: {
      status: 'created',
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: null,
      finishedAt: null,
      health: null,
    },
    run: null,
    removing: false,
    logs: [],
    removed,
    markRemoved,
    exclusively: (operation) => {
      const next = last.then(operation, operation)
      last = next.catch(() => {})
      return next
    },
  }
}

/** The environment as a record; a variable without `=` is left out, as one that the host does not set. */
export function environmentOf(container: SimulatedContainer): Record<string, string> {
  return Object.fromEntries(
    container.env.filter((line) => line.includes('=')).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** What each event of a container carries: its labels, its image and its name. */
export function attributesOf(container: SimulatedContainer, extra: Record<string, string> = {}): Record<string, string> {
  return { ...container.labels, ...extra, image: container.image, name: container.name }
}
