import { describe, expect, it } from 'vitest'
import { fenceEpoch, isForwardedOf } from '../../activities/fence.js'
import { provisionEngine } from '../../activities/provision.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
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
