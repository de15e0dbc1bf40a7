/**
 * @module
 * What the tests of one file share: a Berth that runs beside a Docker daemon and Gluetun, and after each test the proof that at most one forwarded
 * container ran.
 */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { ForwardedSampler, verifyExclusive } from './sampler.js'
import { Berth, DockerWorld, type Engine, type Gluetun } from './world.js'

export const FIRST_PORT = 41_000

/** For the tests of one `describe`. */
export interface RunningBerth {
  world: DockerWorld
  gluetun: Gluetun
  berth: Berth
  /** What a person does by hand is not Berth's promise: not watched meanwhile. */
  unwatched(act: () => Promise<void>): Promise<void>
}

/** To be called once, before the first test; its fields are there from the first test on. */
export function useBerth(env: NodeJS.ProcessEnv): RunningBerth {
  let sampler: ForwardedSampler
  const running = {
    async unwatched(act: () => Promise<void>): Promise<void> {
      verifyExclusive(await sampler.stop())
      await act()
      sampler = new ForwardedSampler(running.world.docker)
    },
  } as RunningBerth

  beforeAll(async () => {
    running.world = await DockerWorld.start()
    running.gluetun = await running.world.startGluetun(FIRST_PORT)
    running.berth = await Berth.prepare(running.world, env)
    await running.berth.start()
  })
  afterAll(async () => {
    await running.berth?.discard()
    await running.world?.stop()
  })
  beforeEach(() => {
    sampler = new ForwardedSampler(running.world.docker)
  })
  afterEach(async () => {
    verifyExclusive(await sampler.stop())
  })
  return running
}

/** The one that is forwarded; throws when it is not one. */
export function holderOf(engines: readonly Engine[]): Engine {
  const [holder, ...others] = engines.filter((engine) => engine.forwarded)
  if (!holder || others.length > 0) throw new Error(`${holder ? others.length + 1 : 0} forwarded`)
  return holder
}
