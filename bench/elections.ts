/**
 * @module
 * A hundred elections asked for at once while ten others kill whoever is forwarded.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { killForwarded } from '../test/support/killer.js'
import type { Berth } from './berth.js'
import type { DockerWorld } from './docker-world.js'
import { atMost, latencies, ms, quantile, table, type Verdict } from './figures.js'

const ENGINES = 3
const ELECTIONS = 100
const KILLERS = 10
/** The killers strike this far apart. */
const KILL_EVERY_MS = 200
const LIMIT_MS = 2_000

const History = z.object({ items: z.array(z.object({ epoch: z.int(), gap_ms: z.number().nullable() })) })

/** Rounds of all at once; how long each request took, and how long the port had no holder. */
export async function elections(berth: Berth, world: DockerWorld, rounds: number): Promise<Verdict[]> {
  console.log(`\nElections: ${rounds} rounds of ${ELECTIONS} at once with ${KILLERS} killers and ${ENGINES} engines`)
  await berth.scale(ENGINES)
  const answers: number[] = []
  const gaps = new Map<number, number>()
  for (let round = 0; round < rounds; round++) {
    await berth.settled(ENGINES)
    const first = Math.max(...(await historyOf(berth)).map(({ epoch }) => epoch))
    await berth.quiet()
    const asked = Array.from({ length: ELECTIONS }, () => ask(berth))
    for (let killer = 0; killer < KILLERS; killer++) {
      await killForwarded(world.docker)
      await delay(KILL_EVERY_MS)
    }
    answers.push(...(await Promise.all(asked)))
    await berth.settled(ENGINES)
    const epochs = (await historyOf(berth)).filter(({ epoch }) => epoch > first)
    for (const { epoch, gap_ms } of epochs) if (gap_ms !== null) gaps.set(epoch, gap_ms)
    const holes = epochs.some(({ epoch }, index) => epoch !== (epochs[0]?.epoch ?? 0) - index)
    if (holes) throw new Error(`epochs are not consecutive: ${epochs.map(({ epoch }) => epoch).join(' ')}`)
  }
  const row = (name: string, samples: readonly number[]) => [name, String(samples.length), ...latencies(samples)]
  console.log(
    table(
      ['', 'samples', 'p50', 'p99', 'worst'],
      [row('an election is answered', answers), row('the port has no holder', [...gaps.values()])],
    ),
  )
  return [
    atMost('elections: answered, p99', quantile(answers, 0.99), LIMIT_MS, ms),
    atMost('elections: without a holder, p99', quantile([...gaps.values()], 0.99), LIMIT_MS, ms),
  ]
}

async function ask(berth: Berth): Promise<number> {
  const began = performance.now()
  const response = await fetch(`${berth.url}/lease/elect`, { method: 'POST' })
  if (response.status !== 202) throw new Error(`POST /lease/elect: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
  return performance.now() - began
}

async function historyOf(berth: Berth): Promise<z.infer<typeof History>['items']> {
  return History.parse(await (await fetch(`${berth.url}/lease/history?limit=100`)).json()).items
}
