import { describe, expect, it } from 'vitest'
import { ProvisionFailure, provisionEngine } from '../../activities/provision.js'
import { initialLease } from '../../src/domain/lease-state.js'
import { containerOf } from './memory-docker.js'
import { Bench, PORT, provisionInput, readyLease, replyLost, SETTINGS } from './provision-bench.js'

const NETWORK = { kind: 'bridge', name: null, hostHttpPort: 6878, hostAddress: '127.0.0.1' } as const
const SPEC = { ...SETTINGS, engineId: 'x', pool: 'default', httpPort: 6878, httpsPort: 7878, network: NETWORK, labels: {}, environment: {} }

/** A container under the fixed name. */
const forwardedContainer = (id: string, engineId: string, epoch: number, change = {}) =>
  containerOf({ ...SPEC, name: 'berth-forwarded', engineId, forwarded: { index: 0, epoch, p2pPort: PORT } }, id, change)

const failureOf = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'succeeded',
    (error: unknown) => error,
  )

/** What has to hold after any attempt that succeeded: one container of the engine, it runs, and the lease agrees with it. */
function expectOneContainer(bench: Bench, engineId: string, forwarded: boolean): void {
  const own = bench.containersOf(engineId)
  expect(own.map(({ state, engine }) => ({ state, forwarded: engine.forwarded }))).toEqual([{ state: 'running', forwarded }])
  expect(bench.overlap).toBeLessThanOrEqual(1)
  if (forwarded) {
    expect(bench.lease.holder).toMatchObject({ engineId, phase: 'active', epoch: own[0]?.engine.epoch, containerId: own[0]?.id })
  } else {
    expect(bench.lease.holder?.engineId).not.toBe(engineId)
  }
}

describe('provisioning', () => {
  it('makes the first engine forwarded under the fixed name, and the second a follower', async () => {
    const bench = new Bench()
    const first = await bench.provision(provisionInput('a'))
    expect(first).toMatchObject({ outcome: 'started', containerName: 'berth-forwarded', forwarded: { epoch: 1, p2pPort: PORT } })
    const second = await bench.provision(provisionInput('b'))
    expect(second).toMatchObject({ outcome: 'started', containerName: 'berth-b', forwarded: null })
    expectOneContainer(bench, 'a', true)
    expectOneContainer(bench, 'b', false)
  })

  it('creates before it is cleared and starts after it, by id', async () => {
    const bench = new Bench()
    const order: string[] = []
    bench.beforeMessage = ({ kind }) => order.push(kind)
    bench.afterCall = (call) => order.push(call.op === 'start' ? `start ${call.containerId}` : call.op)
    const { containerId } = await bench.provision(provisionInput('a'))
    expect(order).toEqual(['acquire', 'list', 'create', 'confirm', `start ${containerId}`])
  })

  it('gives a container made without the lease’s word neither the port nor the label', async () => {
    const bench = new Bench(readyLease(null))
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: null })
    expect(bench.calls.find((call) => call.op === 'create')).toMatchObject({ spec: { name: 'berth-a', forwarded: null } })
  })

  it('ends the lost epoch with proof before it takes the next one', async () => {
    const bench = new Bench()
    const { containerId } = await bench.provision(provisionInput('a'))
    bench.die(containerId)
    const order: string[] = []
    bench.beforeMessage = ({ kind }) => order.push(kind)
    bench.afterCall = ({ op }) => order.push(op)
    const next = await bench.provision(provisionInput('a', { containerId, epoch: 1, reason: 'died' }))
    expect(order.slice(0, 5)).toEqual(['revoke', 'list', 'remove', 'list', 'ended'])
    expect(next.forwarded).toEqual({ epoch: 2, p2pPort: PORT })
    expect(bench.lease.log.map(({ epoch, ended }) => ({ epoch, ended }))).toEqual([
      { epoch: 1, ended: 'died' },
      { epoch: 2, ended: null },
    ])
    expectOneContainer(bench, 'a', true)
  })

  it('replaces a hung follower that still runs', async () => {
    const bench = new Bench(readyLease(null))
    const { containerId } = await bench.provision(provisionInput('a'))
    const next = await bench.provision(provisionInput('a', { containerId, reason: 'unhealthy' }))
    expect(next.containerId).not.toBe(containerId)
    expectOneContainer(bench, 'a', false)
  })

  it('replaces a hung container of an older orchestrator, which bears no engine id', async () => {
    const bench = new Bench(readyLease(null))
    const old = containerOf({ ...SPEC, name: 'old-engine', forwarded: null }, 'f'.repeat(64), { state: 'running' })
    bench.docker = { containers: [{ ...old, engine: { ...old.engine, engineId: null } }], created: 0 }
    const input = provisionInput('cffffffffffff', { containerId: old.id, reason: 'unhealthy' })
    await bench.provision({
      ...input,
      engine: {
        ...input.engine,
        adopt: {
          containerId: old.id,
          containerName: old.name,
          image: old.image,
          variant: null,
          host: 'localhost',
          vpnContainer: null,
          forwarded: null,
          startedAt: 0,
        },
      },
    })
    expect(bench.docker.containers.map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'berth-cffffffffffff', state: 'running' }])
  })

  it('replaces a hung forwarded container whose epoch only the lease knows', async () => {
    const bench = new Bench(initialLease('default', 0, true, 0))
    const old = forwardedContainer('old', 'a', 0, { state: 'running' })
    bench.docker = { containers: [{ ...old, engine: { ...old.engine, epoch: null } }], created: 0 }
    bench.take({ kind: 'recovered', survey: [{ containerId: 'old', engineId: 'a', epoch: null, p2pPort: PORT, running: true }] })
    bench.take({ kind: 'portObserved', port: PORT, generation: { session: 1, sequence: 1 } })
    const next = await bench.provision(provisionInput('a', { containerId: 'old', reason: 'unhealthy' }))
    expect(next).toMatchObject({ containerId: 'c1', forwarded: { epoch: 2 } })
    expectOneContainer(bench, 'a', true)
  })

  it('does not end an epoch with what it saw before that epoch was granted and revoked', async () => {
    const bench = new Bench()
    const late = new Error('stop here')
    const attempt = bench.provision(provisionInput('a', { epoch: 1, containerId: 'gone' }), (name) => {
      if (name === 'lease answered') throw late
      if (name !== 'seen gone') return
      bench.take({ kind: 'acquire', engineId: 'b', nominated: false })
      bench.docker = { containers: [forwardedContainer('of-b', 'b', 1)], created: 1 }
      bench.take({ kind: 'confirm', engineId: 'b', epoch: 1, containerId: 'of-b' })
      bench.take({ kind: 'revoke', epoch: 1, reason: 'forced', by: null })
    })
    expect(await failureOf(attempt)).toBe(late)
    expect(bench.lease.holder).toMatchObject({ engineId: 'b', epoch: 1, phase: 'revoking' })
  })

  it('finds out that the lease holds an epoch for it which it has forgotten, and hands that back first', async () => {
    const bench = new Bench()
    await bench.provision(provisionInput('a'))
    bench.take({ kind: 'elect', reason: 'forced', requestId: null, epoch: null, candidate: null, force: true })
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: null })
    expect(bench.lease.holder).toBeNull()
    expectOneContainer(bench, 'a', false)
  })

  it('in follower mode hands back what it holds and does not ask for more', async () => {
    const bench = new Bench()
    const { containerId } = await bench.provision(provisionInput('a'))
    bench.die(containerId)
    const next = await bench.provision(provisionInput('a', { containerId, epoch: 1, reason: 'died', follower: true }))
    expect(next.forwarded).toBeNull()
    expect(bench.lease).toMatchObject({ holder: null, epoch: 1 })
    expectOneContainer(bench, 'a', false)
  })

  it('in follower mode hands back a grant that no attempt ever reported', async () => {
    const bench = new Bench()
    bench.afterCall = ({ op }) => {
      if (op === 'start') replyLost()
    }
    expect(await failureOf(bench.provision(provisionInput('a')))).toMatchObject({ code: 'unreachable' })
    bench.afterCall = () => undefined
    expect(bench.lease.holder).toMatchObject({ engineId: 'a', phase: 'active' })
    await bench.provision(provisionInput('a', { follower: true }))
    expect(bench.lease.holder).toBeNull()
    expectOneContainer(bench, 'a', false)
  })

  it('keeps a nominated engine’s container when the lease says no', async () => {
    const bench = new Bench()
    await bench.provision(provisionInput('a'))
    const { containerId } = await bench.provision(provisionInput('b'))
    const before = bench.docker
    const kept = await bench.provision(provisionInput('b', { containerId, reason: 'elected', nominated: true }))
    expect(kept).toMatchObject({ outcome: 'kept', containerId, forwarded: null })
    expect(bench.docker).toBe(before)
  })

  it('makes a nominated engine forwarded in place of its follower container when the lease says yes', async () => {
    const bench = new Bench(readyLease(null))
    const { containerId } = await bench.provision(provisionInput('b'))
    bench.take({ kind: 'portObserved', port: PORT, generation: { session: 1, sequence: 2 } })
    const next = await bench.provision(provisionInput('b', { containerId, reason: 'elected', nominated: true }))
    expect(next.forwarded).toEqual({ epoch: 1, p2pPort: PORT })
    expectOneContainer(bench, 'b', true)
  })

  it('makes a nominated engine’s container anew when it is gone and the lease says no', async () => {
    const bench = new Bench()
    await bench.provision(provisionInput('a'))
    const made = await bench.provision(provisionInput('b', { containerId: 'gone', nominated: true }))
    expect(made).toMatchObject({ outcome: 'started', forwarded: null })
  })

  it('says that the lease is recovering instead of making a follower', async () => {
    const bench = new Bench(initialLease('default', 0, true, 0))
    const input = provisionInput('a', { epoch: 3, containerId: 'gone' })
    expect(await failureOf(bench.provision(input))).toMatchObject({ code: 'lease-recovering' })
    expect(bench.docker.containers).toEqual([])
  })

  it('waits for Gluetun rather than making a container that cannot start', async () => {
    const bench = new Bench()
    bench.vpn = { id: 'g1', running: false }
    expect(await failureOf(bench.provision(provisionInput('a')))).toMatchObject({ code: 'vpn-missing' })
    expect(bench.calls).toEqual([])
  })

  it('does not take over an earlier attempt’s follower that shares the network of a Gluetun that is gone', async () => {
    const bench = new Bench(readyLease(null))
    bench.vpn = { id: 'g1', running: true }
    const { containerId } = await bench.provision(provisionInput('a'))
    bench.vpn = { id: 'g2', running: true }
    const next = await bench.provision(provisionInput('a'))
    expect(next.containerId).not.toBe(containerId)
    expect(bench.containersOf('a').map(({ networkMode }) => networkMode)).toEqual(['container:g2'])
  })
})

describe('the fixed name', () => {
  it('taken by a foreign container is a lease conflict, and the container stays untouched', async () => {
    const bench = new Bench()
    const foreign = forwardedContainer('foreign', 'x', 1, { managed: false, state: 'running' })
    bench.docker = { containers: [foreign], created: 0 }
    const failure = await failureOf(bench.provision(provisionInput('a')))
    expect(failure).toBeInstanceOf(ProvisionFailure)
    expect(failure).toMatchObject({ code: 'lease-conflict' })
    expect(bench.docker.containers).toEqual([foreign])
  })

  it.each([
    ['of another pool', { pool: 'other' }],
    ['of another lease', { index: 1 }],
    ['that is no forwarded one', { forwarded: false }],
  ])('taken by a container of ours %s is a lease conflict too', async (_, change) => {
    const bench = new Bench()
    const other = forwardedContainer('other', 'x', 1, { state: 'running' })
    bench.docker = { containers: [{ ...other, engine: { ...other.engine, ...change } }], created: 0 }
    expect(await failureOf(bench.provision(provisionInput('a')))).toMatchObject({ code: 'lease-conflict' })
    expect(bench.docker.containers.map(({ id }) => id)).toEqual(['other'])
  })

  it('taken by a left-over of a lower epoch is freed', async () => {
    const bench = new Bench({ ...readyLease(), epoch: 4 })
    bench.docker = { containers: [forwardedContainer('left-over', 'z', 3)], created: 0 }
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: { epoch: 5 } })
    expect(bench.docker.containers.map(({ engine }) => engine.epoch)).toEqual([5])
  })

  it.each([6, 5])('taken by another engine with epoch %i stops epoch 5, which is too late, and stays untouched', async (epoch) => {
    const bench = new Bench({ ...readyLease(), epoch: 4 })
    bench.docker = { containers: [forwardedContainer('newer', 'z', epoch)], created: 0 }
    expect(await failureOf(bench.provision(provisionInput('a')))).toMatchObject({ code: 'conflict' })
    expect(bench.docker.containers.map(({ id }) => id)).toEqual(['newer'])
  })
})

describe('an attempt whose epoch is revoked before it is cleared', () => {
  it('removes what it created and goes on as a follower when the port is somebody else’s', async () => {
    const bench = new Bench()
    let asked = false
    bench.beforeMessage = ({ kind }) => {
      if (kind !== 'confirm' || asked) return
      asked = true
      bench.take({ kind: 'revoke', epoch: 1, reason: 'elected', by: null })
      bench.take({ kind: 'ended', epoch: 1, request: { engineId: 'b', nominated: false } })
    }
    expect(await bench.provision(provisionInput('a'))).toMatchObject({ forwarded: null })
    expect(bench.lease.holder).toMatchObject({ engineId: 'b', epoch: 2, phase: 'granted' })
    expect(bench.calls.slice(0, 3).map(({ op }) => op)).toEqual(['list', 'create', 'remove'])
    expectOneContainer(bench, 'a', false)
  })

  it('does not remove the successor’s container when it comes back', async () => {
    const bench = new Bench()
    let ran = false
    await bench.provision(provisionInput('a'), (name) => {
      if (name !== 'created' || ran) return
      ran = true
      bench.take({ kind: 'revoke', epoch: 1, reason: 'elected', by: null })
      bench.docker = { ...bench.docker, containers: [] }
      bench.take({ kind: 'ended', epoch: 1, request: null })
      bench.take({ kind: 'acquire', engineId: 'b', nominated: false })
      bench.docker = { ...bench.docker, containers: [forwardedContainer('successor', 'b', 2, { state: 'running' })] }
      bench.take({ kind: 'confirm', engineId: 'b', epoch: 2, containerId: 'successor' })
    })
    expect(bench.containersOf('b').map(({ id, state }) => ({ id, state }))).toEqual([{ id: 'successor', state: 'running' }])
    expectOneContainer(bench, 'a', false)
  })

  it('is not started when its container was removed between the clearance and the start', async () => {
    const bench = new Bench()
    await bench.provision(provisionInput('a'), (name) => {
      if (name === 'confirmed' && bench.lease.epoch === 1) bench.docker = { ...bench.docker, containers: [] }
    })
    expect(bench.lease.holder).toMatchObject({ engineId: 'a', epoch: 2, phase: 'active' })
    expectOneContainer(bench, 'a', true)
  })
})

/** Ways in which an engine comes to be provisioned. `prepare` leaves the pool as it is found; the attempt is what follows. */
const WAYS = {
  'a new engine that becomes forwarded': { prepare: async () => provisionInput('a'), forwarded: true },
  'a new engine that becomes a follower': {
    prepare: async (bench: Bench) => {
      await bench.provision(provisionInput('b'))
      return provisionInput('a')
    },
    forwarded: false,
  },
  'a forwarded engine whose container died': {
    prepare: async (bench: Bench) => {
      const { containerId } = await bench.provision(provisionInput('a'))
      bench.die(containerId)
      return provisionInput('a', { containerId, epoch: 1, reason: 'died' })
    },
    forwarded: true,
  },
  'a forwarded engine that hangs': {
    prepare: async (bench: Bench) => {
      const { containerId } = await bench.provision(provisionInput('a'))
      return provisionInput('a', { containerId, epoch: 1, reason: 'unhealthy' })
    },
    forwarded: true,
  },
  'a follower that is nominated': {
    prepare: async (bench: Bench) => {
      bench.lease = readyLease(null)
      const { containerId } = await bench.provision(provisionInput('a'))
      bench.lease = readyLease()
      return provisionInput('a', { containerId, reason: 'elected', nominated: true })
    },
    forwarded: true,
  },
  'a follower that died': {
    prepare: async (bench: Bench) => {
      await bench.provision(provisionInput('b'))
      const { containerId } = await bench.provision(provisionInput('a'))
      bench.die(containerId)
      return provisionInput('a', { containerId, reason: 'died' })
    },
    forwarded: false,
  },
  'an unseated engine': {
    prepare: async (bench: Bench) => {
      const { containerId } = await bench.provision(provisionInput('a'))
      bench.take({ kind: 'elect', reason: 'forced', requestId: null, epoch: null, candidate: null, force: true })
      return provisionInput('a', { containerId, epoch: 1, reason: 'forced' })
    },
    forwarded: false,
  },
  'a forwarded engine in follower mode': {
    prepare: async (bench: Bench) => {
      const { containerId } = await bench.provision(provisionInput('a'))
      bench.die(containerId)
      return provisionInput('a', { containerId, epoch: 1, reason: 'died', follower: true })
    },
    forwarded: false,
  },
}

describe.each(Object.entries(WAYS))('%s', (_, { prepare, forwarded }) => {
  it('may be cut off at every checkpoint, and at every one again: then one container is left, adopted where it fits', async () => {
    let first = 0
    for (let reached = true; reached; ) {
      first += 1
      for (let second = 1; ; second++) {
        const bench = new Bench()
        const input = await prepare(bench)
        reached = await bench.provisionUntil(input, first)
        const cutTwice = reached && (await bench.provisionUntil(input, second))
        await bench.provision(input)
        expectOneContainer(bench, 'a', forwarded)
        if (!cutTwice) break
      }
    }
    expect(first).toBeGreaterThan(3)
  })

  it.each(['created', 'started'])('does not make a second container when the first was %s', async (when) => {
    const bench = new Bench()
    const input = await prepare(bench)
    const before = bench.docker.created
    let cut = false
    const attempt = bench.provision(input, (name) => {
      if (name.endsWith(when)) {
        cut = true
        throw new Error(name)
      }
    })
    await failureOf(attempt)
    expect(cut).toBe(true)
    await bench.provision(input)
    expect(bench.docker.created).toBe(before + 1)
    expectOneContainer(bench, 'a', forwarded)
  })

  it('may lose any one reply of Docker after the call was executed', async () => {
    let lost = true
    let count = 0
    while (lost) {
      count += 1
      lost = false
      const bench = new Bench()
      const input = await prepare(bench)
      const before = bench.calls.length
      bench.afterCall = (_call, calls) => {
        if (calls !== before + count) return
        lost = true
        replyLost()
      }
      const failure = await failureOf(bench.provision(input))
      if (lost) expect(failure).toMatchObject({ code: 'unreachable' })
      bench.afterCall = () => undefined
      await bench.provision(input)
      expectOneContainer(bench, 'a', forwarded)
    }
    expect(count).toBeGreaterThan(3)
  })

  it('may lose any one answer of the lease after the message was taken', async () => {
    let lost = true
    let count = 0
    while (lost) {
      count += 1
      lost = false
      const bench = new Bench()
      const input = await prepare(bench)
      let asked = 0
      const losing = Object.fromEntries(
        Object.entries(bench.leaseClient).map(([name, ask]: [string, (request: never) => Promise<unknown>]) => [
          name,
          async (request: never) => {
            const answer = await ask(request)
            if (++asked !== count) return answer
            lost = true
            throw new Error('the lease’s answer got lost')
          },
        ]),
      ) as unknown as typeof bench.leaseClient
      await failureOf(provisionEngine(input, { ...bench.deps(), lease: losing }))
      await bench.provision(input)
      expectOneContainer(bench, 'a', forwarded)
    }
    expect(count).toBeGreaterThan(1)
  })
})
