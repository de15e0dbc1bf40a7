/**
 * @module
 * Two hundred clients follow the events while engines die, the port is handed on and streams come and go.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LiveEvent } from '../src/contracts/live.js'
import { Berth, Refused } from './berth.js'
import type { Cleanup } from './cleanup.js'
import { EventReader } from './event-reader.js'
import { atMost, latencies, ms, quantile, table, type Verdict } from './figures.js'
import { HeapReports, type Memory } from './heap.js'
import { type Death, whileKilling } from './killing.js'
import { SimulatedDocker } from './simulated-docker.js'
import { startOf } from './streams.js'
import { until } from './until.js'

const ENGINES = 10
const READERS = 200
const KILL_EVERY_MS = 1_000
const ELECT_EVERY_MS = 3_000
const STREAM_EVERY_MS = 250
const PLAYS_MS = 1_000
const WITHIN_MS = 500
/** Of heap that is still used when all have left: what the events themselves occupy that are kept for readers that come back. */
const GROWTH_MIB = 16

/** One reader is the measure of the others: it comes first and is told everything. */
export async function events(cleanup: Cleanup, seconds: number): Promise<Verdict[]> {
  console.log(`\nEvents: ${READERS} readers for ${seconds} s with ${ENGINES} engines (simulated Docker)`)
  const docker = await SimulatedDocker.start(cleanup)
  const heap = await HeapReports.prepare(cleanup)
  const settings = { MIN_REPLICAS: String(ENGINES), MIN_FREE_REPLICAS: '0' }
  const berth = await Berth.prepare(cleanup, { ...docker.env, ...heap.env, ...settings })
  await berth.start()
  await berth.settled(ENGINES)
  const url = `${berth.url}/api/v1/events`
  const crowd = () => Promise.all(Array.from({ length: READERS }, () => EventReader.open(cleanup, url)))
  // What a first crowd makes the process load is not growth.
  for (const reader of await crowd()) reader.close()
  await berth.quiet()

  const pid = berth.find('api')
  const memory: [string, Memory][] = []
  const note = async (when: string): Promise<void> => {
    if (pid !== null) memory.push([when, await heap.of(pid)])
  }
  await note('nobody reads')
  const reference = await EventReader.open(cleanup, url, { keepData: true })
  const readers = await crowd()
  await note(`${READERS} readers came`)
  const { deaths } = await whileKilling(docker, KILL_EVERY_MS, () => muchHappens(berth, seconds * 1_000))
  await berth.settled(ENGINES)
  await berth.quiet()
  await note(`${seconds} s later`)
  const lost = await missing(reference, readers)
  for (const reader of [reference, ...readers]) reader.close()
  await berth.quiet()
  await note('all have left')
  await berth.discard()
  return report({ reference, readers, lost, deaths, memory })
}

/** Elections, and streams that begin and end. What is refused, as an engine is just being replaced, is left. */
async function muchHappens(berth: Berth, forMs: number): Promise<void> {
  const until = performance.now() + forMs
  const tried = (path: string, body: object) =>
    berth.post(path, body).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
    })
  const each = async (everyMs: number, happen: (count: number) => Promise<unknown>): Promise<void> => {
    const under: Promise<unknown>[] = []
    for (let count = 0; performance.now() < until; count++) {
      under.push(happen(count))
      await delay(everyMs)
    }
    await Promise.all(under)
  }
  await Promise.all([
    each(ELECT_EVERY_MS, () => tried('/lease/elect', { force: true })),
    each(STREAM_EVERY_MS, async (count) => {
      const engines = await berth.engines()
      const engine = engines[count % engines.length]
      if (!engine) return
      await tried('/events/stream_started', startOf(`s-${count}`, engine))
      await delay(PLAYS_MS)
      await tried('/events/stream_ended', { stream_id: `s-${count}`, reason: 'bench' })
    }),
  ])
}

/** How many events were not told, told twice or told out of order, over all readers. All get the time to catch up with the reference. */
async function missing(reference: EventReader, readers: readonly EventReader[]): Promise<number> {
  const lastOf = ({ told }: EventReader) => told.at(-1)?.id
  const level = until('every reader has the last event', () => readers.every((reader) => lastOf(reader) === lastOf(reference)) || null)
  await level.catch(() => undefined)
  const ids = reference.told.map(({ id }) => id)
  const faults = ids.slice(1).filter((id, index) => numberOf(id) !== numberOf(ids[index] ?? '') + 1)
  let lost = faults.length
  for (const { told, ended } of readers) {
    if (ended !== null) console.log(`  A reader was cut off (${ended}).`)
    const from = ids.lastIndexOf(told[0]?.id ?? '')
    const expected = ids.slice(from)
    lost +=
      from === -1 ? ids.length : expected.filter((id, index) => told[index]?.id !== id).length + Math.max(0, told.length - expected.length)
  }
  return lost
}

const numberOf = (id: string): number => Number(id.split('-')[1])

interface Measured {
  reference: EventReader
  readers: readonly EventReader[]
  lost: number
  deaths: readonly Death[]
  memory: readonly [string, Memory][]
}

function report({ reference, readers, lost, deaths, memory }: Measured): Verdict[] {
  const events = reference.told.map(({ data }) => LiveEvent.parse(JSON.parse(data)))
  const changedAt = changeTimes(events)
  const lags = new Map<string, number[]>()
  const arrived = readers.map(({ told }) => new Map(told.map(({ id, at }) => [id, at])))
  for (const { id, type } of events) {
    const changed = changedAt.get(id)
    if (changed === undefined) continue
    const seen = arrived.map((times) => times.get(id)).filter((at) => at !== undefined)
    lags.set(type, [...(lags.get(type) ?? []), ...seen.map((at) => at - changed)])
  }
  const gone = untilTold(reference, events, deaths)
  const all = [...lags.values()].flat()
  const row = (name: string, samples: readonly number[]) => [name, String(samples.length), ...latencies(samples)]
  console.log(
    table(
      ['change → told', 'samples', 'p50', 'p99', 'worst'],
      [
        ...[...lags].map(([type, samples]) => row(type, samples)),
        row('all of these', all),
        ...(gone.length > 0 ? [row('an engine dies → it is told, with the new one mostly', gone)] : []),
      ],
    ),
  )
  console.log(`  ${events.length - 1} events to each of ${readers.length} readers, ${lost} lost; ${deaths.length} engines died.`)
  if (memory.length > 0) {
    const mib = (value: number) => `${value.toFixed(0)} MiB`
    console.log(
      `\n${table(
        ['API, after a full collection', 'RSS', 'heap'],
        memory.map(([when, of]) => [when, mib(of.rssMiB), mib(of.heapMiB)]),
      )}`,
    )
  }
  const [first, last] = [memory.at(0)?.[1].heapMiB, memory.at(-1)?.[1].heapMiB]
  const growth = first === undefined || last === undefined ? [] : [last - first]
  return [
    atMost(`events: lost, ${readers.length} readers`, lost, 0, String),
    atMost('events: change → told, p99', quantile(all, 0.99), WITHIN_MS, ms),
    ...growth.map((mib) => atMost('events: growth of the API’s heap', mib, GROWTH_MIB, (value) => `${value.toFixed(0)} MiB`)),
  ]
}

/** When what an event tells of happened, by the event's id, where it says so itself. */
function changeTimes(events: readonly LiveEvent[]): Map<string, number> {
  const times = new Map<string, number>()
  const started = new Map<string, string | null>()
  let since: string | undefined
  for (const event of events) {
    const note = (time: string | null | undefined) => time && times.set(event.id, Date.parse(time))
    if (event.type === 'state') {
      for (const { engine_id, started_at } of event.data.engines) started.set(engine_id, started_at)
      since = event.data.lease.holder?.since
    }
    if (event.type === 'stream.started') note(event.data.started_at)
    if (event.type === 'stream.ended') note(event.data.ended_at)
    if (event.type === 'engine.changed' && event.data.started_at !== started.get(event.data.engine_id)) {
      started.set(event.data.engine_id, event.data.started_at)
      note(event.data.started_at)
    }
    if (event.type === 'lease.changed' && event.data.holder?.since !== since) {
      since = event.data.holder?.since
      note(since)
    }
  }
  return times
}

/** How long after each death the reference was told that this engine has another container, or none. */
function untilTold(reference: EventReader, events: readonly LiveEvent[], deaths: readonly Death[]): number[] {
  const containers = new Map<string, string>()
  const gone = new Map<string, number>()
  for (const [index, event] of events.entries()) {
    const engines = event.type === 'state' ? event.data.engines : event.type === 'engine.changed' ? [event.data] : []
    for (const { engine_id, container_id, phase } of engines) {
      const known = containers.get(engine_id)
      if (known !== undefined && !gone.has(known) && (known !== container_id || (phase !== 'running' && phase !== 'starting')))
        gone.set(known, reference.told[index]?.at ?? 0)
      if (container_id !== null) containers.set(engine_id, container_id)
    }
  }
  return deaths.flatMap(({ containerId, at }) => (gone.has(containerId) ? [(gone.get(containerId) ?? 0) - at] : []))
}
