/**
 * Every interleaving of several actors over one lease and one Docker, exhaustively.
 *
 * An actor is a real piece of code (`provisionEngine`, `fenceEpoch`) whose calls to Docker and to the lease are single steps. Where it stands depends on the replies
 * it got and on nothing else, so it is run once for each series of replies and its open calls are remembered; a state of the whole is the lease, Docker and each
 * actor's replies. An actor that is never chosen again has been killed there; one that is chosen later is a zombie.
 */
import { step } from '../../src/domain/lease.js'
import { initialLease, type LeaseAnswer, type LeaseCommand, type LeaseState } from '../../src/domain/lease-state.js'
import { viewOf } from '../../src/domain/lease-view.js'
import type { LeaseClient } from '../../activities/lease-client.js'
import { type ContainerRuntime, RuntimeError } from '../../src/docker/runtime.js'
import {
  type DockerCall,
  type DockerReply,
  type DockerState,
  execute,
  forwardedRunning,
  runtimeOver,
  settle,
  withState,
} from '../activities/memory-docker.js'

export interface World {
  runtime: ContainerRuntime
  lease: LeaseClient
  /** Any message to the lease. */
  send: (command: LeaseCommand) => Promise<unknown>
  /** The lease loses all that it knows. */
  loseLease: () => Promise<unknown>
}

/** An actor: what it does with a world. Must depend on the replies only. */
export type Actor = (world: World) => Promise<unknown>

export interface Barriers {
  /** `confirm` refuses an epoch that is not the holder's. */
  confirm: boolean
  /** Docker refuses a name that is in use. */
  fixedName: boolean
}

export interface Exploration {
  actors: Actor[]
  lease: LeaseState
  docker?: DockerState
  barriers?: Barriers
  /** How often a running forwarded container may die by itself. */
  deaths: number
  /** Looks at so many states at most, taken at random with `seed` so that they come from everywhere; without it depth first. */
  maxStates?: number
  seed?: number
}

export interface Explored {
  states: number
  /** The steps to two running forwarded containers, `null` when no state has that. */
  overlap: string[] | null
  /** The steps to a fresh grant while a container of a former epoch runs, `null` when no state has that. */
  earlyGrant: string[] | null
  /** How high the epochs rose. */
  epochs: number
  /** Every state was looked at. */
  complete: boolean
}

type Call = { to: 'docker'; call: DockerCall } | { to: 'lease'; command: LeaseCommand } | { to: 'view' } | { to: 'lose' }
/** Replies by the number of their call; `undefined` is not answered yet. */
type Replies = readonly (DockerReply | undefined)[]

/** Where an actor stands. */
interface Position {
  id: number
  replies: Replies
  open: readonly { number: number; call: Call }[]
}

interface State {
  lease: LeaseState
  docker: DockerState
  positions: readonly Position[]
  deaths: number
  path: Path | null
}

interface Path {
  text: string
  before: Path | null
}

export async function explore({ actors, lease, docker, barriers, deaths, maxStates = 1_000_000, seed }: Exploration): Promise<Explored> {
  const { confirm, fixedName } = barriers ?? { confirm: true, fixedName: true }
  const interned = new Map<string, number>()
  const known = new WeakMap<object, number>()
  /** One number for all values that are written alike. */
  const numberOf = (value: object): number => {
    const before = known.get(value)
    if (before !== undefined) return before
    const text = JSON.stringify(value)
    const number = interned.get(text) ?? interned.size
    interned.set(text, number)
    known.set(value, number)
    return number
  }
  const positions = new Map<string, Position>()
  const positionOf = async (actor: number, replies: Replies): Promise<Position> => {
    const key = `${actor}:${replies.map((reply) => (reply ? numberOf(reply) : '')).join()}`
    const before = positions.get(key)
    if (before) return before
    const open = await openCalls(actors[actor] as Actor, replies)
    // An actor that has done all it has to do is at one and the same place however it got there.
    const position = { id: open.length === 0 ? 0 : positions.size + 1, replies, open }
    positions.set(key, position)
    return position
  }

  const seen = new Set<string>()
  const first = await Promise.all(actors.map((_, index) => positionOf(index, [])))
  const stack: State[] = [{ lease, docker: docker ?? { containers: [], created: 0 }, positions: first, deaths, path: null }]
  const result: Explored = { states: 0, overlap: null, earlyGrant: null, epochs: 0, complete: true }

  const visit = (state: State): void => {
    const key = [numberOf(state.lease), numberOf(state.docker), state.deaths, ...state.positions.map(({ id }) => id)].join()
    if (seen.has(key)) return
    seen.add(key)
    stack.push(state)
  }

  const random = seed === undefined ? null : generator(seed)
  const take = (): State | undefined => {
    if (random !== null && stack.length > 1) {
      const at = Math.floor(random() * stack.length)
      const other = stack[at] as State
      stack[at] = stack.at(-1) as State
      stack[stack.length - 1] = other
    }
    return stack.pop()
  }

  for (let state = take(); state; state = take()) {
    result.states += 1
    result.epochs = Math.max(result.epochs, state.lease.epoch)
    const running = forwardedRunning(state.docker)
    if (running.length > 1) {
      result.overlap = stepsOf(state.path)
      return result
    }
    const { holder } = state.lease
    if (holder?.phase === 'granted' && running.length > 0) result.earlyGrant ??= stepsOf(state.path)
    if (result.states >= maxStates) return { ...result, complete: false }

    for (const [index, position] of state.positions.entries()) {
      for (const { number, call } of position.open) {
        if (isWaiting(call, state.lease)) continue
        const done = perform(state, call, confirm, fixedName)
        const replies = withReply(position.replies, number, done.reply)
        const next = state.positions.with(index, await positionOf(index, replies))
        const path = { text: `${index}: ${describe(call, done.reply)}`, before: state.path }
        visit({ ...state, lease: done.lease, docker: done.docker, positions: next, path })
      }
    }
    if (state.deaths > 0) {
      for (const { id } of running) {
        visit({
          ...state,
          docker: withState(state.docker, id, 'exited'),
          deaths: state.deaths - 1,
          path: { text: `${id} dies`, before: state.path },
        })
      }
    }
  }
  return result
}

/** An attempt asks a lease that does not know enough yet again and again; here it waits until it does. */
function isWaiting(call: Call, lease: LeaseState): boolean {
  const knowsLittle = lease.recovering || lease.port.generation.session === 0
  return knowsLittle && call.to === 'lease' && call.command.kind === 'acquire'
}

/** Park and Miller's minimal generator. */
function generator(seed: number): () => number {
  let value = seed
  return () => {
    value = (value * 48_271) % 2_147_483_647
    return value / 2_147_483_647
  }
}

function perform(
  state: State,
  call: Call,
  confirm: boolean,
  uniqueNames: boolean,
): { lease: LeaseState; docker: DockerState; reply: DockerReply } {
  const { lease, docker } = state
  if (call.to === 'docker') return { lease, ...execute(docker, call.call, { uniqueNames }) }
  if (call.to === 'view') return { lease, docker, reply: { value: viewOf(lease) } }
  if (call.to === 'lose') return { lease: initialLease(lease.pool, lease.index, true, 0), docker, reply: { value: null } }
  const taken = step(lease, call.command, 0)
  const kept = taken.answer.kind === 'refused' && taken.answer.type === 'StaleEpoch' && !confirm && call.command.kind === 'confirm'
  const answer: LeaseAnswer = kept ? { kind: 'confirmed', epoch: call.command.kind === 'confirm' ? call.command.epoch : 0 } : taken.answer
  // The log is for people: without it states that differ in their past only are one.
  return { lease: { ...taken.state, log: [] }, docker, reply: { value: answer } }
}

function withReply(replies: Replies, number: number, reply: DockerReply): Replies {
  const next = [...replies]
  while (next.length <= number) next.push(undefined)
  next[number] = reply
  return next
}

/** Runs an actor against the replies it has had, and says which calls it has made that none of them answers. */
async function openCalls(actor: Actor, replies: Replies): Promise<{ number: number; call: Call }[]> {
  let count = 0
  const open: { number: number; call: Call }[] = []
  const ask = async (call: Call): Promise<unknown> => {
    const number = count++
    const reply = replies[number]
    if (reply) return settle(structuredClone(reply))
    open.push({ number, call })
    return new Promise(() => undefined)
  }
  const send = (command: LeaseCommand): Promise<LeaseAnswer> => ask({ to: 'lease', command }) as Promise<LeaseAnswer>
  const lease: LeaseClient = {
    acquire: (request) => send({ kind: 'acquire', ...request }),
    confirm: (request) => send({ kind: 'confirm', ...request }),
    revoke: (request) => send({ kind: 'revoke', ...request }),
    ended: (request) => send({ kind: 'ended', ...request }),
    conflict: async (conflict) => void (await send({ kind: 'conflict', conflict })),
    view: () => ask({ to: 'view' }) as ReturnType<LeaseClient['view']>,
  }
  const runtime = runtimeOver((call) => ask({ to: 'docker', call }))
  let failure: unknown = null
  actor({ runtime, lease, send, loseLease: () => ask({ to: 'lose' }) }).catch((error: unknown) => {
    failure = error
  })
  // Replies that are there are given at once, so one turn of the event loop brings the actor to its next open call.
  await new Promise((resolve) => setImmediate(resolve))
  if (failure !== null && !isExpected(failure)) throw failure
  return open
}

/** How an attempt may end without success. */
function isExpected(error: unknown): boolean {
  return error instanceof RuntimeError || (error instanceof Error && error.name === 'ProvisionFailure')
}

function describe(call: Call, reply: DockerReply): string {
  const text = call.to === 'docker' ? JSON.stringify(call.call) : call.to === 'lease' ? JSON.stringify(call.command) : call.to
  return `${text.slice(0, 160)} -> ${JSON.stringify(reply).slice(0, 160)}`
}

function stepsOf(path: Path | null): string[] {
  const steps: string[] = []
  for (let at = path; at; at = at.before) steps.unshift(at.text)
  return steps
}
