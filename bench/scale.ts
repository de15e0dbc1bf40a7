/**
 * @module
 * Ten engines from nothing: how long until all of them answer.
 */
import type Docker from 'dockerode'
import { LABEL } from '../src/domain/labels.js'
import type { Berth } from './berth.js'
import type { ContainerEvents } from './container-events.js'
import type { DockerWorld } from './docker-world.js'
import { untilAnswers } from './engine-answers.js'
import { atMost, ms, summarize, table, times, type Verdict } from './figures.js'
import { RawEngines } from './raw-engines.js'

const ENGINES = 10

/** Rounds of Berth and of the floor by turns, each from no engine at all. Berth's time begins with `POST /scale/10`. */
export async function scaleUp(berth: Berth, world: DockerWorld, events: ContainerEvents, rounds: number): Promise<Verdict[]> {
  console.log(`\nTen engines from nothing: ${rounds} rounds`)
  const ours: number[] = []
  const floor: number[] = []
  let raw: RawEngines | null = null
  for (let round = 0; round < rounds; round++) {
    await berth.scale(0)
    await berth.empty()
    await berth.quiet()
    ours.push(await ourRound(berth, world, events))
    const engines = await berth.settled(ENGINES)
    const follower = engines.find((engine) => !engine.forwarded)
    raw ??= await RawEngines.like(world, follower?.container_id ?? '')
    await berth.scale(0)
    await berth.empty()
    await berth.quiet()
    floor.push(await floorRound(raw))
  }
  const [berthFigures, bare] = [summarize(ours), summarize(floor)]
  console.log(
    table(
      ['asked for → all ten answer', 'p50', 'worst'],
      [
        ['Berth', ms(berthFigures.p50), ms(berthFigures.worst)],
        ['floor: bare dockerode, all at once', ms(bare.p50), ms(bare.worst)],
        ['ratio', times(berthFigures.p50 / bare.p50), times(berthFigures.worst / bare.worst)],
      ],
    ),
  )
  return [atMost('ten engines: p50 ÷ floor’s p50', berthFigures.p50 / bare.p50, 2, times)]
}

async function ourRound(berth: Berth, world: DockerWorld, events: ContainerEvents): Promise<number> {
  const began = performance.now()
  const asked = berth.scale(ENGINES)
  const started = new Set<string>()
  const answered: Promise<number>[] = []
  while (answered.length < ENGINES) {
    const event = await events.first(
      began,
      ({ action, containerId, attributes }) => action === 'start' && LABEL.engineId in attributes && !started.has(containerId),
    )
    started.add(event.containerId)
    answered.push(untilAnswers(world.address, Number(event.attributes[LABEL.httpPort])))
  }
  await asked
  return Math.max(...(await Promise.all(answered))) - began
}

async function floorRound(raw: RawEngines): Promise<number> {
  const began = performance.now()
  const made = await Promise.all(Array.from({ length: ENGINES }, (_, index) => raw.begin(index)))
  const taken = Math.max(...made.map(({ answeredAt }) => answeredAt)) - began
  await Promise.all(made.map(({ container }: { container: Docker.Container }) => container.remove({ force: true })))
  return taken
}
