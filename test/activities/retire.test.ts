import { describe, expect, it } from 'vitest'
import { retireEngine } from '../../activities/retire.js'
import { initialLease } from '../../src/domain/lease-state.js'
import { Bench, Cut, PORT, provisionInput } from './provision-bench.js'

type Retired = Parameters<typeof retireEngine>[0]

const retire = (bench: Bench, engineId: string, change: Partial<Retired> = {}, checkpoint: (step: string) => void = () => undefined) =>
  retireEngine({ engineId, pool: 'default', reason: 'deleted', ...change }, { ...bench.deps(), checkpoint })

/** Engine `a` holds the port, engine `b` follows. */
async function two(): Promise<Bench> {
  const bench = new Bench()
  await bench.provision(provisionInput('a'))
  await bench.provision(provisionInput('b'))
  return bench
}
const engines = (bench: Bench): string[] => bench.docker.containers.map(({ engine }) => engine.engineId ?? '').toSorted()

describe('an engine that is given up', () => {
  it('hands its epoch back only when its container is gone', async () => {
    const bench = await two()
    const order: string[] = []
    bench.beforeMessage = ({ kind }) => order.push(kind)
    bench.afterCall = (call) => order.push(call.op)
    await retire(bench, 'a')
    expect(engines(bench)).toEqual(['b'])
    expect(bench.lease).toMatchObject({ holder: null, epoch: 1 })
    expect([order[0], order.at(-2), order.at(-1)]).toEqual(['revoke', 'list', 'ended'])
  })

  it('that has no port says nothing to the lease', async () => {
    const bench = await two()
    const before = bench.lease
    await retire(bench, 'b')
    expect(engines(bench)).toEqual(['a'])
    expect(bench.lease).toBe(before)
  })

  it('leaves nothing behind when it is cut off at any step and repeated', async () => {
    for (let at = 1; at <= 6; at++) {
      const bench = await two()
      let reached = 0
      const cut = (step: string): void => {
        if (++reached === at) throw new Cut(step)
      }
      await retire(bench, 'a', {}, cut).catch(() => undefined)
      await retire(bench, 'a')
      expect([engines(bench), bench.lease.holder]).toEqual([['b'], null])
    }
  })
})

describe('an engine that gives back the port alone', () => {
  it('loses the container that has it and keeps the one that has not', async () => {
    const bench = await two()
    const [own] = bench.containersOf('a')
    await retire(bench, 'a', { leaseOnly: true, containerId: own?.id ?? '' })
    await retire(bench, 'b', { leaseOnly: true, containerId: bench.containersOf('b')[0]?.id ?? '' })
    expect(engines(bench)).toEqual(['b'])
    expect(bench.lease.holder).toBeNull()
  })

  /** A lease that began anew found engine `a`’s container `c` and made it the holder, while the engine’s workflow knows none. */
  async function recovered(): Promise<{ bench: Bench; found: string }> {
    const bench = new Bench()
    const { containerId } = await bench.provision(provisionInput('a'))
    bench.lease = initialLease('default', 0, true, 0)
    bench.take({ kind: 'recovered', survey: [{ containerId, engineId: 'a', epoch: 1, p2pPort: PORT, running: true }] })
    return { bench, found: containerId }
  }

  it('leaves alone what the lease recovered for it, as long as that runs', async () => {
    const { bench, found } = await recovered()
    await retire(bench, 'a', { leaseOnly: true })
    expect(bench.lease.holder).toMatchObject({ engineId: 'a', phase: 'active', containerId: found })
    expect(engines(bench)).toEqual(['a'])
    bench.die(found)
    await retire(bench, 'a', { leaseOnly: true })
    expect(bench.lease.holder).toBeNull()
    expect(engines(bench)).toEqual([])
  })

  it('gives up what it knows itself, though the lease recovered it', async () => {
    const { bench, found } = await recovered()
    await retire(bench, 'a', { leaseOnly: true, containerId: found })
    expect(bench.lease.holder).toBeNull()
  })

  it('gives up what was recovered for it when it goes for good', async () => {
    const { bench } = await recovered()
    await retire(bench, 'a')
    expect([engines(bench), bench.lease.holder]).toEqual([[], null])
  })
})
