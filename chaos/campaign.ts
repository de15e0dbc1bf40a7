/**
 * @module
 * One campaign: work and faults for as long as asked, recovery after each, quiet at the end, and every promise checked throughout.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleanup } from '../bench/cleanup.js'
import { Api, Engines } from './api.js'
import { ApiRecord } from './api-record.js'
import { BerthTree } from './berth-tree.js'
import { now } from './clock.js'
import { converged, lookAt, orphans } from './convergence.js'
import { Deck } from './deck.js'
import { DockerWatch } from './docker-watch.js'
import type { Fault, Heal, Target } from './fault.js'
import { FAULTS } from './faults/index.js'
import { type FaultWindow, FaultWindows } from './fault-windows.js'
import { checkLease, checkRuns, checkSamples } from './final-checks.js'
import type { Journal } from './journal.js'
import { LeaseRecord } from './lease-record.js'
import type { Options } from './options.js'
import { Random } from './random.js'
import { ContainerRuns } from './runs.js'
import { Sampler } from './sampler.js'
import { secretsIn } from './secrets.js'
import { MANAGED, MAX_REPLICAS, MIN_REPLICAS } from './setting.js'
import type { Summary } from './summary.js'
import { TemporalSide } from './temporal-side.js'
import type { Violations } from './violations.js'
import { Work } from './work.js'
import { World } from './world.js'

const LABEL = `${MANAGED.key}=${MANAGED.value}`
const QUIET_MS = 30_000
const FIRST_START_MS = 60_000
const LAST_COUNT = 4
/** After a promise of recovery is broken: how much longer it is waited for, so that one failure is not counted many times. */
const EXTRA_MS = 60_000

/** Everything of one campaign. */
export class Campaign {
  readonly #stopping = new AbortController()
  readonly #windows = new FaultWindows()
  readonly #lease = new LeaseRecord()
  readonly #runs = new ContainerRuns(MANAGED)
  readonly #skipped: string[] = []
  readonly #tally = new Map<string, number>()
  #historyEvents = 0

  constructor(
    private readonly options: Options,
    private readonly journal: Journal,
    private readonly violations: Violations,
    private readonly cleanup: Cleanup,
  ) {}

  /** The next wait is the last one. */
  stop(): void {
    this.#stopping.abort()
  }

  async run(): Promise<Summary> {
    const { options, journal, violations, cleanup } = this
    const { seed, kind, seconds } = options
    const secrets = {
      vpnPassword: 'never-to-be-seen',
      gluetunKey: `gluetun-key-never-to-be-seen-${seed}`,
      apiKey: `api-key-never-to-be-seen-${seed}`,
    }
    const named = { 'VPN password': secrets.vpnPassword, 'control server key': secrets.gluetunKey, 'API key': secrets.apiKey }
    this.#say(`seed ${seed}, ${kind}, ${seconds} s, log ${journal.path}`)
    const world = await World.start(kind, seed, secrets, violations, cleanup)
    const watch = new DockerWatch(world.docker, world.parts.daemonSocket, this.#runs, journal, (event) => world.foreign.take(event))
    await watch.learnPresent()
    await watch.start(cleanup)
    const sampler = new Sampler(world.parts.daemonSocket, MANAGED, ({ ids }) =>
      journal.write('sampler', `${ids.length} forwarded containers run: ${ids.map((id) => id.slice(0, 12)).join(' ')}`),
    )
    await sampler.start(cleanup)
    const berth = await BerthTree.prepare(
      {
        ...world.parts.env,
        // The second worker reaches Temporal at another address: both are the same Berth all the same.
        BERTH_INSTANCE: 'chaos',
        API_KEY: secrets.apiKey,
        RATE_LIMIT_MUTATIONS: '0',
        MIN_REPLICAS: String(MIN_REPLICAS),
        MIN_FREE_REPLICAS: '0',
        MAX_REPLICAS: String(MAX_REPLICAS),
        HEALTH_CHECK_INTERVAL_S: '1',
        STARTUP_TIMEOUT_S: '10',
      },
      journal,
      cleanup,
    )
    await berth.start()
    const api = new Api(berth.url, secrets.apiKey)
    const temporal = await cleanup.make(
      'the client of Temporal',
      async () => new TemporalSide(berth.temporalPort),
      (side) => side.close(),
    )
    const forceElection = async (times: number) => {
      const taken = await temporal.forceElection(times)
      if (times > 1 || taken < times) journal.write('work', `${taken} of ${times} signals forceElection were taken`)
    }
    const record = new ApiRecord(api, this.#lease, world.gluetun, this.#windows, named, violations)
    await record.start(cleanup)
    const work = new Work(api, new Random(seed, 'work'), journal, violations, forceElection)
    const target: Target = {
      world,
      berth,
      api,
      runs: this.#runs,
      random: new Random(seed, 'faults'),
      label: LABEL,
      long: seconds >= 300,
      forceElection,
      keepHistories: (folder) => temporal.keepHistories(folder),
      say: (text) => journal.write('note', text),
      tally: (what) => void this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1),
      wait: (milliseconds) => delay(milliseconds, undefined, { signal: this.#stopping.signal }),
    }

    await this.#recover(target, [], FIRST_START_MS, 'the first start')
    const missing = await work.probe()
    if (missing.length > 0) this.#say(`routes that are not there: ${missing.join(', ')}`)
    const working = work.run(this.#stopping.signal)
    const began = now()
    await this.#attack(target, work, began + seconds * 1000)
    work.pause()
    const attacked = (now() - began) / 1000
    this.#say(`the last fault is over; ${QUIET_MS / 1000} s of quiet`)
    await berth.stopSecond()
    await this.#settle(target, work)
    await delay(QUIET_MS, undefined, { signal: this.#stopping.signal })
    await this.#checkEnd(target, named)
    await this.#checkHistories(temporal, named)
    this.#stopping.abort()
    await working
    await sampler.stop()
    await berth.stop()
    this.#checkLogs(berth, named)
    const byHand = checkRuns(this.#runs, violations)
    checkSamples(sampler.report(), this.#runs, violations)
    checkLease(this.#lease, this.#runs, violations)
    return {
      kind,
      seed,
      seconds: attacked,
      log: journal.path,
      windows: this.#windows.all(),
      skipped: this.#skipped,
      tally: Object.fromEntries(this.#tally),
      turnovers: this.#lease.all(),
      quietTurnover: (from, to) => !this.#windows.any(from, to),
      sampler: sampler.report(),
      starts: this.#runs.forwardedRuns().length,
      byHand,
      api: record.report(),
      work: work.report(),
      historyEvents: this.#historyEvents,
      reconnects: watch.reconnects,
      violations: violations.all(),
    }
  }

  #say(text: string): void {
    this.journal.write('campaign', text)
  }

  async #attack(target: Target, work: Work, until: number): Promise<void> {
    const { options } = this
    const faults = FAULTS.filter(({ kinds, row }) => kinds.includes(options.kind) && (options.rows === null || options.rows.includes(row)))
    const deck = new Deck(faults, new Random(options.seed, 'deck'))
    while (now() < until) {
      work.resume()
      await target.wait(target.random.between(200, 2_000))
      if (now() >= until) break
      const drawn = deck.draw()
      const windows = (await Promise.all(drawn.map((fault) => this.#inflict(target, fault)))).filter((window) => window !== null)
      await target.wait(target.random.between(0, 500))
      work.pause()
      const limit = Math.max(...drawn.map(({ limitMs }) => limitMs))
      await this.#recover(target, windows, limit, drawn.map(({ row, name }) => `${row} ${name}`).join(' and '))
      await target.world.foreign.check().catch((error: unknown) => target.say(`foreign containers could not be checked: ${String(error)}`))
    }
  }

  /** Puts a fault in force, holds it, heals it; `null` when it could not be put in force. */
  async #inflict(target: Target, fault: Fault): Promise<FaultWindow | null> {
    const { random } = target
    const [least, most] = fault.holds
    const hold = random.between(least, target.long ? most : Math.min(most, Math.max(least, 6_000)))
    const title = `${fault.row} ${fault.name}`
    this.journal.write('fault', `${title}: begins, for ${hold} ms`)
    const window = this.#windows.begin(fault, now())
    let heal: Heal
    try {
      heal = await fault.inject(target)
    } catch (error) {
      this.#windows.forget(window)
      this.#skipped.push(`${title}: ${String(error)}`)
      this.journal.write('fault', `${title}: could not be inflicted: ${String(error)}`)
      return null
    }
    try {
      await target.wait(hold)
    } finally {
      await this.#heal(title, heal)
      window.healedAt = now()
      this.journal.write('fault', `${title}: healed`)
    }
    return window
  }

  /** What a fault did must be undone, or nothing that follows means anything. */
  async #heal(title: string, heal: Heal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await heal()
      } catch (error) {
        this.journal.write('note', `${title}: not healed at attempt ${attempt}: ${String(error)}`)
        if (attempt === 5 || this.#stopping.signal.aborted) throw new Error(`${title} could not be healed`, { cause: error })
        await delay(1_000)
      }
    }
  }

  /** I3. Waits until all is well, and records how long it took since each fault was healed. */
  async #recover(target: Target, windows: readonly FaultWindow[], limitMs: number, after: string, wanted: number | null = null) {
    const began = now()
    const look = () =>
      lookAt(
        target.api,
        () => target.world.managed(LABEL),
        () => target.world.gluetun.port,
        wanted,
      )
    const ready = async () => {
      const { status, text, stale } = await target.api.ask('GET', '/readyz', { withinMs: 5_000 })
      return status === 200 && !stale ? null : `not ready: ${status} ${text.slice(0, 300)}`
    }
    const { signal } = this.#stopping
    let missing = await converged(look, ready, limitMs, signal)
    if (signal.aborted) throw new Error('the campaign was stopped')
    if (missing !== null) {
      const what = `not well ${limitMs / 1000} s after ${after}: ${missing.join('; ')}`
      this.violations.add({ invariant: 'I3', at: now(), what })
      await this.#keepState(target)
      missing = await converged(look, ready, EXTRA_MS, signal)
      if (missing !== null)
        throw new Error(`the campaign ends: still not well ${(limitMs + EXTRA_MS) / 1000} s after ${after}: ${missing.join('; ')}`)
    }
    const at = now()
    const lastHealed = Math.max(...windows.map(({ healedAt }) => healedAt ?? began))
    for (const window of windows) {
      window.recoveredAt = at
      window.recoveryMs = at - lastHealed
    }
    if (windows.length > 0) this.journal.write('fault', `well again ${Math.round(at - began)} ms after: ${after}`)
  }

  /** What there is to see when it is not well, beside the event log. */
  async #keepState({ api, world, keepHistories }: Target): Promise<void> {
    const answers = await Promise.all(['/engines?all=true', '/lease', '/readyz'].map((path) => api.ask('GET', path)))
    const containers = await world.managed(LABEL).catch((error: unknown) => String(error))
    const state = { answers: answers.map(({ status, text }) => ({ status, text })), containers }
    writeFileSync(join(this.journal.folder, 'state.json'), JSON.stringify(state, null, 2))
    await keepHistories(join(this.journal.folder, 'histories')).catch((error: unknown) => {
      this.journal.write('note', `histories could not be kept: ${String(error)}`)
    })
  }

  async #settle(target: Target, work: Work): Promise<void> {
    await work.settle()
    await target.api.ask('POST', `/scale/${LAST_COUNT}`)
    await this.#recover(target, [], FIRST_START_MS, 'the end of all faults', LAST_COUNT)
  }

  /** I4 and I7, after the quiet. */
  async #checkEnd({ api, world }: Target, secrets: Readonly<Record<string, string>>): Promise<void> {
    const containers = await world.managed(LABEL)
    const all = await api.ask('GET', '/engines?all=true')
    for (const what of orphans(Engines.parse(JSON.parse(all.text)), containers)) this.violations.add({ invariant: 'I4', at: now(), what })
    await world.foreign.check()
    for (const path of ['/engines?all=true', '/lease', '/vpn/status', '/readyz', '/orchestrator/status', '/metrics']) {
      const { text } = await api.ask('GET', path)
      for (const name of secretsIn(text, secrets))
        this.violations.add({ invariant: 'I8', at: now(), what: `GET ${path} shows the ${name}` })
    }
  }

  async #checkHistories(temporal: TemporalSide, secrets: Readonly<Record<string, string>>): Promise<void> {
    for (const { name, events, text } of await temporal.histories()) {
      this.#historyEvents += events
      for (const secret of secretsIn(text, secrets)) {
        this.violations.add({ invariant: 'I8', at: now(), what: `the history of ${name} holds the ${secret}` })
      }
    }
  }

  #checkLogs(berth: BerthTree, secrets: Readonly<Record<string, string>>): void {
    for (const { name, text } of berth.logs()) {
      for (const secret of secretsIn(text, secrets))
        this.violations.add({ invariant: 'I8', at: now(), what: `${name} holds the ${secret}` })
    }
  }
}
