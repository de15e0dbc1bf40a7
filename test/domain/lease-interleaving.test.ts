import { describe, expect, it } from 'vitest'
import { fenceEpoch, isForwardedOf } from '../../activities/fence.js'
import { provisionEngine } from '../../activities/provision.js'
import { surveyForwarded } from '../../activities/survey.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
import type { ContainerRuntime } from '../../src/docker/runtime.js'
import { Bench, PORT, provisionInput, readyLease, SETTINGS } from '../activities/provision-bench.js'
import { type Actor, type Barriers, type Exploration, explore } from './interleaving-explorer.js'

const SCOPE = { pool: 'default', index: 0 }

/** One attempt to provision an engine: the real code, each call of it a step. */
const attempt =
  (engineId: string, change: Parameters<typeof provisionInput>[1] = {}): Actor =>
  ({ runtime, lease }) => {
    const vpn = createVpnLocator(runtime, null)
    return provisionEngine(provisionInput(engineId, change), { runtime, lease, vpn, settings: SETTINGS, checkpoint: () => undefined })
  }

/** The engine's next attempt, after the container that it made first was lost. */
const nextAttempt = (engineId: string): Actor => attempt(engineId, { epoch: 1, containerId: 'c1', reason: 'died' })

/** An operator, or the lease itself when the holder does not hand on. */
const revoker: Actor = async ({ runtime, lease }) => {
  const { holder } = await lease.view()
  if (!holder) return
  await lease.revoke({ epoch: holder.epoch, reason: 'forced', by: null })
  await fenceEpoch(runtime, SCOPE, holder.epoch, () => undefined)
  await lease.ended({ epoch: holder.epoch, request: null })
}

/** The lease's workflow is lost and starts from the labels. */
const restart: Actor = async ({ runtime, send, loseLease }) => {
  await loseLease()
  const found = (await runtime.list({ forwardedOnly: true })).filter((container) => isForwardedOf(SCOPE, container))
  const survey = found.map(({ id, engine, state }) => ({
    containerId: id,
    engineId: engine.engineId ?? id,
    epoch: engine.epoch,
    p2pPort: engine.p2pPort,
    running: state === 'running',
  }))
  await send({ kind: 'recovered', survey })
  await send({ kind: 'portObserved', port: PORT, generation: { session: 2, sequence: 1 } })
  await Promise.all(survey.filter(({ running }) => !running).map(({ containerId }) => runtime.remove(containerId)))
}

/** The survey, as the lease's activity makes it. */
const survey = (runtime: ContainerRuntime) =>
  surveyForwarded(SCOPE, {
    runtime,
    vpn: createVpnLocator(runtime, null),
    forwardedPort: async () => PORT,
    answers: async () => true,
  })

/** A lease with an old copy of its state is told of a container that it does not know, as the watcher does, and recovers as its workflow does. */
const recovery: Actor = async ({ runtime, lease, send }) => {
  const known = await lease.view()
  const [stranger] = (await survey(runtime)).survey.filter(
    ({ running, containerId }) => running && containerId !== known.holder?.containerId,
  )
  if (!stranger) return
  await send({ kind: 'forwarded-found', container: stranger })
  let fenced: number | null = null
  for (let view = await lease.view(); view.recovering; view = await lease.view()) {
    const { holder } = view
    if (holder?.phase === 'revoking' && holder.epoch !== fenced) {
      await fenceEpoch(runtime, SCOPE, holder.epoch, () => undefined)
      fenced = holder.epoch
    }
    const found = await survey(runtime)
    await send({ kind: 'recovered', fenced, ...found })
    const { recovering, holder: next } = await lease.view()
    const others = found.survey.filter(({ containerId }) => !recovering && containerId !== next?.containerId)
    await Promise.all(others.map(({ containerId }) => runtime.remove(containerId)))
  }
}

/** Any will do; a fixed one makes a failure come again. */
const SEED = 20_240_613

type Scenario = Pick<Exploration, 'actors' | 'deaths' | 'lease' | 'docker'>

/** Nothing runs and the port is free. */
const FREE = { lease: readyLease() }

/** Engine `a` holds the port with epoch 1, and its container hangs. */
const HELD = await (async () => {
  const bench = new Bench()
  await bench.provision(provisionInput('a'))
  return { lease: { ...bench.lease, log: [] }, docker: bench.docker }
})()

/**
 * Docker runs the forwarded container of epoch 9, and the lease's state is a backup of the time when `a` held the port with epoch 1.
 */
const outdated = (engineId: string) => {
  const [running] = HELD.docker.containers
  if (!running) throw new Error('nothing runs')
  const newer = { ...running, id: 'c9', engine: { ...running.engine, engineId, epoch: 9 } }
  return { lease: HELD.lease, docker: { containers: [newer], created: 9 } }
}

const OLD_COPIES: Record<string, Scenario> = {
  'of the holder’s own later container': { ...outdated('a'), actors: [nextAttempt('a'), recovery], deaths: 1 },
  'of another engine’s container': { ...outdated('b'), actors: [nextAttempt('a'), recovery], deaths: 1 },
}

/** Two attempts of the holder, and the engine whose container runs. */
const MANY_AND_AN_OLD_COPY: Scenario = { ...outdated('b'), actors: [nextAttempt('a'), nextAttempt('a'), attempt('b'), recovery], deaths: 1 }

const SCENARIOS: Record<string, Scenario> = {
  'two attempts of one engine whose container may die': { ...FREE, actors: [attempt('a'), attempt('a')], deaths: 1 },
  'two engines and somebody who takes the port away': { ...FREE, actors: [attempt('a'), attempt('b'), revoker], deaths: 1 },
  'an engine that hands on, another one, and somebody who takes the port away': {
    ...HELD,
    actors: [nextAttempt('a'), attempt('b'), revoker],
    deaths: 0,
  },
}

const LARGER: Record<string, Scenario> = {
  'two attempts of one engine to hand on, and another engine': {
    ...HELD,
    actors: [nextAttempt('a'), nextAttempt('a'), attempt('b')],
    deaths: 1,
  },
  'two attempts of one engine and somebody who takes the port away': { ...FREE, actors: [attempt('a'), attempt('a'), revoker], deaths: 0 },
  'two engines and two who take the port away': { ...FREE, actors: [attempt('a'), attempt('b'), revoker, revoker], deaths: 1 },
  'a zombie, its successor, another engine and deaths': { ...FREE, actors: [attempt('a'), nextAttempt('a'), attempt('b')], deaths: 2 },
  'a zombie, its successor, another engine and somebody who takes the port away': {
    ...FREE,
    actors: [attempt('a'), nextAttempt('a'), attempt('b'), revoker],
    deaths: 1,
  },
}

const without = (barriers: Partial<Barriers>): Barriers => ({ confirm: true, fixedName: true, ...barriers })

describe('whatever the order of the steps, no two forwarded containers run', () => {
  it.each(Object.entries(SCENARIOS))('%s, every order', { timeout: 120_000 }, async (_, scenario) => {
    const found = await explore({ ...scenario })
    expect(found).toMatchObject({ overlap: null, earlyGrant: null, complete: true })
    expect(found.epochs).toBeGreaterThan(1)
  })

  it.each(Object.entries(LARGER))('%s, orders from everywhere', { timeout: 120_000 }, async (_, scenario) => {
    const found = await explore({ ...scenario, maxStates: 12_000, seed: SEED })
    expect(found).toMatchObject({ overlap: null, earlyGrant: null })
    expect(found.epochs).toBeGreaterThan(1)
  })

  it('the lease is lost and starts from the labels between any two steps, every order', { timeout: 120_000 }, async () => {
    const found = await explore({ actors: [attempt('a'), attempt('b'), restart], deaths: 0, ...FREE })
    expect(found).toMatchObject({ overlap: null, complete: true })
  })
})

describe('a lease that is an old copy never has a second forwarded container started', () => {
  it.each(Object.entries(OLD_COPIES))('beside that %s, every order', { timeout: 120_000 }, async (_, scenario) => {
    const found = await explore(scenario)
    expect(found).toMatchObject({ overlap: null, complete: true })
    expect(found.epochs).toBeGreaterThan(8)
  })

  it('whoever comes to it meanwhile, orders from everywhere', { timeout: 120_000 }, async () => {
    const found = await explore({ ...MANY_AND_AN_OLD_COPY, maxStates: 12_000, seed: SEED })
    expect(found).toMatchObject({ overlap: null })
    expect(found.epochs).toBeGreaterThan(8)
  })

  it.each(Object.entries(OLD_COPIES))('beside that %s, for the fixed name’s sake alone', { timeout: 120_000 }, async (_, scenario) => {
    const named = await explore({ ...scenario, barriers: without({ confirm: false }) })
    expect(named).toMatchObject({ overlap: null, complete: true })
    const nameless = await explore({ ...scenario, barriers: without({ fixedName: false }) })
    expect(nameless.overlap?.at(-1)).toContain('"op":"start"')
  })
})

describe('each of the two barriers is enough', () => {
  it.each(Object.entries(SCENARIOS))('%s, with the fixed name alone', { timeout: 120_000 }, async (_, scenario) => {
    const found = await explore({ ...scenario, barriers: without({ confirm: false }), maxStates: 10_000, seed: SEED })
    expect(found).toMatchObject({ overlap: null })
  })

  it.each(Object.entries({ ...SCENARIOS, ...LARGER }))('%s, with the clearance alone', { timeout: 120_000 }, async (_, scenario) => {
    const found = await explore({
      ...scenario,
      barriers: without({ fixedName: false }),
      maxStates: 4_000,
      seed: SEED,
    })
    expect(found).toMatchObject({ overlap: null, earlyGrant: null })
  })
})

describe('without both barriers', () => {
  it.each(Object.entries({ ...SCENARIOS, ...LARGER }))('%s: two forwarded containers are found running', async (_, scenario) => {
    const found = await explore({ ...scenario, barriers: { confirm: false, fixedName: false } })
    expect(found.overlap?.length).toBeGreaterThan(8)
    expect(found.overlap?.at(-1)).toContain('"op":"start"')
  })
})
