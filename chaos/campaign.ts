/**
 * @module
 * One campaign: work and faults for as long as asked, recovery after each, quiet at the end, and every promise checked throughout.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cleanup } from '../bench/cleanup.js'
import { Api, Engines } from './api.js'
import { ApiRecord } from './api-record.js'
import { Attack } from './attack.js'
import { BerthTree } from './berth-tree.js'
import { now } from './clock.js'
import { orphans } from './convergence.js'
import { DockerWatch } from './docker-watch.js'
import type { Target } from './fault.js'
import { FaultWindows } from './fault-windows.js'
import { checkCalm, checkLease, checkPorts, checkRuns, checkSamples } from './final-checks.js'
import type { Journal } from './journal.js'
import { LeaseRecord } from './lease-record.js'
import type { Options } from './options.js'
import { Random } from './random.js'
import { Recovery } from './recovery.js'
import { ContainerRuns } from './runs.js'
import { Sampler } from './sampler.js'
import { SecretSearch } from './secret-search.js'
import { MANAGED, MAX_REPLICAS, MIN_REPLICAS } from './setting.js'
import type { Summary } from './summary.js'
import { TemporalSide } from './temporal-side.js'
import type { Violations } from './violations.js'
import { Work } from './work.js'
import { World } from './world.js'

const LABEL = `${MANAGED.key}=${MANAGED.value}`
const QUIET_MS = { long: 30_000, short: 15_000 }
const FIRST_START_MS = 60_000
const LAST_COUNT = 4

/** Everything of one campaign. */
export class Campaign {
  readonly #stopping = new AbortController()
  readonly #windows = new FaultWindows()
  readonly #lease = new LeaseRecord()
  readonly #runs = new ContainerRuns(MANAGED)
  readonly #tally = new Map<string, number>()

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
    const { seed, kind, seconds, rotateEvery } = options
    const { signal } = this.#stopping
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
    const env = {
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
      ...(rotateEvery === null ? {} : { FORWARDED_ROTATE_EVERY: rotateEvery }),
    }
    const berth = await BerthTree.prepare(env, journal, cleanup)
    await berth.start()
    const api = new Api(berth.url, secrets.apiKey)
    const temporal = await cleanup.make(
      'the client of Temporal',
      async () => new TemporalSide(berth.temporalPort, env),
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
      rotateEvery: (milliseconds) => temporal.rotateEvery(milliseconds),
      terminate: async (...workflows) => {
        try {
          await temporal.terminate(...workflows)
        } finally {
          if (workflows.includes('lease')) this.#lease.terminated(Date.now())
        }
      },
      keepHistories: (folder) => temporal.keepHistories(folder),
      say: (text) => journal.write('note', text),
      tally: (what, times = 1) => void this.#tally.set(what, (this.#tally.get(what) ?? 0) + times),
      wait: (milliseconds) => delay(milliseconds, undefined, { signal }),
    }
    const recovery = new Recovery(target, violations, journal, signal)
    const attack = new Attack(options, target, work, recovery, this.#windows, journal, signal)
    const search = new SecretSearch(named, violations)

    await recovery.wait([], FIRST_START_MS, 'the first start')
    const missing = await work.probe()
    if (missing.length > 0) this.#say(`routes that are not there: ${missing.join(', ')}`)
    const working = work.run(signal)
    const began = now()
    await attack.run(began + seconds * 1000)
    const attacked = (now() - began) / 1000
    const quiet = QUIET_MS[target.long ? 'long' : 'short']
    this.#say(`the last fault is over; ${quiet / 1000} s of quiet`)
    await berth.stopSecond()
    await work.settle()
    await api.ask('POST', `/scale/${LAST_COUNT}`)
    await recovery.wait([], FIRST_START_MS, 'the end of all faults', LAST_COUNT)
    await delay(quiet, undefined, { signal })
    await this.#checkOrphans(target)
    await world.foreign.check()
    await search.answers(api)
    const historyEvents = await search.histories(temporal)
    this.#stopping.abort()
    await working
    await sampler.stop()
    await berth.stop()
    search.logs(berth)
    const byHand = checkRuns(this.#runs, violations)
    checkSamples(sampler.report(), this.#runs, violations)
    checkLease(this.#lease, this.#runs, violations)
    checkPorts(this.#lease.all(), (port) => world.gluetun.countedSince(port), violations)
    checkCalm(this.#lease.all(), this.#windows.all(), rotateEvery !== null, violations)
    return {
      kind,
      seed,
      seconds: attacked,
      log: journal.path,
      windows: this.#windows.all(),
      skipped: attack.skipped,
      tally: Object.fromEntries(this.#tally),
      turnovers: this.#lease.all(),
      quietTurnover: (from, to) => !this.#windows.any(from, to),
      sampler: sampler.report(),
      starts: this.#runs.forwardedRuns().length,
      byHand,
      api: record.report(),
      work: work.report(),
      historyEvents,
      reconnects: watch.reconnects,
      violations: violations.all(),
    }
  }

  #say(text: string): void {
    this.journal.write('campaign', text)
  }

  /** I4, after the quiet. */
  async #checkOrphans({ api, world }: Target): Promise<void> {
    const containers = await world.managed(LABEL)
    const all = await api.ask('GET', '/engines?all=true')
    for (const what of orphans(Engines.parse(JSON.parse(all.text)), containers)) {
      this.violations.add({ invariant: 'I4', at: now(), what })
    }
  }
}
