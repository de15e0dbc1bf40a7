/**
 * @module
 * `npm run bench`: measures Berth beside its floor, in one run on one machine, and says which targets are met.
 */
import { constants, cpus, loadavg } from 'node:os'
import { untilAskedToStop } from '../src/stop.js'
import { whyNoDockerd } from '../test/support/dockerd.js'
import { Berth } from './berth.js'
import { Cleanup } from './cleanup.js'
import { ContainerEvents } from './container-events.js'
import { type DockerWorld, startDockerWorld } from './docker-world.js'
import { enginesRoute } from './engines-route.js'
import { elections } from './elections.js'
import { events } from './events.js'
import { failover } from './failover.js'
import { type Verdict, verdictTable } from './figures.js'
import { HELPER } from './helper-process.js'
import { historyAtRest } from './history.js'
import { memoryAndRestart } from './memory.js'
import { type Options, readOptions, type Section, USAGE, UsageError } from './options.js'
import { provision } from './provision.js'
import { recovery } from './recovery.js'
import { scaleUp } from './scale.js'
import { SimulatedDocker } from './simulated-docker.js'
import { streamEvents } from './streams.js'

/** Sections with a Berth of their own, in the order of `SECTIONS`; what cannot be measured here is said and skipped. */
async function measure(cleanup: Cleanup, options: Options): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const wanted = (...sections: Section[]) => sections.filter((section) => options.sections.includes(section))
  const obstacle = whyNoDockerd()
  let world: DockerWorld | null = null

  const containers = wanted('failover', 'elections', 'recovery', 'scale', 'provision')
  if (containers.length > 0 && obstacle !== null) console.log(`\nSkipped: ${containers.join(' and ')}, as ${obstacle}.`)
  if (containers.length > 0 && obstacle === null) {
    world = await startDockerWorld(cleanup)
    const containerEvents = await ContainerEvents.follow(world.docker, cleanup)
    const berth = await Berth.prepare(cleanup, { ...world.env, MIN_REPLICAS: '0' })
    await berth.start()
    if (wanted('failover').length > 0) verdicts.push(...(await failover(berth, world, containerEvents, options.rounds)))
    if (wanted('elections').length > 0) verdicts.push(...(await elections(berth, world, options.electionRounds)))
    if (wanted('recovery').length > 0) verdicts.push(...(await recovery(berth, world, containerEvents, options.recoveryRounds)))
    if (wanted('scale').length > 0) verdicts.push(...(await scaleUp(berth, world, containerEvents, options.scaleRounds)))
    if (wanted('provision').length > 0) verdicts.push(...(await provision(berth, world, options.provisionRounds)))
    await berth.scale(0)
    await berth.empty()
    await berth.discard()
  }

  if (wanted('engines').length > 0) verdicts.push(...(await enginesRoute(cleanup, options)))
  if (wanted('streams').length > 0) verdicts.push(...(await streamEvents(cleanup, options.streamRounds)))
  if (wanted('events').length > 0) verdicts.push(...(await events(cleanup, options.eventSeconds)))

  if (wanted('history', 'memory').length > 0) {
    if (obstacle !== null) console.log(`\nHistory and memory are measured on Berth’s own Docker simulator, as ${obstacle}.`)
    const { env } = obstacle === null ? (world ?? (await startDockerWorld(cleanup))) : await SimulatedDocker.start(cleanup)
    const berth = await Berth.prepare(cleanup, { ...env, MIN_REPLICAS: '3' })
    await berth.start()
    if (wanted('history').length > 0) verdicts.push(...(await historyAtRest(berth, cleanup, options.restSeconds)))
    if (wanted('memory').length > 0 && process.platform === 'linux') verdicts.push(...(await memoryAndRestart(berth)))
    else if (wanted('memory').length > 0) console.log('\nSkipped: memory, as it is read from /proc, which only Linux has.')
  }
  return verdicts
}

/** Resolves with the exit code: 0 also when targets are missed. */
async function run(options: Options): Promise<number> {
  const cleanup = new Cleanup()
  const asked = untilAskedToStop()
  const machine = () =>
    `load average ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`
  console.log(`${new Date().toISOString()}, ${cpus().length} cores, Node.js ${process.version}, ${machine()}`)
  try {
    const measured = measure(cleanup, options)
    const ended = await Promise.race([measured, asked])
    if (typeof ended === 'string') {
      console.log(`\nbench: stopping (${ended})`)
      measured.catch(() => undefined) // it breaks off where it is
      return 128 + constants.signals[ended === 'SIGTERM' ? 'SIGTERM' : 'SIGINT']
    }
    const missed = ended.filter(({ met }) => !met).length
    if (ended.length > 0) console.log(`\n${verdictTable(ended)}\n`)
    console.log(missed === 0 ? `No target is missed; ${machine()}.` : `${missed} of ${ended.length} targets MISSED; ${machine()}.`)
    return 0
  } finally {
    await cleanup.run()
  }
}

async function main(args: string[]): Promise<number> {
  if (args[0] === HELPER) {
    if (args[1] === 'bare-route') await (await import('./bare-route.js')).runBareRoute()
    else await (await import('./simulated-docker.js')).runSimulatedDocker()
    return 0
  }
  try {
    const options = readOptions(args)
    if (options !== null) return await run(options)
    console.log(USAGE)
    return 0
  } catch (error) {
    if (error instanceof UsageError) console.error(`bench: ${error.message}\n\n${USAGE}`)
    else console.error('bench:', error)
    return error instanceof UsageError ? 2 : 1
  }
}

process.exit(await main(process.argv.slice(2)))
