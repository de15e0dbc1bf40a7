/**
 * @module
 * The worker ends while the forwarded container is being replaced: how long until a forwarded engine answers again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LABEL } from '../src/domain/labels.js'
import type { Berth } from './berth.js'
import type { ContainerEvents } from './container-events.js'
import type { DockerWorld } from './docker-world.js'
import { untilAnswers } from './engine-answers.js'
import { atMost, ms, summarize, table, type Verdict } from './figures.js'
import { until } from './until.js'

const ENGINES = 2
/** A container that does not last a second counts as failed and is backed off from. */
const RUNS_FOR_MS = 2_000
/** The worker ends this long after the removal was asked, spread over a whole hand-over. */
const SPREAD_MS = 240

interface Way {
  name: string
  signal: 'SIGKILL' | 'SIGTERM'
  /** Another worker of the pool runs all the time, and the one that ends is not started again before the port is handed on. */
  second: boolean
  limitMs: number
}

/** The limits: a worker that is started again, one that stops in order, and a heartbeat time-out (3 s) with what follows it. */
const WAYS: readonly Way[] = [
  { name: 'killed, from its restart', signal: 'SIGKILL', second: false, limitMs: 5_000 },
  { name: 'stopped in order, from its restart', signal: 'SIGTERM', second: false, limitMs: 2_000 },
  { name: 'killed beside a second one, from the kill', signal: 'SIGKILL', second: true, limitMs: 5_000 },
]

/** Rounds of each way. A round that was over before the worker ended counts as 0. */
export async function recovery(berth: Berth, world: DockerWorld, events: ContainerEvents, rounds: number): Promise<Verdict[]> {
  console.log(`\nRecovery: ${rounds} rounds of each way with ${ENGINES} engines`)
  await berth.scale(ENGINES)
  const verdicts: Verdict[] = []
  const rows: string[][] = []
  for (const way of WAYS) {
    const samples: number[] = []
    for (let round = 0; round < rounds; round++) samples.push(await measure(way, berth, world, events, (round * SPREAD_MS) / rounds))
    const { p50, p95, worst } = summarize(samples)
    console.log(`  ${way.name}: ${samples.map((sample) => Math.round(sample)).join(' ')}`)
    rows.push([way.name, ms(p50), ms(p95), ms(worst)])
    verdicts.push(atMost(`recovery: worker ${way.name}, worst`, worst, way.limitMs, ms))
  }
  console.log(table(['worker → a forwarded engine answers', 'p50', 'p95', 'worst'], rows))
  return verdicts
}

async function measure(way: Way, berth: Berth, world: DockerWorld, events: ContainerEvents, endsAfterMs: number): Promise<number> {
  const extra = way.second ? await berth.startWorker() : null
  // What the API says may be some seconds old while no worker answers.
  const holder = await until('the API shows the forwarded container that runs', async () => {
    const engine = (await berth.settled(ENGINES)).find(({ forwarded }) => forwarded)
    const running = await world.docker.listContainers({ filters: JSON.stringify({ label: [`${LABEL.forwarded}=true`] }) })
    return engine && running[0]?.Id === engine.container_id ? engine : null
  })
  await until('the holder has run for a while', () => (Date.now() - Date.parse(holder.started_at ?? '') >= RUNS_FOR_MS ? true : null))
  await berth.quiet()
  const pid = extra?.pid ?? berth.processes().get('worker') ?? 0
  const began = performance.now()
  const removed = world.docker.getContainer(holder.container_id).remove({ force: true })
  await delay(endsAfterMs)
  process.kill(pid, way.signal)
  const killedAt = performance.now()
  const from = way.second ? killedAt : await restartOf(berth, pid)
  await removed
  const started = await events.first(began, ({ action, attributes }) => action === 'start' && attributes[LABEL.forwarded] === 'true')
  const answeredAt = await untilAnswers(world.address, Number(started.attributes[LABEL.httpPort]))
  return Math.max(0, answeredAt - from)
}

/** When the successor of this process was seen first. */
async function restartOf(berth: Berth, pid: number): Promise<number> {
  return until(
    'the worker is started again',
    () => {
      const now = berth.find('worker')
      return now !== null && now !== pid ? performance.now() : null
    },
    { everyMs: 5, withinMs: 30_000 },
  )
}
