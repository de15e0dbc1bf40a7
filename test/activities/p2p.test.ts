import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProbeTarget } from '../../activities/watch/health.js'
import { probeP2p } from '../../activities/watch/p2p.js'
import { startEngine } from '../../src/simulator/engine-stand-in.js'

const NEVER = new AbortController().signal

/** Ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))))
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return [first as number, second as number]
}

async function engineThat(behaves: { opens: boolean; hang?: boolean }): Promise<ProbeTarget> {
  const [port, p2pPort] = await freePorts()
  const engine = await startEngine({
    host: '127.0.0.1',
    httpPort: port,
    p2pPort: behaves.opens ? p2pPort : null,
    hang: behaves.hang ?? false,
  })
  onTestFinished(() => engine.stop())
  return { engineId: 'e', containerId: 'c', address: '127.0.0.1', port, p2pPort }
}

describe('how an engine is connected', () => {
  it('is its own word, and whether its P2P port takes connections', async () => {
    const target = await engineThat({ opens: true })
    expect(await probeP2p(target, 2_000, NEVER)).toEqual({ connected: true, listening: true })
  })

  it('a P2P port that refuses connections does not listen', async () => {
    const target = await engineThat({ opens: false })
    expect(await probeP2p(target, 2_000, NEVER)).toEqual({ connected: true, listening: false })
  })

  it('without a P2P port there is none to listen', async () => {
    const target = await engineThat({ opens: true })
    expect(await probeP2p({ ...target, p2pPort: null }, 2_000, NEVER)).toEqual({ connected: true, listening: null })
  })

  it('is not known of an engine that does not answer in time', async () => {
    const target = await engineThat({ opens: true, hang: true })
    expect(await probeP2p(target, 200, NEVER)).toEqual({ connected: null, listening: true })
  })

  it('is not known of one that cannot be reached, and the question ends with the watch', async () => {
    const [port] = await freePorts()
    const target = { engineId: 'e', containerId: 'c', address: '127.0.0.1', port, p2pPort: port }
    expect(await probeP2p(target, 2_000, AbortSignal.abort())).toEqual({ connected: null, listening: null })
  })
})
