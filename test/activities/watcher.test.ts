import { afterEach, describe, expect, it, vi } from 'vitest'
import type { InspectedContainer } from '../../src/docker/runtime.js'
import type { LeaseView } from '../../src/domain/views.js'
import { aLease, anEngine } from '../domain/samples.js'
import { aContainer, WatchBench } from './watch-bench.js'

const opened: WatchBench[] = []

/** A watcher over these containers; stopped after the test. */
function benchOf(...containers: InspectedContainer[]): WatchBench {
  const bench = new WatchBench(...containers)
  opened.push(bench)
  return bench
}

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((bench) => bench.stop()))
})

const heldBy = (engineId: string, change: Partial<LeaseView> = {}): LeaseView =>
  aLease({
    holder: { engineId, epoch: 3, port: 51413, phase: 'active', containerId: `container-of-${engineId}`, since: 0 },
    ...change,
  })
const withEngines = (bench: WatchBench, ...engineIds: string[]): void => {
  bench.fleet = { ...bench.fleet, engines: engineIds.map((engineId) => anEngine(engineId)) }
}
const ids = (bench: WatchBench) => bench.docker.containers.map(({ id }) => id)

describe('a forwarded container that the lease did not start', () => {
  const STRAY = aContainer('x', { name: 'by-hand' }, 2)

  it('is told to the lease as it is, and neither adopted nor removed', async () => {
    const bench = await benchOf(STRAY).start()
    expect(await bench.tells('forwardedFound')).toEqual([
      {
        containerId: 'container-of-x',
        name: 'by-hand',
        engineId: 'x',
        epoch: 2,
        p2pPort: 51413,
        running: true,
        healthy: null,
        createdAt: 0,
      },
    ])
    await bench.compared()
    expect(bench.told('found')).toEqual([])
    expect(ids(bench)).toEqual(['container-of-x'])
  })

  it('is told as soon as it starts', async () => {
    const bench = await benchOf().start()
    bench.docker = { containers: [STRAY], created: 1 }
    bench.event('start', STRAY.id)
    expect(await bench.tells('forwardedFound')).toMatchObject([{ containerId: STRAY.id }])
  })

  it('is told again as long as it runs', async () => {
    const bench = await benchOf(STRAY).start()
    const before = bench.told('forwardedFound').length
    await bench.compared()
    expect(bench.told('forwardedFound').length).toBeGreaterThan(before)
  })

  it('is none when the lease has cleared it in the meantime', async () => {
    const bench = benchOf(STRAY)
    let asked = 0
    bench.lease = aLease()
    bench.beforeLease = () => {
      if (++asked > 2) bench.lease = heldBy('x')
    }
    await bench.start()
    expect(bench.told('forwardedFound')).toEqual([])
  })

  it.each<[string, LeaseView]>([
    ['while the lease lists them itself', aLease({ recovering: true })],
    ['when it is the holder’s', heldBy('x')],
  ])('is none %s', async (_, lease) => {
    const bench = benchOf(STRAY)
    bench.lease = lease
    await bench.start()
    bench.event('start', STRAY.id)
    await bench.compared()
    expect(bench.told('forwardedFound')).toEqual([])
  })

  it('that the lease has taken over is adopted, with the epoch and port that the lease gave it', async () => {
    const old = aContainer('x', {}, null)
    const bench = benchOf({ ...old, configuredP2pPort: 51413 })
    bench.lease = heldBy('x', { epoch: 3 })
    await bench.start()
    expect(await bench.tells('found')).toMatchObject([
      { engineId: 'ccontainer-of', legacy: true, container: { forwarded: { epoch: 3, p2pPort: 51413 } } },
    ])
    expect(bench.told('forwardedFound')).toEqual([])
  })
})

describe('a container that its engine does not use', () => {
  const USED = aContainer('a')
  const LEFT = { ...aContainer('a'), id: 'left-over', name: 'berth-a-before' }

  it('is removed', async () => {
    const bench = benchOf(USED, LEFT)
    withEngines(bench, 'a')
    await bench.start()
    expect(ids(bench)).toEqual([USED.id])
    expect(bench.told('reconcile')).toEqual([])
  })

  it('in a dry run stays, and what would be removed is told once', async () => {
    const bench = benchOf(USED, LEFT)
    withEngines(bench, 'a')
    await bench.start({ dryRun: true })
    await bench.compared()
    expect(ids(bench)).toEqual([USED.id, 'left-over'])
    expect(bench.told('reconcile')).toEqual([
      [{ dryRun: true, wouldRemove: [{ containerId: 'left-over', name: 'berth-a-before', reason: 'its engine a does not use it' }] }],
    ])
  })

  it('that is gone in a dry run is taken back', async () => {
    const bench = benchOf(USED, LEFT)
    withEngines(bench, 'a')
    await bench.start({ dryRun: true })
    bench.docker = { ...bench.docker, containers: [USED] }
    await bench.compared()
    expect(bench.told('reconcile').at(-1)).toEqual([{ dryRun: true, wouldRemove: [] }])
  })
})

describe('a forwarded container that the lease did not start, in a dry run', () => {
  it('is shown, and the lease is not told to remove it', async () => {
    const bench = await benchOf(aContainer('x', { name: 'by-hand' }, 2)).start({ dryRun: true })
    expect(bench.told('forwardedFound')).toEqual([])
    expect(bench.told('reconcile').at(-1)).toEqual([
      {
        dryRun: true,
        wouldRemove: [{ containerId: 'container-of-x', name: 'by-hand', reason: 'it runs as forwarded and the lease did not start it' }],
      },
    ])
    expect(ids(bench)).toEqual(['container-of-x'])
  })

  it('is told to the lease when that may take it over: made by an older orchestrator, while nobody holds the port', async () => {
    const bench = await benchOf(aContainer('x', {}, null)).start({ dryRun: true })
    expect(await bench.tells('forwardedFound')).toMatchObject([{ epoch: null }])
    const held = benchOf(aContainer('a', {}, 3), aContainer('x', {}, null))
    held.lease = heldBy('a')
    withEngines(held, 'a')
    await held.start({ dryRun: true })
    expect(held.told('forwardedFound')).toEqual([])
  })
})

describe('that every container has been told of', () => {
  it('is said at the first comparison that finds nothing new, and not again to a fleet that has heard it', async () => {
    const bench = benchOf(aContainer('a'))
    withEngines(bench, 'a')
    await bench.start()
    await bench.compared()
    expect(bench.told('listed')).toHaveLength(1)
  })

  it('is not said while one is to be adopted', async () => {
    const bench = await benchOf(aContainer('a')).start()
    expect(await bench.tells('found')).toMatchObject([{ engineId: 'a', legacy: false }])
    expect(bench.told('listed')).toEqual([])
    withEngines(bench, 'a')
    await bench.tells('listed')
  })

  it('is not said while the lease has yet to decide on one', async () => {
    const bench = await benchOf(aContainer('x', {}, 2)).start()
    expect(bench.told('listed')).toEqual([])
    bench.docker = { ...bench.docker, containers: [] }
    await bench.tells('listed')
  })

  it('is not said while the lease lists the forwarded ones', async () => {
    const bench = benchOf(aContainer('a', {}, 3))
    withEngines(bench, 'a')
    bench.lease = aLease({ recovering: true })
    await bench.start()
    expect(bench.told('listed')).toEqual([])
    bench.lease = heldBy('a')
    await bench.tells('listed')
  })

  it('is said again to a fleet that was not there to hear it', async () => {
    const bench = benchOf()
    bench.heard = false
    await bench.start()
    await bench.compared()
    expect(bench.told('listed').length).toBeGreaterThan(1)
  })

  it('is said although a dry run leaves a forwarded container running', async () => {
    const bench = benchOf(aContainer('a', {}, 3), aContainer('x', {}, 2))
    withEngines(bench, 'a')
    bench.lease = heldBy('a')
    await bench.start({ dryRun: true })
    await bench.compared()
    expect(bench.told('listed')).toHaveLength(1)
  })
})

describe('another Berth at the port', () => {
  const THEIRS: InspectedContainer = { ...aContainer('y', { name: 'theirs', managed: false }, 9), labels: {} }
  const TEXT = expect.stringContaining('Container theirs')
  const knows = (bench: WatchBench, detail: string): void => {
    bench.lease = { ...bench.lease, condition: { code: 'lease-conflict', detail } }
  }

  /** A watcher that has told the lease of it, which knows it since. */
  async function toldBench(): Promise<WatchBench> {
    const bench = benchOf()
    bench.others = [THEIRS]
    await bench.start()
    const [text] = await bench.tells('conflict')
    knows(bench, text as string)
    return bench
  }

  /** Moves the watcher's clock on. */
  function clock(): { advance: (milliseconds: number) => void } {
    const real = performance.now.bind(performance)
    let ahead = 0
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
    return { advance: (milliseconds) => (ahead += milliseconds) }
  }

  it('is told to the lease, once when the lease has heard it', async () => {
    const bench = benchOf()
    bench.others = [THEIRS]
    await bench.start()
    const [text] = await bench.tells('conflict')
    expect(text).toEqual(TEXT)
    knows(bench, text as string)
    const before = bench.told('conflict').length
    await bench.compared()
    expect(bench.told('conflict').slice(before + 1)).toEqual([])
  })

  it('that does not hold it any more is taken back after thirty seconds only', async () => {
    const { advance } = clock()
    const bench = await toldBench()
    await bench.compared()
    bench.others = []
    const before = bench.told('conflict').length
    advance(25_000)
    await bench.compared()
    expect(bench.told('conflict').slice(before)).toEqual([])
    advance(6_000)
    await bench.compared()
    expect(bench.told('conflict')[before]).toEqual([null])
  })

  it('that comes back within that time is not taken back', async () => {
    const { advance } = clock()
    const bench = await toldBench()
    bench.others = []
    await bench.compared()
    bench.others = [THEIRS]
    advance(29_000)
    await bench.compared()
    bench.others = []
    advance(29_000)
    await bench.compared()
    expect(bench.told('conflict')).not.toContainEqual([null])
  })

  it('is not looked for while we hold the port', async () => {
    const bench = benchOf(aContainer('a', {}, 3))
    withEngines(bench, 'a')
    bench.lease = heldBy('a')
    bench.others = [THEIRS]
    await bench.start()
    expect(bench.told('conflict')).toEqual([])
  })

  it('that was told before this watcher began is given thirty seconds too', async () => {
    const { advance } = clock()
    const bench = benchOf()
    knows(bench, 'told by a former watcher')
    await bench.start()
    expect(bench.told('conflict')).toEqual([])
    advance(31_000)
    await bench.compared()
    expect(bench.told('conflict')[0]).toEqual([null])
  })

  it('that is seen between two comparisons only counts as seen', async () => {
    const { advance } = clock()
    const bench = benchOf()
    knows(bench, 'told before')
    await bench.start()
    advance(29_000)
    await bench.seesOthers([THEIRS])
    advance(29_000)
    await bench.compared()
    expect(bench.told('conflict')).not.toContainEqual([null])
  })

  it('that provisioning has found, created and not started, is not taken back at once', async () => {
    const { advance } = clock()
    const bench = await benchOf().start()
    advance(60_000)
    bench.others = [{ ...THEIRS, state: 'created' }]
    knows(bench, 'found by provisioning')
    await bench.compared()
    expect(bench.told('conflict')).not.toContainEqual([null])
  })
})
