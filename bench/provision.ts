/**
 * @module
 * Ten clients ask for an engine each at the same time; and one that hangs up and asks again.
 */
import type { Berth } from './berth.js'
import type { DockerWorld } from './docker-world.js'
import { atMost, latencies, ms, quantile, table, type Verdict } from './figures.js'
import { RawEngines } from './raw-engines.js'

const AT_ONCE = 10
const LIMIT_MS = 2_500
/** An answer takes longer, so that there is one to wait for that is under way. */
const HANGS_UP_AFTER_MS = 75
const HANGS_UP = 3

/** Rounds of ten at once, of ten bare containers, and of a client that hangs up three times and asks a fourth. Each begins with no engine. */
export async function provision(berth: Berth, world: DockerWorld, rounds: number): Promise<Verdict[]> {
  console.log(`\nPOST /provision/acestream: ${rounds} rounds of ${AT_ONCE} at once`)
  const ours: number[] = []
  const floor: number[] = []
  const made: number[] = []
  let hungUp = 0
  let raw: RawEngines | null = null
  for (let round = 0; round < rounds; round++) {
    await emptied(berth)
    ours.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => berth.post('/provision/acestream')))))
    const follower = (await berth.settled(AT_ONCE)).find(({ forwarded }) => !forwarded)
    raw ??= await RawEngines.like(world, follower?.container_id ?? '')
    await emptied(berth)
    floor.push(...(await bareRound(raw)))
    const impatient = await impatientClient(berth)
    hungUp += impatient.hungUp
    made.push(impatient.made)
  }
  await emptied(berth)
  const row = (name: string, samples: readonly number[]) => [name, ...latencies(samples, [0.5, 1])]
  console.log(table(['asked for → answered', 'p50', 'worst'], [row('Berth', ours), row('floor: bare dockerode, all at once', floor)]))
  console.log(
    `  A client hung up after ${HANGS_UP_AFTER_MS} ms and asked again, ${hungUp} times in ${rounds} rounds: ${made.join(', ')} engines were made.`,
  )
  return [
    atMost(`POST /provision/acestream, ${AT_ONCE} at once: worst`, quantile(ours, 1), LIMIT_MS, ms),
    atMost('POST /provision/acestream, hung up and asked again: engines', quantile(made, 1), 1, String),
  ]
}

async function emptied(berth: Berth): Promise<void> {
  await berth.scale(0)
  await berth.empty()
  await berth.quiet()
}

/** Containers that are created and started all at once: how long each took. */
async function bareRound(raw: RawEngines): Promise<number[]> {
  const began = performance.now()
  const made = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, index) => ({ container: await raw.make(index), tookMs: performance.now() - began })),
  )
  await Promise.all(made.map(({ container }) => container.remove({ force: true })))
  return made.map(({ tookMs }) => tookMs)
}

/** Asks for one engine, hangs up while it is being made, asks the same again, and waits the last time. */
async function impatientClient(berth: Berth): Promise<{ hungUp: number; made: number }> {
  let hungUp = 0
  for (let answered = false; !answered; ) {
    const signal = hungUp < HANGS_UP ? AbortSignal.timeout(HANGS_UP_AFTER_MS) : undefined
    answered = await berth.post('/provision/acestream', {}, signal).then(
      () => true,
      (error: unknown) => {
        if (!signal?.aborted) throw error
        return false
      },
    )
    if (!answered) hungUp += 1
  }
  await berth.quiet()
  return { hungUp, made: await berth.allEngines() }
}
