import { describe, expect, it } from 'vitest'
import { type SurveyDeps, surveyed, surveyForwarded } from '../../activities/survey.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
import { type InspectedContainer, RuntimeError } from '../../src/docker/runtime.js'
import { containerOf, execute, runtimeOver, settle } from './memory-docker.js'
import { SETTINGS } from './provision-bench.js'

const SCOPE = { pool: 'default', index: 0 }
const PORT = 51413
const SPEC = { ...SETTINGS, pool: 'default', httpPort: 1, httpsPort: 2, labels: {}, environment: {} }
const OF_GLUETUN = { kind: 'container', containerId: 'g1', containerName: 'gluetun' } as const

/** A forwarded container that runs; `epoch: null` is one of an older orchestrator, which wrote neither epoch nor port. */
function forwarded(id: string, epoch: number | null, change: Partial<InspectedContainer> = {}, engine: object = {}): InspectedContainer {
  const spec = { ...SPEC, name: `name-of-${id}`, engineId: `engine-of-${id}`, network: OF_GLUETUN }
  const made = containerOf({ ...spec, forwarded: { index: 0, epoch: epoch ?? 0, p2pPort: PORT } }, id, { state: 'running', createdAt: 7 })
  const labels = epoch === null ? { epoch: null, p2pPort: null, engineId: null, pool: null } : {}
  return { ...made, engine: { ...made.engine, ...labels, ...engine }, ...change }
}

function bench(containers: InspectedContainer[], change: Partial<SurveyDeps> = {}, others: InspectedContainer[] = []) {
  const asked: string[] = []
  const call: Parameters<typeof runtimeOver>[0] = async (one) => {
    asked.push(one.op === 'inspect' ? `inspect ${one.idOrName}` : one.op)
    return settle(execute({ containers, created: 0 }, one).reply)
  }
  const runtime = { ...runtimeOver(call, { id: 'g1', running: true }), others: async () => others }
  const deps: SurveyDeps = {
    runtime,
    vpn: createVpnLocator(runtime, 'gluetun'),
    forwardedPort: async () => (asked.push('gluetun'), PORT),
    answers: async ({ id }) => (asked.push(`probe ${id}`), id !== 'sick'),
    ...change,
  }
  return { asked, deps, survey: () => surveyForwarded(SCOPE, deps) }
}

describe('a survey', () => {
  it('lists this lease’s forwarded containers, running or not, and no others', async () => {
    const { survey } = bench([
      forwarded('a', 3),
      forwarded('dead', 2, { state: 'exited' }),
      forwarded('other-pool', 9, {}, { pool: 'other' }),
      forwarded('other-index', 9, {}, { index: 1 }),
      forwarded('follower', null, {}, { forwarded: false }),
      forwarded('foreign', 9, { managed: false }),
    ])
    expect((await survey()).survey).toEqual([
      {
        containerId: 'a',
        name: 'name-of-a',
        engineId: 'engine-of-a',
        epoch: 3,
        p2pPort: PORT,
        running: true,
        healthy: null,
        createdAt: 7,
      },
      expect.objectContaining({ containerId: 'dead', epoch: 2, running: false, healthy: null }),
    ])
  })

  it('of an older orchestrator’s container reads the port from what it was configured with, and names its engine after it', async () => {
    const id = 'f'.repeat(64)
    const { survey } = bench([forwarded(id, null, { configuredP2pPort: 40_000 })])
    expect((await survey()).survey).toMatchObject([{ engineId: 'cffffffffffff', epoch: null, p2pPort: 40_000, running: true }])
  })

  it('believes what a container was configured with rather than its label', async () => {
    const { survey } = bench([forwarded('a', 3, { configuredP2pPort: 40_000 }), forwarded('b', 4, { configuredP2pPort: null })])
    expect((await survey()).survey).toMatchObject([{ p2pPort: 40_000 }, { p2pPort: PORT }])
  })

  it('counts a paused container as one that runs', async () => {
    expect((await bench([forwarded('a', 3, { state: 'paused' })]).survey()).survey).toMatchObject([{ running: true }])
  })

  it('asks neither Gluetun nor the engines when there is nothing to choose between', async () => {
    for (const found of [[], [forwarded('a', 3)], [forwarded('a', 3), forwarded('dead', 9, { state: 'exited' })]]) {
      const { asked, survey } = bench(found)
      expect(await survey()).toMatchObject({ port: null })
      expect(asked.filter((what) => what === 'gluetun' || what.startsWith('probe'))).toEqual([])
    }
  })

  it('asks the running engines and Gluetun when several run', async () => {
    const { asked, survey } = bench([forwarded('well', 3), forwarded('sick', 4), forwarded('dead', 5, { state: 'exited' })])
    expect(await survey()).toMatchObject({ port: PORT, survey: [{ healthy: true }, { healthy: false }, { healthy: null }] })
    expect(asked.filter((what) => what.startsWith('probe'))).toEqual(['probe well', 'probe sick'])
  })

  it('asks Gluetun, not the engine, for a single one of an older orchestrator', async () => {
    const { asked, survey } = bench([forwarded('old', null)])
    expect(await survey()).toMatchObject({ port: PORT, survey: [{ healthy: null }] })
    expect(asked).toContain('gluetun')
    expect((await bench([forwarded('old', null, { state: 'exited' })]).survey()).port).toBeNull()
  })

  it('goes on without the port when Gluetun does not say it', async () => {
    const { survey } = bench([forwarded('a', 3), forwarded('b', 4)], { forwardedPort: async () => null })
    expect(await survey()).toMatchObject({ port: null, survey: [{}, {}] })
  })

  it('says who else holds the port of the VPN, found by where that is now', async () => {
    expect((await bench([]).survey()).conflict).toBeNull()
    const foreign = forwarded('theirs', 5, { managed: false, networkMode: 'container:g1' })
    expect((await bench([], {}, [foreign]).survey()).conflict).toContain('name-of-theirs')
    const elsewhere = { ...foreign, networkMode: 'container:g0' }
    expect((await bench([], {}, [elsewhere]).survey()).conflict).toBeNull()
  })

  it('inspects only what runs', async () => {
    const { asked, survey } = bench([forwarded('a', 3), forwarded('dead', 5, { state: 'exited' })])
    await survey()
    expect(asked.filter((what) => what.startsWith('inspect'))).toEqual(['inspect a'])
  })

  it('concludes nothing when Docker cannot be asked', async () => {
    const failing = bench([])
    const others = () => Promise.reject(new RuntimeError('unreachable', 'gone'))
    const runtime = { ...failing.deps.runtime, others }
    await expect(surveyForwarded(SCOPE, { ...failing.deps, runtime })).rejects.toMatchObject({ code: 'unreachable' })
    const list = () => Promise.reject(new RuntimeError('unreachable', 'gone'))
    await expect(surveyForwarded(SCOPE, { ...failing.deps, runtime: { ...failing.deps.runtime, list } })).rejects.toMatchObject({
      code: 'unreachable',
    })
  })
})

describe('one container that is surveyed', () => {
  it('is asked only when that is wanted', async () => {
    const { deps } = bench([forwarded('a', 3)])
    expect(await surveyed(forwarded('a', 3), deps, true)).toMatchObject({ healthy: true })
    expect(await surveyed(forwarded('a', 3), deps, false)).toMatchObject({ healthy: null })
  })

  it('that is gone meanwhile is told as it was listed', async () => {
    const { deps } = bench([])
    expect(await surveyed(forwarded('a', 3), deps, false)).toMatchObject({ containerId: 'a', p2pPort: PORT, running: true })
  })
})
