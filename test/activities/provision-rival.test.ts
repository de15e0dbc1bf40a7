import { describe, expect, it } from 'vitest'
import type { ContainerState, InspectedContainer } from '../../src/docker/runtime.js'
import { containerOf } from './memory-docker.js'
import { Bench, OF_GLUETUN, PORT, provisionInput, readyLease, RIVAL } from './provision-bench.js'

/** A forwarded container behind our Gluetun, of another Berth. */
function rival(state: ContainerState, createdAt: number, network: object = OF_GLUETUN): InspectedContainer {
  const spec = { ...RIVAL, network: network as typeof OF_GLUETUN, forwarded: { index: 0, epoch: 8, p2pPort: PORT } }
  const made = containerOf(spec, 'theirs', { state, createdAt, managed: false })
  return { ...made, engine: { ...made.engine, instance: 'theirs' } }
}

function benchBehindGluetun(): Bench {
  const bench = new Bench()
  bench.vpn = { id: 'g1', running: true }
  return bench
}

const started = (bench: Bench) => bench.calls.flatMap((call) => (call.op === 'start' ? [call.containerId] : []))

describe('a container that finds another Berth at the port', () => {
  it.each<[ContainerState, number]>([
    ['running', 99],
    ['paused', 99],
    ['created', -1],
  ])('%s is not started: it is removed, the lease is told, and a follower is made instead', async (state, createdAt) => {
    const bench = benchBehindGluetun()
    const told: unknown[] = []
    bench.beforeMessage = (command) => told.push(command.kind)
    bench.others = [rival(state, createdAt)]
    const made = await bench.provision(provisionInput('a'))
    expect(made).toMatchObject({ outcome: 'started', containerName: 'berth-a', forwarded: null })
    expect(bench.overlap).toBe(0)
    expect(started(bench)).toEqual([made.containerId])
    expect(bench.docker.containers.map(({ name }) => name)).toEqual(['berth-a'])
    expect(told).toEqual(['acquire', 'confirm', 'conflict', 'revoke', 'ended'])
    expect(bench.lease).toMatchObject({ holder: null, conflict: expect.stringContaining('instance theirs') })
    expect(bench.lease.log).toMatchObject([{ epoch: 1, ended: 'not-started' }])
  })

  it('keeps nobody waiting after that: the next engine is a follower at once', async () => {
    const bench = benchBehindGluetun()
    bench.others = [rival('running', 99)]
    await bench.provision(provisionInput('a'))
    const before = bench.docker.created
    await bench.provision(provisionInput('b'))
    expect(bench.docker.created).toBe(before + 1)
    expect(bench.lease.epoch).toBe(1)
  })

  it('gives way too when that one has only been created, whichever came first', async () => {
    const bench = benchBehindGluetun()
    bench.others = [rival('created', 99)]
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: null })
    expect(bench.lease).toMatchObject({ conflict: expect.stringContaining('theirs'), holder: null })
  })

  it('goes on when that one is behind another VPN', async () => {
    const bench = benchBehindGluetun()
    bench.others = [rival('running', 0, { kind: 'container', containerId: 'g2', containerName: 'other' })]
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: { epoch: 1 } })
  })

  it('never touches it', async () => {
    const bench = benchBehindGluetun()
    const theirs = rival('running', 0)
    bench.others = [theirs]
    bench.docker = { containers: [theirs], created: 0 }
    await bench.provision(provisionInput('a'))
    expect(bench.docker.containers).toContainEqual(theirs)
  })

  it('of a nominated engine leaves a follower behind, whose own container it had to remove', async () => {
    const bench = benchBehindGluetun()
    bench.lease = readyLease(null)
    const { containerId } = await bench.provision(provisionInput('a'))
    bench.lease = readyLease()
    bench.others = [rival('running', 99)]
    const made = await bench.provision(provisionInput('a', { containerId, reason: 'elected', nominated: true }))
    expect(made).toMatchObject({ outcome: 'started', forwarded: null })
    expect(bench.containersOf('a').map(({ state, engine }) => ({ state, forwarded: engine.forwarded }))).toEqual([
      { state: 'running', forwarded: false },
    ])
  })

  it('cut off at any checkpoint, and done again, starts no forwarded container', async () => {
    for (let at = 1, reached = true; reached; at++) {
      const bench = benchBehindGluetun()
      bench.others = [rival('running', 99)]
      reached = await bench.provisionUntil(provisionInput('a'), at)
      await bench.provision(provisionInput('a'))
      expect(bench.overlap, `cut off at checkpoint ${at}`).toBe(0)
      expect(bench.lease.holder).toBeNull()
    }
  })
})
