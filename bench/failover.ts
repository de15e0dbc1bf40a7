/**
 * @module
 * The forwarded container is removed by hand: how long until a forwarded engine answers again.
 */
import { LABEL } from '../src/domain/labels.js'
import type { Berth, BenchEngine } from './berth.js'
import type { ContainerEvents } from './container-events.js'
import type { DockerWorld } from './docker-world.js'
import { untilAnswers } from './engine-answers.js'
import { atMost, ms, quantile, summarize, table, times, type Verdict } from './figures.js'
import { FLOOR_LABEL, RawEngines } from './raw-engines.js'
import { until } from './until.js'

const ENGINES = 3
/** A container that does not last a second counts as failed and is backed off from; one that a person removes by hand has lasted longer. */
const RUNS_FOR_MS = 2_000

/** What happened in one round, in milliseconds after the request to remove. */
const STEPS = ['die', 'destroy', 'create', 'start', 'answers'] as const
type Round = Record<(typeof STEPS)[number], number>

/**
 * Rounds of Berth and of the floor by turns. Both begin with the request that removes a running container and end with the first answer of
 * its successor at Gluetun's address, asked as often from its start on. Berth is settled and quiet before each.
 */
export async function failover(berth: Berth, world: DockerWorld, events: ContainerEvents, rounds: number): Promise<Verdict[]> {
  console.log(`\nFailover: ${rounds} rounds with ${ENGINES} engines`)
  await berth.scale(ENGINES)
  const raw = await RawEngines.like(world, holderOf(await berth.settled(ENGINES)).container_id)
  let { container: victim } = await raw.begin(0)
  const ours: Round[] = []
  const floor: Round[] = []
  let elsewhere = 0
  for (let round = 0; round < rounds; round++) {
    const before = holderOf(await berth.settled(ENGINES))
    await until('the holder has run for a while', () => (Date.now() - Date.parse(before.started_at ?? '') >= RUNS_FOR_MS ? true : null))
    await berth.quiet()
    ours.push(await ourRound(world, events, before.container_id))
    if (holderOf(await berth.settled(ENGINES)).engine_id !== before.engine_id) elsewhere += 1
    await berth.quiet()
    const measured = await floorRound(events, raw, victim.id, () => victim.remove({ force: true }))
    floor.push(measured.round)
    victim = measured.container
  }
  await victim.remove({ force: true })
  return report(ours, floor, elsewhere)
}

async function ourRound(world: DockerWorld, events: ContainerEvents, containerId: string): Promise<Round> {
  const began = performance.now()
  await world.docker.getContainer(containerId).remove({ force: true })
  const started = await events.first(began, ({ action, attributes }) => action === 'start' && attributes[LABEL.forwarded] === 'true')
  const answeredAt = await untilAnswers(world.address, Number(started.attributes[LABEL.httpPort]))
  return roundOf(events, { began, removed: containerId, made: started.containerId, answeredAt })
}

async function floorRound(events: ContainerEvents, raw: RawEngines, removed: string, remove: () => Promise<unknown>) {
  const began = performance.now()
  await remove()
  const { container, answeredAt } = await raw.begin(0)
  await events.first(began, ({ action, attributes }) => action === 'start' && FLOOR_LABEL in attributes)
  return { container, round: roundOf(events, { began, removed, made: container.id, answeredAt }) }
}

function roundOf(events: ContainerEvents, facts: { began: number; removed: string; made: string; answeredAt: number }): Round {
  const { began, removed, made, answeredAt } = facts
  const after = (containerId: string, action: string): number => {
    const event = events.find(began, (each) => each.containerId === containerId && each.action === action)
    if (!event) throw new Error(`Docker told of no ${action} of ${containerId}`)
    return event.at - began
  }
  return {
    die: after(removed, 'die'),
    destroy: after(removed, 'destroy'),
    create: after(made, 'create'),
    start: after(made, 'start'),
    answers: answeredAt - began,
  }
}

function report(ours: readonly Round[], floor: readonly Round[], elsewhere: number): Verdict[] {
  const [berth, bare] = [ours, floor].map((rounds) => summarize(rounds.map(({ answers }) => answers)))
  if (!berth || !bare) throw new Error('no rounds')
  console.log(
    table(
      ['removed by hand → answers', 'p50', 'p95', 'worst'],
      [
        ['Berth', ms(berth.p50), ms(berth.p95), ms(berth.worst)],
        ['floor: bare dockerode', ms(bare.p50), ms(bare.p95), ms(bare.worst)],
        ['ratio', times(berth.p50 / bare.p50), times(berth.p95 / bare.p95), times(berth.worst / bare.worst)],
      ],
    ),
  )
  console.log()
  const medians = (rounds: readonly Round[]) =>
    STEPS.map((step) =>
      ms(
        quantile(
          rounds.map((round) => round[step]),
          0.5,
        ),
      ),
    )
  console.log(
    table(
      ['by Docker’s events, p50 after the removal was asked', ...STEPS],
      [
        ['Berth', ...medians(ours)],
        ['floor', ...medians(floor)],
      ],
    ),
  )
  if (elsewhere > 0) console.log(`  In ${elsewhere} rounds the port went to another engine than the one that had it.`)
  return [
    atMost('failover: p50 ÷ floor’s p50', berth.p50 / bare.p50, 1.5, times),
    atMost('failover: worst ÷ floor’s p50', berth.worst / bare.p50, 4, times),
  ]
}

function holderOf(engines: readonly BenchEngine[]): BenchEngine {
  const holder = engines.find((engine) => engine.forwarded)
  if (!holder) throw new Error('no engine is forwarded')
  return holder
}
