/**
 * @module
 * Players tell of streams that begin and end, twenty at once, beside an update of a workflow that changes nothing.
 */
import { Client, Connection } from '@temporalio/client'
import { streamEnded } from '../workflows/messages.js'
import { engineWorkflowId } from '../src/temporal/names.js'
import { type BenchEngine, Berth } from './berth.js'
import type { Cleanup } from './cleanup.js'
import { atMost, latencies, ms, quantile, table, type Verdict } from './figures.js'
import { SimulatedDocker } from './simulated-docker.js'

const ENGINES = 10
const AT_ONCE = 20
/** Each of those who ask at once asks so often in a round. */
const IN_A_ROW = 5
const LIMIT_MS = 250

/** Rounds in which streams begin, end, and as many bare updates are made; the first is not counted. */
export async function streamEvents(cleanup: Cleanup, rounds: number): Promise<Verdict[]> {
  console.log(
    `\nStreams: ${rounds} rounds of ${AT_ONCE * IN_A_ROW} that begin and end, ${AT_ONCE} at once, with ${ENGINES} engines (simulated Docker)`,
  )
  const docker = await SimulatedDocker.start(cleanup)
  const berth = await Berth.prepare(cleanup, { ...docker.env, MIN_REPLICAS: String(ENGINES), MIN_FREE_REPLICAS: '0' })
  await berth.start()
  const engines = await berth.settled(ENGINES)
  const connection = await cleanup.make(
    'the connection to Temporal',
    () => Connection.connect({ address: `127.0.0.1:${berth.temporalPort}` }),
    (made) => made.close(),
  )
  const client = new Client({ connection, namespace: 'berth' })
  const engineOf = (index: number): BenchEngine => engines[index % ENGINES] as BenchEngine
  const bareUpdate = async (index: number): Promise<number> => {
    const began = performance.now()
    const workflow = client.workflow.getHandle(engineWorkflowId('default', engineOf(index).engine_id))
    await workflow.executeUpdate(streamEnded, { args: [{ streamId: 'none', reason: 'none' }] })
    return performance.now() - began
  }

  const begun: number[] = []
  const ended: number[] = []
  const floor: number[] = []
  for (let round = 0; round <= rounds; round++) {
    await berth.quiet()
    const starts = await atOnce((index) => berth.post('/events/stream_started', startOf(`${round}-${index}`, engineOf(index))))
    const ends = await atOnce((index) => berth.post('/events/stream_ended', { stream_id: `${round}-${index}`, reason: 'bench' }))
    await berth.quiet()
    const bare = await atOnce(bareUpdate)
    if (round === 0) continue
    begun.push(...starts)
    ended.push(...ends)
    floor.push(...bare)
  }
  await berth.discard()
  const row = (name: string, samples: readonly number[]) => [name, ...latencies(samples)]
  console.log(
    table(
      ['', 'p50', 'p99', 'worst'],
      [row('stream_started', begun), row('stream_ended', ended), row('floor: an update that changes nothing', floor)],
    ),
  )
  return [
    atMost(`POST /events/stream_started, ${AT_ONCE} at once: p99`, quantile(begun, 0.99), LIMIT_MS, ms),
    atMost(`POST /events/stream_ended, ${AT_ONCE} at once: p99`, quantile(ended, 0.99), LIMIT_MS, ms),
  ]
}

/** As a player tells of it. */
export function startOf(id: string, { host, port }: Pick<BenchEngine, 'host' | 'port'>): object {
  const [statUrl, commandUrl] = ['stat', 'cmd'].map((kind) => `http://${host}:${port}/ace/${kind}/bench/${id}`)
  return {
    engine: { host, port },
    stream: { key_type: 'infohash', key: id },
    session: { playback_session_id: id, stat_url: statUrl, command_url: commandUrl, is_live: 1 },
    labels: { stream_id: id },
  }
}

/** How long each took; `AT_ONCE` are under way at any time. */
async function atOnce(ask: (index: number) => Promise<number>): Promise<number[]> {
  const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
    const taken: number[] = []
    for (let turn = 0; turn < IN_A_ROW; turn++) taken.push(await ask(turn * AT_ONCE + lane))
    return taken
  })
  return (await Promise.all(lanes)).flat()
}
