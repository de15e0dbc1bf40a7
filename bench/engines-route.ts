/**
 * @module
 * `GET /engines` under load, beside a bare route that answers the same bytes, and what Docker sees of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import autocannon from 'autocannon'
import { z } from 'zod'
import { Berth } from './berth.js'
import type { Cleanup } from './cleanup.js'
import { atLeast, atMost, ms, quantile, table, type Verdict } from './figures.js'
import { HelperProcess } from './helper-process.js'
import { whileKilling } from './killing.js'
import type { Options } from './options.js'
import { SimulatedDocker } from './simulated-docker.js'

const ENGINES = [10, 50] as const
const CONNECTIONS = [16, 64] as const
/** So many of them are loaded while engines die, too. */
const ENGINES_KILLED = 50
const CONNECTIONS_KILLED = 64
const KILL_EVERY_MS = 1_000
const WARM_UP_SECONDS = 2
/** Docker's requests are counted at rest for this long before the load. */
const REST_SECONDS = 20
const LEAST_SHARE = 0.6
const P99_MS = 10

interface Load {
  perSecond: number
  p50: number
  p99: number
}

interface Scene {
  berth: Berth
  docker: SimulatedDocker
  bare: HelperProcess
  options: Options
}

/** Loads of Berth and of the floor by turns, with 10 and with 50 engines on Berth's own Docker simulator. */
export async function enginesRoute(cleanup: Cleanup, options: Options): Promise<Verdict[]> {
  console.log(`\nGET /engines: ${options.loadRounds} rounds of ${options.loadSeconds} s each (simulated Docker, load from this process)`)
  const docker = await SimulatedDocker.start(cleanup)
  const limits = { MAX_REPLICAS: '60', MAX_ACTIVE_REPLICAS: '60' }
  const berth = await Berth.prepare(cleanup, { ...docker.env, ...limits, MIN_REPLICAS: '0' })
  await berth.start()
  const bare = await HelperProcess.start('bare-route', cleanup)
  const verdicts: Verdict[] = []
  for (const engines of ENGINES) verdicts.push(...(await withEngines(engines, { berth, docker, bare, options })))
  await berth.discard()
  return verdicts
}

async function withEngines(engines: number, { berth, docker, bare, options }: Scene): Promise<Verdict[]> {
  await berth.scale(engines)
  await berth.settled(engines)
  await berth.quiet()
  const bytes = await berth.engineBytes()
  const barePort = await bare.ask(Buffer.from(bytes).toString('base64'), z.number())
  const urls = { ours: `${berth.url}/engines`, floor: `http://127.0.0.1:${barePort}/engines` }
  for (const url of Object.values(urls)) await autocannon({ url, connections: 16, duration: WARM_UP_SECONDS })

  const atRest = await countDuring(docker, () => delay(REST_SECONDS * 1000))
  const rows: string[][] = []
  const verdicts: Verdict[] = []
  let asked = 0
  const measure = async (connections: number, how: string): Promise<void> => {
    const { ours, floor } = await byTurns(urls, connections, options)
    asked += ours.perSecond * options.loadSeconds * options.loadRounds
    const share = ours.perSecond / floor.perSecond
    const cells = ({ perSecond, p50, p99 }: Load) => [perSecond.toFixed(0), `${p50} ms`, `${p99} ms`]
    rows.push([`Berth, ${connections} connections${how}`, ...cells(ours), percent(share)])
    rows.push([`bare Hono, ${connections} connections${how}`, ...cells(floor), ''])
    const what = `GET /engines, ${engines} engines, ${connections} connections${how}`
    verdicts.push(atLeast(`${what}: ÷ bare route`, share, LEAST_SHARE, percent))
    if (engines === ENGINES_KILLED && connections === CONNECTIONS_KILLED)
      verdicts.push(atMost(`${what}: p99 (bare route ${ms(floor.p99)})`, ours.p99, P99_MS, ms))
  }
  const underLoad = await countDuring(docker, async () => {
    for (const connections of CONNECTIONS) await measure(connections, '')
  })
  const answered = Math.round(asked)
  if (engines === ENGINES_KILLED) {
    const { deaths } = await whileKilling(docker, KILL_EVERY_MS, () => measure(CONNECTIONS_KILLED, ', engines die'))
    console.log(`  ${deaths.length} engines died during the last loads.`)
  }
  console.log(`\n${table([`${engines} engines, ${bytes.length} bytes`, 'requests/s', 'p50', 'p99', 'of bare'], rows)}`)
  console.log(
    `  Docker was asked ${perMinute(atRest)} times a minute at rest, and ${perMinute(underLoad)} times a minute while ${answered} requests were answered.`,
  )
  const growth = atMost(
    `requests to Docker a minute, ${engines} engines, under load (at most twice those at rest)`,
    underLoad,
    2 * atRest,
    perMinute,
  )
  return [...verdicts, growth]
}

/** The medians of the rounds. */
async function byTurns(urls: { ours: string; floor: string }, connections: number, options: Options): Promise<{ ours: Load; floor: Load }> {
  const ours: Load[] = []
  const floor: Load[] = []
  for (let round = 0; round < options.loadRounds; round++) {
    ours.push(await loadOnce(urls.ours, connections, options.loadSeconds))
    floor.push(await loadOnce(urls.floor, connections, options.loadSeconds))
  }
  return { ours: medians(ours), floor: medians(floor) }
}

async function loadOnce(url: string, connections: number, seconds: number): Promise<Load> {
  const result = await autocannon({ url, connections, duration: seconds })
  const failed = result.non2xx + result.errors + result.timeouts
  if (failed > 0) throw new Error(`${failed} of the requests to ${url} were not answered with 200`)
  return { perSecond: result['2xx'] / result.duration, p50: result.latency.p50, p99: result.latency.p99 }
}

function medians(loads: readonly Load[]): Load {
  const median = (of: (load: Load) => number) => quantile(loads.map(of), 0.5)
  return { perSecond: median((load) => load.perSecond), p50: median((load) => load.p50), p99: median((load) => load.p99) }
}

/** Requests to Docker a minute while `run` runs. */
async function countDuring(docker: SimulatedDocker, run: () => Promise<unknown>): Promise<number> {
  const before = await docker.requests()
  const began = performance.now()
  await run()
  return ((await docker.requests()) - before) / ((performance.now() - began) / 60_000)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function perMinute(value: number): string {
  return value.toFixed(1)
}
