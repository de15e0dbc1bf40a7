import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import type { AdoptedContainer } from '../../src/domain/engine.js'
import type { EngineView, FleetView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { eventCount, keepHistory, refreshed, runOf } from '../support/histories.js'
import { container, eventually, Gate, type Pool, toldTo, useTemporal } from '../support/temporal.js'
import { configure, grown, idOf, ids, provision, remove, scale } from './fleet-steps.js'

const server = useTemporal('time-skipping')

describe('the wanted number', () => {
  test('of engines is started: MIN_REPLICAS at first, each with ports of its own', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 3 })
    const engines = await grown(pool, 3)
    expect(engines.map(({ httpPort, httpsPort }) => [httpPort, httpsPort])).toEqual([
      [19_000, 45_000],
      [19_001, 45_001],
      [19_002, 45_002],
    ])
    expect(await pool.fleetView()).toMatchObject({ wanted: 3, minReplicas: 3, maxReplicas: 20 })
  })

  test('goes up and down with scale, within the limits', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1, maxReplicas: 4 })
    await grown(pool, 1)
    expect(await scale(pool, 3)).toEqual({ kind: 'wanted', wanted: 3 })
    const three = await grown(pool, 3)
    expect(await scale(pool, 99)).toEqual({ kind: 'wanted', wanted: 4 })
    await grown(pool, 4)
    expect(await scale(pool, 0)).toEqual({ kind: 'wanted', wanted: 1 })
    const [left] = await grown(pool, 1)
    expect(ids(three)).toContain(left?.engineId)
    expect(pool.asked.retire).toHaveLength(3)
    await keepHistory(pool.fleet, 'fleet-scaled')
  })

  test('follows the policy of the worker that started last', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    await configure(pool, { minReplicas: 3, vpnContainer: 'other' })
    await grown(pool, 3)
    expect((await pool.fleetView()).vpn.containerName).toBe('other')
    await configure(pool, { minReplicas: 0, maxReplicas: 2 })
    await eventually(async () => (await pool.fleetView()).wanted === 0)
    await eventually(async () => (await pool.fleetView()).engines.length === 0)
  })

  test('is none while the fleet is parked, and the old one when a worker starts again', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 })
    await grown(pool, 2)
    await pool.fleet.signal(messages.parkFleet)
    await eventually(async () => (await pool.fleetView()).engines.length === 0)
    expect(pool.asked.retire).toHaveLength(2)
    expect(await provision(pool)).toMatchObject({ kind: 'refused', type: 'conflict' })
    await refreshed(pool.fleet)
    expect((await pool.fleetView()).wanted).toBe(0)
    await configure(pool, { minReplicas: 2 })
    await grown(pool, 2)
  })

  test('grows by as many as are asked for at once, each request answered for itself and once', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 0, maxReplicas: 3 })
    const asked = (requestId: string, hostPort: number | null = null): messages.ProvisionRequest => ({
      requestId,
      labels: {},
      environment: {},
      hostPort,
    })
    const ask = (...requests: messages.ProvisionRequest[]) => pool.fleet.executeUpdate(messages.provisionEngines, { args: [{ requests }] })
    const answers = await ask(asked('a'), asked('b', 19_005), asked('a'), asked('c', 19_005), asked('d'), asked('e'))
    expect(answers).toMatchObject([
      { kind: 'engine' },
      { kind: 'engine' },
      answers[0],
      { kind: 'refused', type: 'conflict' },
      { kind: 'engine' },
      { kind: 'refused', type: 'max-capacity' },
    ])
    expect(ids(await grown(pool, 3)).toSorted()).toEqual(
      [answers[0], answers[1], answers[4]].map((answer) => idOf(answer as messages.FleetAnswer)).toSorted(),
    )
    expect(await ask(asked('b'))).toEqual([answers[1]])
    expect(pool.asked.provision).toHaveLength(3)
    await keepHistory(pool.fleet, 'fleet-provisioned')
  })
})

describe('provisioning on request', () => {
  test('adds one engine with the caller’s labels and environment', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    const engineId = idOf(await provision(pool))
    expect(ids(await grown(pool, 1))).toEqual([engineId])
    expect(pool.asked.provision[0]?.engine).toMatchObject({ engineId, labels: { app: 'x' }, environment: { A: 'b' }, pool: pool.name })
  })

  test('twice with one request id adds one engine, also over continue-as-new', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    const requestId = 'the same'
    const answers = await Promise.all([provision(pool, { requestId }), provision(pool, { requestId })])
    await grown(pool, 1)
    await refreshed(pool.fleet)
    answers.push(await provision(pool, { requestId }))
    expect(new Set(answers.map(idOf)).size).toBe(1)
    await grown(pool, 1)
    expect(pool.asked.provision).toHaveLength(1)
  })

  test('beyond MAX_REPLICAS is refused and says what to do', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1, maxReplicas: 2 })
    await grown(pool, 1)
    idOf(await provision(pool))
    expect(await provision(pool)).toMatchObject({
      kind: 'refused',
      type: 'max-capacity',
      message: expect.stringContaining('MAX_REPLICAS is 2'),
    })
    await grown(pool, 2)
  })

  test('with a wished port gives that one, and refuses one that is taken', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    idOf(await provision(pool, { hostPort: 19_050 }))
    expect(await provision(pool, { hostPort: 19_050 })).toMatchObject({ kind: 'refused', type: 'conflict' })
    expect((await grown(pool, 1)).map(({ httpPort }) => httpPort)).toEqual([19_050])
  })

  test('by forty callers at once never gives a port twice, nor more engines than allowed', async () => {
    const pool = await server.pool()
    await pool.startFleet({ maxReplicas: 12 })
    const answers = await Promise.all(Array.from({ length: 40 }, () => provision(pool)))
    expect(answers.filter(({ kind }) => kind === 'engine')).toHaveLength(12)
    const engines = await grown(pool, 12)
    const ports = engines.flatMap(({ httpPort, httpsPort }) => [httpPort, httpsPort])
    expect(new Set(ports).size).toBe(24)
    expect(new Set(ids(engines)).size).toBe(12)
  })

  test('gives no port of an engine that is on its way out', async () => {
    const retiring = new Gate()
    const pool = await server.pool({ retire: () => retiring.pass() })
    await pool.startFleet()
    const first = idOf(await provision(pool))
    await grown(pool, 1)
    await remove(pool, first)
    await eventually(() => retiring.waiting === 1)
    const second = idOf(await provision(pool))
    const engines = await eventually(async () => {
      const view = await pool.fleetView()
      return view.engines.find(({ engineId, containerId }) => engineId === second && containerId !== null) ? view.engines : null
    })
    expect(engines.map(({ engineId, httpPort, phase }) => [engineId, httpPort, phase])).toEqual([
      [first, 19_000, 'removing'],
      [second, 19_001, 'starting'],
    ])
    retiring.open()
    await grown(pool, 1)
    idOf(await provision(pool))
    expect((await grown(pool, 2)).map(({ httpPort }) => httpPort)).toEqual([19_000, 19_001])
  })

  test('moves to another port when somebody else uses the one it was given', async () => {
    const pool = await server.pool({
      async provision({ engine }) {
        if (engine.httpPort === 19_000) throw ApplicationFailure.nonRetryable('port 19000 is in use', 'port-taken')
        return container(`c-${engine.engineId}`)
      },
    })
    await pool.startFleet({ minReplicas: 1 })
    expect((await grown(pool, 1)).map(({ httpPort }) => httpPort)).toEqual([19_001])
    expect(pool.asked.retire.map(({ reason }) => reason)).toEqual(['port-taken', 'deleted'])
  })

  test('is refused when the port range is used up', async () => {
    const pool = await server.pool()
    await pool.startFleet({ httpPorts: { from: 19_000, to: 19_001 } })
    await provision(pool)
    await provision(pool)
    expect(await provision(pool)).toMatchObject({ kind: 'refused', type: 'max-capacity', message: expect.stringContaining('port range') })
  })
})

describe('deleting an engine', () => {
  test('replaces it when there would be fewer than MIN_REPLICAS', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 })
    const [first, second] = ids(await grown(pool, 2)) as [string, string]
    expect(await remove(pool, first)).toEqual({ kind: 'engine', engineId: first })
    const after = await eventually(async () => {
      const engines = await grown(pool, 2)
      return ids(engines).includes(first) ? null : engines
    })
    expect(ids(after)).toContain(second)
    expect(pool.asked.retire).toEqual([{ engineId: first, pool: pool.name, reason: 'deleted' }])
  })

  test('makes one fewer when there are more than MIN_REPLICAS', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    const added = idOf(await provision(pool))
    await grown(pool, 2)
    await remove(pool, added)
    const engines = await grown(pool, 1)
    expect(ids(engines)).not.toContain(added)
    expect((await pool.fleetView()).wanted).toBe(1)
  })

  test('twice with one request id, or of an unknown one, has one effect and a clear answer', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    const engineId = idOf(await provision(pool))
    await grown(pool, 1)
    expect(await remove(pool, engineId, 'x')).toEqual({ kind: 'engine', engineId })
    await eventually(async () => (await pool.fleetView()).engines.length === 0)
    expect(await remove(pool, engineId, 'x')).toEqual({ kind: 'engine', engineId })
    expect(await remove(pool, engineId, 'y')).toMatchObject({ kind: 'refused', type: 'not-found' })
    expect(pool.asked.retire).toHaveLength(1)
  })

  test('of a missing workflow forgets it, and another one takes its place', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    const [gone] = ids(await grown(pool, 1)) as [string]
    await pool.engine(gone).terminate('by hand')
    await remove(pool, gone)
    const [next] = await eventually(async () => {
      const engines = await grown(pool, 1)
      return ids(engines)[0] === gone ? null : engines
    })
    expect(next).toMatchObject({ httpPort: 19_001, containerId: 'c2' })
    await provision(pool)
    expect((await grown(pool, 2)).map(({ httpPort }) => httpPort)).toEqual([19_000, 19_001])
  })
})

describe('a vacant lease', () => {
  /** A fleet of two stand-in engines that run. */
  async function standIns(pool: Pool): Promise<[string, string]> {
    await pool.startFleet({ minReplicas: 2 })
    const engines = await eventually(async () => {
      const view: FleetView = await pool.fleetView()
      return view.engines.length === 2 ? view.engines : null
    })
    for (const view of engines)
      await pool.fleet.signal(messages.engineChanged, { ...view, phase: 'running', health: 'healthy', revision: 5 })
    await eventually(async () => (await pool.fleetView()).engines.every(({ phase }) => phase === 'running'))
    return ids(engines).toSorted() as [string, string]
  }
  /** Starts a stand-in for each engine instead of the real one. */
  async function poolOfStandIns(): Promise<Pool> {
    const pool: Pool = await server.pool({
      async startEngines({ engines }) {
        for (const { engineId } of engines) await pool.standInEngine(engineId)
      },
    })
    return pool
  }
  const vacant = (pool: Pool, changes: Partial<{ epoch: number; excluded: string | null; preferred: string | null }> = {}): Promise<void> =>
    pool.fleet.signal(messages.leaseVacant, { index: 0, epoch: 4, excluded: null, preferred: null, ...changes })
  const nominated = async (pool: Pool, engineId: string): Promise<unknown[]> => toldTo(pool.engine(engineId), 'takeForwarded')

  test('makes one engine take it, not the one just unseated', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await vacant(pool, { excluded: a })
    await eventually(async () => (await nominated(pool, b)).length === 1)
    expect(await nominated(pool, b)).toEqual([{ epoch: 4 }])
    expect(await nominated(pool, a)).toEqual([])
    await keepHistory(pool.fleet, 'fleet-nominated')
  })

  test('makes the engine take it that a person named', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await vacant(pool, { preferred: b })
    await eventually(async () => (await nominated(pool, b)).length === 1)
    expect(await nominated(pool, a)).toEqual([])
  })

  test('goes to another engine when the nominated one fails', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await vacant(pool)
    await eventually(async () => (await nominated(pool, a)).length === 1)
    const [first] = (await pool.fleetView()).engines.filter(({ engineId }) => engineId === a)
    await pool.fleet.signal(messages.engineChanged, { ...(first as EngineView), phase: 'backing-off', revision: 6 })
    await eventually(async () => (await nominated(pool, b)).length === 1)
  })

  test('is over once an engine reports a higher epoch', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await vacant(pool)
    await eventually(async () => (await nominated(pool, a)).length === 1)
    const [first] = (await pool.fleetView()).engines.filter(({ engineId }) => engineId === a)
    await pool.fleet.signal(messages.engineChanged, { ...(first as EngineView), forwarded: true, epoch: 5, revision: 6 })
    await pool.fleet.signal(messages.engineChanged, { ...(first as EngineView), phase: 'backing-off', revision: 7 })
    await eventCount(pool.fleet)
    expect(await nominated(pool, b)).toEqual([])
  })

  test('that one of them filled is not announced again by a message that comes late', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    const [first] = (await pool.fleetView()).engines.filter(({ engineId }) => engineId === a)
    await pool.fleet.signal(messages.engineChanged, { ...(first as EngineView), forwarded: true, epoch: 5, revision: 6 })
    await vacant(pool, { epoch: 4 })
    await eventCount(pool.fleet)
    expect(await nominated(pool, b)).toEqual([])
    await vacant(pool, { epoch: 5, excluded: a })
    await eventually(async () => (await nominated(pool, b)).length === 1)
  })

  test('that no engine can take now is taken by the next one that can', async () => {
    const pool = await poolOfStandIns()
    await pool.startFleet()
    await vacant(pool)
    await eventCount(pool.fleet)
    const engineId = idOf(await provision(pool))
    const [view] = await eventually(async () => {
      const { engines } = await pool.fleetView()
      return engines.length === 1 ? engines : null
    })
    await pool.fleet.signal(messages.engineChanged, { ...(view as EngineView), phase: 'running', revision: 5 })
    await eventually(async () => (await nominated(pool, engineId)).length === 1)
  })

  test('survives continue-as-new with its nomination', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await vacant(pool)
    await eventually(async () => (await nominated(pool, a)).length === 1)
    await refreshed(pool.fleet)
    await eventCount(pool.fleet)
    expect(await nominated(pool, a)).toHaveLength(1)
    const [first] = (await pool.fleetView()).engines.filter(({ engineId }) => engineId === a)
    await pool.fleet.signal(messages.engineChanged, { ...(first as EngineView), phase: 'backing-off', revision: 6 })
    await eventually(async () => (await nominated(pool, b)).length === 1)
  })

  test('whose nominated workflow is missing is offered to another engine, and the missing one is replaced', async () => {
    const pool = await poolOfStandIns()
    const [a, b] = await standIns(pool)
    await pool.engine(a).terminate('by hand')
    await vacant(pool)
    const replaced = await eventually(async () => {
      const engines = (await pool.fleetView()).engines
      return engines.length === 2 && !ids(engines).includes(a) ? engines : null
    })
    const [fresh] = replaced.filter(({ engineId }) => engineId !== b)
    await pool.fleet.signal(messages.engineChanged, { ...(fresh as EngineView), phase: 'running', revision: 5 })
    await eventually(async () => (await nominated(pool, b)).length + (await nominated(pool, (fresh as EngineView).engineId)).length === 1)
  })
})

describe('an engine of a fleet that was terminated', () => {
  /** A new fleet, of which nobody has told it, and a container. */
  async function orphan(): Promise<{ pool: Pool; engineId: string; tells: () => Promise<void> }> {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    const [engineId] = ids(await grown(pool, 1)) as [string]
    await pool.fleet.terminate('by hand')
    await pool.startFleet({}, [], false)
    expect((await pool.fleetView()).engines).toEqual([])
    const health = { containerId: 'c1', health: 'healthy', version: null, platform: null, detail: null, replace: false } as const
    return { pool, engineId, tells: () => pool.engine(engineId).signal(messages.healthChanged, health) }
  }

  test('is one of the next fleet as soon as it tells of itself', async () => {
    const { pool, engineId, tells } = await orphan()
    await tells()
    const [engine] = await grown(pool, 1)
    expect(engine).toMatchObject({ engineId, phase: 'running', health: 'healthy', httpPort: 19_000, containerId: 'c1' })
    expect(await remove(pool, engineId)).toEqual({ kind: 'engine', engineId })
    await eventually(async () => (await pool.fleetView()).engines.length === 0)
    expect(pool.asked.retire).toEqual([{ engineId, pool: pool.name, reason: 'deleted' }])
  })

  test('goes when another engine has its port by now', async () => {
    const { pool, engineId, tells } = await orphan()
    const next = idOf(await provision(pool))
    await grown(pool, 1)
    await tells()
    await eventually(() => pool.asked.retire.length === 1)
    expect(pool.asked.retire).toEqual([{ engineId, pool: pool.name, reason: 'deleted' }])
    await eventually(async () => (await pool.fleetView()).engines.length === 1)
    expect(ids(await grown(pool, 1))).toEqual([next])
  })
})

describe('a container that no engine knows', () => {
  const found = (engineId: string): messages.FoundContainer => {
    const adopted: AdoptedContainer = { ...container('found'), forwarded: null, startedAt: 1_000 }
    return { engineId, httpPort: 19_000, httpsPort: 45_000, hostHttpPort: 19_000, labels: { app: 'y' }, container: adopted }
  }

  test('is adopted as it is, with its ports, and counts as one of the wanted', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    await pool.fleet.signal(messages.containerFound, found('stray'))
    await pool.fleet.signal(messages.containerFound, found('stray'))
    await configure(pool, { minReplicas: 1 })
    const [engine] = await grown(pool, 1)
    expect(engine).toMatchObject({ engineId: 'stray', containerId: 'found', httpPort: 19_000, labels: { app: 'y' }, firstSeen: 1_000 })
    idOf(await provision(pool))
    expect((await grown(pool, 2)).map(({ httpPort }) => httpPort)).toEqual([19_000, 19_001])
    expect(pool.asked.provision).toHaveLength(1)
  })

  test('keeps its ports from the start, before it has been adopted', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 }, [19_000, 45_000])
    expect((await grown(pool, 1)).map(({ httpPort, httpsPort }) => [httpPort, httpsPort])).toEqual([[19_001, 45_001]])
    await refreshed(pool.fleet)
    await configure(pool, { minReplicas: 2 })
    expect((await grown(pool, 2)).map(({ httpPort }) => httpPort)).toEqual([19_001, 19_002])
    await scale(pool, 3)
    await pool.fleet.signal(messages.containerFound, found('stray'))
    const engines = await grown(pool, 3)
    expect(engines.map(({ httpPort }) => httpPort)).toContain(19_000)
  })

  test('beyond the wanted number is adopted and then removed in order', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 0 })
    await pool.fleet.signal(messages.containerFound, found('stray'))
    await eventually(() => pool.asked.retire.length === 1)
    expect(pool.asked.retire).toEqual([{ engineId: 'stray', pool: pool.name, reason: 'deleted' }])
    await eventually(async () => (await pool.fleetView()).engines.length === 0)
  })
})

describe('continue-as-new', () => {
  test('keeps all engines, the wanted number, the VPN and Docker as known', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    await provision(pool)
    await grown(pool, 2)
    await pool.fleet.signal(messages.dockerChanged, { reachable: false, detail: 'gone' })
    await pool.fleet.signal(messages.vpnChanged, { ...(await pool.fleetView()).vpn, connected: true, country: 'NL' })
    const before = await eventually(async () => {
      const view = await pool.fleetView()
      return view.vpn.connected ? view : null
    })
    await refreshed(pool.fleet)
    expect(await pool.fleetView()).toEqual(before)
    expect(pool.asked.startEngines).toHaveLength(2)
    expect(pool.asked.provision).toHaveLength(2)
    await keepHistory(pool.fleet, 'fleet-continued')
  })

  test('under a stream of requests loses none', async () => {
    const pool = await server.pool()
    await pool.startFleet()
    const first = await runOf(pool.fleet)
    const made: string[] = []
    for (let n = 0; n < 6; n++) {
      const [, answer] = await Promise.all([pool.fleet.signal(messages.refresh), provision(pool)])
      made.push(idOf(answer))
    }
    expect(ids(await grown(pool, 6)).toSorted()).toEqual(made.toSorted())
    expect(await runOf(pool.fleet)).not.toBe(first)
  })
})

describe('signals with the wrong content', () => {
  test('leave the fleet at work', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 1 })
    await grown(pool, 1)
    for (const name of ['configureFleet', 'engineChanged', 'engineGone', 'containerFound', 'refresh', 'noSuchSignal'])
      await pool.fleet.signal(name)
    idOf(await provision(pool))
    await grown(pool, 2)
  })
})

describe('the history', () => {
  test('of a fleet does not grow over seven days', async () => {
    const pool = await server.pool()
    await pool.startFleet({ minReplicas: 2 })
    await grown(pool, 2)
    const before = await eventCount(pool.fleet)
    await pool.sleep('7 days')
    expect(await eventCount(pool.fleet)).toBe(before)
  })
})
