import { describe, expect, it } from 'vitest'
import { fenceEpoch } from '../../activities/fence.js'
import { createVpnLocator } from '../../activities/vpn-locator.js'
import { RuntimeError, type VpnContainer } from '../../src/docker/runtime.js'
import { containerOf, type DockerCall, type DockerState, execute, runtimeOver, settle } from './memory-docker.js'
import { SETTINGS } from './provision-bench.js'

const SCOPE = { pool: 'default', index: 0 }
const NETWORK = { kind: 'bridge', name: null, hostHttpPort: 6878, hostAddress: '127.0.0.1' } as const

/** A forwarded container; `epoch: null` and `pool: null` are those of an older orchestrator. */
function forwarded(id: string, epoch: number | null, change: { pool?: string | null; index?: number; forwarded?: boolean } = {}) {
  const spec = {
    ...SETTINGS,
    name: id,
    engineId: id,
    pool: 'default',
    httpPort: 1,
    httpsPort: 2,
    network: NETWORK,
    labels: {},
    environment: {},
  }
  const container = containerOf({ ...spec, forwarded: { index: 0, epoch: epoch ?? 0, p2pPort: 3 } }, id, { state: 'running' })
  return { ...container, engine: { ...container.engine, epoch, ...change } }
}

class Daemon {
  state: DockerState
  readonly calls: DockerCall[] = []
  onCall: (call: DockerCall) => void = () => undefined
  readonly runtime = runtimeOver(async (call) => {
    this.calls.push(call)
    this.onCall(call)
    const { docker, reply } = execute(this.state, call)
    this.state = docker
    return settle(reply)
  })

  constructor(...containers: ReturnType<typeof forwarded>[]) {
    this.state = { containers, created: 0 }
  }

  fence(epoch: number) {
    return fenceEpoch(this.runtime, SCOPE, epoch, () => undefined)
  }

  get left() {
    return this.state.containers.map(({ id }) => id)
  }
}

describe('ending an epoch', () => {
  it('removes its containers and those of lower epochs or none, and nothing else', async () => {
    const daemon = new Daemon(
      forwarded('same', 3),
      forwarded('lower', 2),
      forwarded('none', null, { pool: null }),
      forwarded('higher', 4),
      forwarded('other-pool', 3, { pool: 'other' }),
      forwarded('other-index', 3, { index: 1 }),
      forwarded('follower', null, { forwarded: false }),
    )
    await daemon.fence(3)
    expect(daemon.left).toEqual(['higher', 'other-pool', 'other-index', 'follower'])
  })

  it('is over only when a list shows none: one that comes up meanwhile is removed too', async () => {
    const daemon = new Daemon(forwarded('first', 3))
    daemon.onCall = (call) => {
      if (call.op === 'remove' && call.containerId === 'first') {
        daemon.state = { ...daemon.state, containers: [...daemon.state.containers, forwarded('late', 3)] }
      }
    }
    await daemon.fence(3)
    expect(daemon.left).toEqual([])
    expect(daemon.calls.map(({ op }) => op)).toEqual(['list', 'remove', 'list', 'remove', 'list'])
  })

  it.each(['list', 'remove'] as const)('concludes nothing when Docker cannot be asked to %s', async (op) => {
    const daemon = new Daemon(forwarded('a', 3))
    daemon.onCall = (call) => {
      if (call.op === op) throw new RuntimeError('unreachable', 'gone')
    }
    await expect(daemon.fence(3)).rejects.toMatchObject({ code: 'unreachable' })
  })
})

describe('where Gluetun is', () => {
  const GLUETUN: VpnContainer = { id: 'g1', name: 'gluetun', running: true, health: 'healthy', startedAt: 0, address: null, provider: null }

  it('is asked once by many at the same time, and not again while the answer is young', async () => {
    let asked = 0
    const locator = createVpnLocator({ inspectVpn: async () => ({ ...GLUETUN, id: `g${++asked}` }) }, 'gluetun')
    const found = await Promise.all([locator.find(0), locator.find(0), locator.find(5_000)])
    expect(found.map((container) => container?.id)).toEqual(['g1', 'g1', 'g1'])
    expect((await locator.find(60_000))?.id).toBe('g1')
    expect(locator.last()?.id).toBe('g1')
    expect((await locator.find(-1))?.id).toBe('g2')
  })

  it('is asked again after a failure, which changes nothing that is known', async () => {
    let fails = false
    const inspectVpn = async () => {
      if (fails) throw new RuntimeError('unreachable', 'gone')
      return GLUETUN
    }
    const locator = createVpnLocator({ inspectVpn }, 'gluetun')
    await locator.find(0)
    fails = true
    await expect(locator.find(-1)).rejects.toMatchObject({ code: 'unreachable' })
    expect(locator.last()).toEqual(GLUETUN)
    fails = false
    expect(await locator.find(-1)).toEqual(GLUETUN)
  })

  it('is nowhere without a VPN, and nobody is asked', async () => {
    const locator = createVpnLocator({ inspectVpn: () => Promise.reject(new Error('asked')) }, null)
    expect([await locator.find(0), locator.last(), locator.name]).toEqual([null, null, null])
  })
})
