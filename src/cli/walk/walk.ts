/**
 * @module
 * The walk: seven steps through a running Berth.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { styleText } from 'node:util'
import { ApiError } from '../http-client.js'
import type { Berth, Engine, Lease, Stream } from './berth.js'
import { engineTable } from './engine-table.js'
import { fixOf } from './fixes.js'
import { HandOverWatch } from './hand-over-watch.js'
import { type Ask, Stopped } from './questions.js'
import type { Failure, Report } from './report.js'

const LOOK_EVERY_MS = 100

/** How long what is not right yet is looked at before it counts as wrong. Milliseconds. */
export const PATIENCE = {
  /** A fleet that has just started settles within it. */
  settles: 30_000,
  /** An engine answers within it, or is replaced. */
  starts: 60_000,
  /** Two answers that follow each other may be of two snapshots; soon after they agree. */
  agrees: 5_000,
}

export interface WalkOptions {
  berth: Berth
  report: Report
  ask: Ask
  /** Aborts when the person wants no more of it. */
  stop: AbortSignal
  patience: typeof PATIENCE
}

/**
 * 1. It resolves with whether there was a Berth to walk through; what it found is in the report.
 * 2. What it made is removed again at its end, also after a failure or a stop, unless the person says no.
 */
export async function walk(options: WalkOptions): Promise<boolean> {
  const { report } = options
  const steps = new Steps(options)
  let stopped = false
  report.step('Is it there?')
  if (!(await steps.answers())) return false
  try {
    await steps.attempt('parts', () => steps.parts())
    report.step('The VPN')
    await steps.attempt('vpn', () => steps.vpn())
    report.step('The engines')
    await steps.attempt('engines', () => steps.engines())
    report.step('One engine more')
    await steps.attempt('provision', () => steps.provision())
    report.step('Who is forwarded?')
    await steps.attempt('forwarded', () => steps.forwarded())
    report.step('The forwarded engine is deleted')
    await steps.attempt('hand-over', () => steps.deleteForwarded())
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    stopped = true
    report.failed('went on to the end', { cause: 'You stopped the walk.', fix: 'run it again' })
  }
  report.step('Tidy up')
  await steps.attempt('tidied up', () => steps.tidyUp(stopped))
  return true
}

class Steps {
  readonly #berth: Berth
  readonly #report: Report
  readonly #ask: Ask
  readonly #stop: AbortSignal
  readonly #patience: typeof PATIENCE
  /** How many engines there were before the walk changed anything, `null` while that is not known. */
  #before: number | null = null
  #changed = false

  constructor({ berth, report, ask, stop, patience }: WalkOptions) {
    this.#berth = berth
    this.#report = report
    this.#ask = ask
    this.#stop = stop
    this.#patience = patience
  }

  /** A failure of what is not a check by itself is one of the step. */
  async attempt(name: string, deed: () => Promise<void>): Promise<void> {
    try {
      await deed()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.#report.failed(name, failureOf(error))
    }
  }

  async answers(): Promise<boolean> {
    const began = performance.now()
    try {
      await this.#berth.alive()
      this.#report.passed('answers', `/healthz in ${Math.round(performance.now() - began)} ms`)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const fix = 'start Berth (npm start, or npm start -- --demo without Docker), or set ORCHESTRATOR_URL to where it listens'
      this.#report.failed('answers', { cause: error.message, fix })
      return false
    }
  }

  /** Each part by its name. */
  async parts(): Promise<void> {
    const { parts } = await this.#until(
      this.#patience.settles,
      () => this.#berth.ready(),
      ({ status }) => status === 'ready',
    )
    for (const [part, { ok, code, detail }] of Object.entries(parts)) {
      const fix = code === null ? 'read the log of Berth (data/berth.log, or docker logs)' : fixOf(code)
      this.#report.check(part, ok, { detail: ok ? (detail ?? '') : (code ?? ''), cause: detail ?? 'It does not say.', fix })
    }
  }

  async vpn(): Promise<void> {
    const vpn = await this.#berth.vpn()
    if (!vpn.enabled) return this.#report.skipped('connected', 'no VPN is configured (GLUETUN_CONTAINER_NAME)')
    const problem = vpn.problem ?? { code: 'gluetun-unreachable', detail: `The VPN is ${vpn.status}.` }
    const where = [vpn.public_ip, vpn.country, vpn.provider].filter((part) => part !== null).join(', ')
    this.#report.check('connected', vpn.connected, { detail: where, cause: problem.detail, fix: fixOf(problem.code) })
    this.#report.check('forwards a port', vpn.forwarded_port !== null, {
      detail: vpn.forwarded_port === null ? '' : String(vpn.forwarded_port),
      cause: vpn.problem?.detail ?? `${vpn.container_name} forwards no port now.`,
      fix: 'set VPN_PORT_FORWARDING=on in Gluetun, with a provider and a server that forward ports; see docs/how-to/gluetun.md',
    })
  }

  async engines(): Promise<void> {
    const engines = await this.#settled()
    this.#before = engines.length
    this.#report.note(engines.length === 0 ? 'There is none.' : engineTable(engines))
    this.#report.check('there are some', engines.length > 0, {
      detail: String(engines.length),
      cause: 'No engine is wanted, or the fleet is parked.',
      fix: 'set MIN_REPLICAS to 1 or more; after berth down start Berth again',
    })
    const ill = engines.filter(({ health_status: health }) => health !== 'healthy')
    this.#report.check('all are healthy', ill.length === 0, {
      cause: ill.map((engine) => `${engine.engine_id}: ${engine.problem?.detail ?? engine.health_status}`).join('; '),
      fix: fixOf(ill.find(({ problem }) => problem !== null)?.problem?.code ?? 'engine-unhealthy'),
    })
  }

  async provision(): Promise<void> {
    if (this.#before === null) return this.#report.skipped('provisioned', 'the engines could not be listed')
    if (!(await this.#ask('Start one engine more? It is removed again at the end.', true))) {
      return this.#report.skipped('provisioned', 'not wanted')
    }
    const before = await this.#berth.lease()
    this.#changed = true
    const began = performance.now()
    const { container_id: id, container_name: name, host_http_port: port } = await this.#berth.provision()
    this.#report.passed('provisioned', `${name} on port ${port} after ${seconds(performance.now() - began)}`)
    const engine = await this.#until(
      this.#patience.starts,
      async () => (await this.#berth.engines()).find((each) => each.container_id === id),
      (each) => each?.health_status === 'healthy',
    )
    this.#report.check('is listed', engine !== undefined, {
      detail: engine === undefined ? '' : `engine ${engine.engine_id}`,
      cause: `GET /engines has no engine with the container ${id.slice(0, 12)}.`,
      fix: 'look at GET /engines?all=true: its problem says what became of it',
    })
    if (engine === undefined) return
    this.#report.check('becomes healthy', engine.health_status === 'healthy', {
      detail: `after ${seconds(performance.now() - began)}`,
      cause: engine.problem?.detail ?? `It has not answered within ${seconds(this.#patience.starts)}.`,
      fix: fixOf(engine.problem?.code ?? 'engine-unhealthy'),
    })
    const after = await this.#berth.lease()
    const took = after.holder?.engine_id === engine.engine_id
    this.#report.check('robs nobody', !took || before.holder === null, {
      detail: took ? 'it is forwarded, as nobody was' : before.holder === null ? 'nobody is forwarded' : 'the holder keeps its port',
      cause: `Engine ${engine.engine_id} took the port from engine ${before.holder?.engine_id}.`,
      fix: 'read why under "began" in GET /lease/history',
    })
  }

  /** By the word of both the engines and the lease. */
  async forwarded(): Promise<void> {
    const { engines, lease } = await this.#agreed()
    if (!lease.enabled) return this.#report.skipped('exactly one', 'without a VPN nobody is forwarded')
    const forwarded = engines.filter((engine) => engine.forwarded)
    this.#report.note(engineTable(engines))
    const [holder] = forwarded
    this.#report.check('exactly one', forwarded.length === 1, {
      detail: forwarded.length === 1 ? `${holder?.container_name} on port ${holder?.forwarded_port}` : String(forwarded.length),
      cause:
        lease.condition?.detail ?? `GET /engines marks ${forwarded.length} as forwarded: ${forwarded.map((e) => e.engine_id).join(', ')}`,
      fix: fixOf(lease.condition?.code ?? 'no-forwarded'),
    })
    this.#report.check('both agree', agree(engines, lease), {
      detail: `GET /engines and GET /lease${lease.holder === null ? '' : `, epoch ${lease.epoch}`}`,
      cause: `GET /engines says ${holder?.engine_id ?? 'nobody'}, GET /lease says ${lease.holder?.engine_id ?? 'nobody'} (${lease.holder?.phase ?? 'free'}).`,
      fix: fixOf(lease.condition?.code ?? 'handing-over'),
    })
    this.#report.check('on the right port', holder === undefined || holder.forwarded_port === lease.port, {
      detail: lease.port === null ? 'the VPN forwards none now' : String(lease.port),
      cause: `The holder was started with ${holder?.forwarded_port ?? 'no port'}, and the VPN forwards ${lease.port ?? 'none'}.`,
      fix: fixOf(lease.condition?.code ?? 'forwarded-without-port'),
    })
  }

  async deleteForwarded(): Promise<void> {
    const { engines, lease } = await this.#agreed()
    const old = engines.find((engine) => engine.forwarded)
    const container = old?.container_id
    if (old === undefined || !container) return this.#report.skipped('hand-over', 'nobody is forwarded')
    const streams = old.streams.length === 0 ? [] : await this.#berth.streamsOf(old.engine_id)
    this.#report.note(
      `${old.container_name} (engine ${old.engine_id}) ${streams.length === 0 ? 'plays nothing.' : 'plays, and this stops:'}`,
    )
    for (const stream of streams) this.#report.note(styleText('yellow', `  ${streamLine(stream)}`))
    const question = `Delete ${old.container_name}? Another engine takes its port.${streams.length === 0 ? '' : ` What it plays stops.`}`
    if (!(await this.#ask(question, streams.length === 0))) return this.#report.skipped('hand-over', 'not wanted')
    this.#changed = true
    const watch = await this.#watched(container)
    this.#judge(watch, old, lease)
    const now = await this.#berth.lease()
    const turnover = now.log.findLast(({ epoch }) => epoch === now.holder?.epoch)
    if (typeof turnover?.gap_ms === 'number') this.#report.note(`The lease itself counted ${seconds(turnover.gap_ms)} without a holder.`)
    const left = (await this.#berth.engines()).some((engine) => engine.container_id === container)
    this.#report.check('the old one is gone', !left, {
      detail: container.slice(0, 12),
      cause: `GET /engines still lists the container ${container.slice(0, 12)}.`,
      fix: 'docker rm -f that container; Berth sees it go',
    })
  }

  /** Whoever has stopped the walk is not asked any more. */
  async tidyUp(stopped: boolean): Promise<void> {
    const before = this.#before
    if (!this.#changed || before === null) return this.#report.skipped('as before', 'nothing was changed')
    if (!stopped && !(await this.#mayTidyUp(before))) {
      return this.#report.skipped('as before', `not wanted; POST /scale/${before} does it later`)
    }
    const { scaled_to: wanted } = await this.#berth.scale(before)
    const engines = await this.#until(
      this.#patience.starts,
      () => this.#berth.engines({ all: true }),
      (all) => all.length === wanted && all.every(({ health_status: health }) => health === 'healthy'),
      'always',
    )
    this.#report.note(engineTable(engines))
    this.#report.check('as before', engines.length === before, {
      detail: `${engines.length} engines`,
      cause:
        wanted === before ? `There are ${engines.length} engines, not ${before}.` : `MIN_REPLICAS and MAX_REPLICAS hold it at ${wanted}.`,
      fix: wanted === before ? 'look at GET /engines?all=true in a minute' : 'set them so that they allow what was there',
    })
  }

  async #mayTidyUp(before: number): Promise<boolean> {
    try {
      return await this.#ask(`Have ${before} engines again, as before?`, true)
    } catch (error) {
      if (error instanceof Stopped) return false
      throw error
    }
  }

  /** Deletes the container and looks until another one is forwarded and healthy, or for as long as that may take. */
  async #watched(container: string): Promise<HandOverWatch> {
    const watch = new HandOverWatch(container)
    const began = performance.now()
    let answered: string | null = null
    let refused: unknown = null
    const deleted = this.#berth.remove(container).then(
      ({ deleted: id }) => {
        answered = `DELETE /containers: ${id.slice(0, 12)} is gone`
      },
      (error: unknown) => {
        refused = error
      },
    )
    const tell = (what: string): void =>
      this.#report.note(`${styleText('dim', `+${seconds(performance.now() - began).padStart(6)}`)}  ${what}`)
    tell('DELETE /containers is sent')
    while (watch.healthyAt === null && refused === null && performance.now() - began < this.#patience.starts) {
      this.#mayGoOn()
      const [engines, lease] = await Promise.all([this.#berth.engines(), this.#berth.lease()])
      for (const what of watch.take({ at: performance.now() - began, engines, lease })) tell(what)
      if (answered !== null) tell(answered)
      answered = null
      await delay(LOOK_EVERY_MS)
    }
    await deleted
    if (refused !== null) throw refused
    if (answered !== null) tell(answered)
    return watch
  }

  #judge(watch: HandOverWatch, old: Engine, before: Lease): void {
    const { next, gapMs } = watch
    this.#report.check('another takes over', next !== null && gapMs !== null, {
      detail:
        next === null || gapMs === null
          ? ''
          : `${next.container_name} of engine ${next.engine_id}: ${seconds(gapMs)} without a healthy one`,
      cause:
        next === null
          ? `Nobody was forwarded within ${seconds(this.#patience.starts)}.`
          : `${next.container_name} of engine ${next.engine_id} is forwarded and was not healthy within ${seconds(this.#patience.starts)}.`,
      fix: fixOf(next === null ? 'no-forwarded' : 'engine-unhealthy'),
    })
    this.#report.check('never two', watch.most <= 1, {
      detail: `${watch.looks} looks`,
      cause: `${watch.most} engines were forwarded at once.`,
      fix: fixOf('several-forwarded'),
    })
    if (next === null) return
    this.#report.check('a new one', next.engine_id !== old.engine_id, {
      detail: `before: engine ${old.engine_id}, epoch ${before.epoch}`,
      cause: `Engine ${old.engine_id} was deleted and is forwarded again.`,
      fix: 'read why under "began" in GET /lease/history',
    })
  }

  /** The fleet once every engine answers, or as it is when that takes too long. */
  #settled(): Promise<Engine[]> {
    return this.#until(
      this.#patience.settles,
      () => this.#berth.engines({ all: true }),
      (engines) => engines.length > 0 && engines.every(({ health_status: health }) => health === 'healthy'),
    )
  }

  #agreed(): Promise<{ engines: Engine[]; lease: Lease }> {
    return this.#until(
      this.#patience.agrees,
      async () => {
        const [engines, lease] = await Promise.all([this.#berth.engines(), this.#berth.lease()])
        return { engines, lease }
      },
      ({ engines, lease }) => !lease.enabled || agree(engines, lease),
    )
  }

  /** What `look` finds once it is `right`, or at last; `always` looks on although the person has stopped the walk. */
  async #until<T>(withinMs: number, look: () => Promise<T>, right: (found: T) => boolean, always?: 'always'): Promise<T> {
    const deadline = performance.now() + withinMs
    while (true) {
      if (always === undefined) this.#mayGoOn()
      const found = await look()
      if (right(found) || performance.now() > deadline) return found
      await delay(LOOK_EVERY_MS)
    }
  }

  #mayGoOn(): void {
    if (this.#stop.aborted) throw new Stopped()
  }
}

/** Exactly one is forwarded, and it is the lease's active holder with its very container. */
function agree(engines: readonly Engine[], { holder }: Lease): boolean {
  const forwarded = engines.filter((engine) => engine.forwarded)
  const [only] = forwarded
  return (
    forwarded.length === 1 &&
    holder?.phase === 'active' &&
    only?.engine_id === holder.engine_id &&
    only.container_id === holder.container_id
  )
}

function failureOf({ message, problem }: ApiError): Failure {
  return { cause: message, fix: problem === null ? 'see that Berth runs and ORCHESTRATOR_URL names it' : fixOf(problem.type) }
}

function streamLine({ id, key_type: type, key, started_at: since }: Stream): string {
  return `${id} (${type} ${key.slice(0, 40)}), since ${since}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
