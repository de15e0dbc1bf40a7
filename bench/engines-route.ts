/**
 * @module
 * `GET /engines` under load, beside a bare route that answers the same bytes, and what Docker sees of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import autocannon from 'autocannon'
import { z } from 'zod'
import { Berth } from './berth.js'
import type { Cleanup } from './cleanup.js'
import { atLeast, atMost, quantile, table, type Verdict } from './figures.js'
import { HelperProcess } from './helper-process.js'
import type { Options } from './options.js'
import { SimulatedDocker } from './simulated-docker.js'

const ENGINES = [10, 50] as const
const CONNECTIONS = [16, 64] as const
const WARM_UP_SECONDS = 2
/** Docker's requests are counted at rest for this long before the load. */
const REST_SECONDS = 30

interface Load {
  perSecond: number
  p50: number
  p99: number
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

async function withEngines(
  engines: number,
  { berth, docker, bare, options }: { berth: Berth; docker: SimulatedDocker; bare: HelperProcess; options: Options },
): Promise<Verdict[]> {
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
  const underLoad = await countDuring(docker, async () => {
    for (const connections of CONNECTIONS) {
      const ours: Load[] = []
      const floor: Load[] = []
      for (let round = 0; round < options.loadRounds; round++) {
        const load = await loadOnce(urls.ours, connections, options.loadSeconds)
        asked += load.perSecond * options.loadSeconds
        ours.push(load)
        floor.push(await loadOnce(urls.floor, connections, options.loadSeconds))
      }
      const [berthLoad, bareLoad] = [medians(ours), medians(floor)]
      const share = berthLoad.perSecond / bareLoad.perSecond
      const cells = ({ perSecond, p50, p99 }: Load) => [perSecond.toFixed(0), `${p50} ms`, `${p99} ms`]
      rows.push(
        [`Berth, ${connections} connections`, ...cells(berthLoad), percent(share)],
        [`bare Hono, ${connections} connections`, ...cells(bareLoad), ''],
      )
      verdicts.push(atLeast(`GET /engines, ${engines} engines, ${connections} connections: ÷ bare route`, share, 0.5, percent))
    }
  })
  console.log(`\n${table([`${engines} engines, ${bytes.length} bytes`, 'requests/s', 'p50', 'p99', 'of bare'], rows)}`)
  console.log(
    `  Docker was asked ${perMinute(atRest)} times a minute at rest, and ${perMinute(underLoad)} times a minute while ${Math.round(asked)} requests were answered.`,
  )
  const growth = atMost(
    `requests to Docker a minute, ${engines} engines, under load (at most twice those at rest)`,
    underLoad,
    2 * atRest,
    perMinute,
  )
  return [...verdicts, growth]
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
