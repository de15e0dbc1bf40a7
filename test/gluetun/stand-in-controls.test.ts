import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGluetunClient } from '../../src/gluetun/control-client.js'
import { GluetunStandIn } from '../../src/simulator/gluetun-stand-in.js'
import type { GluetunStandInOptions } from '../../src/simulator/gluetun-stand-in.js'

async function start(options: GluetunStandInOptions = {}) {
  const standIn = new GluetunStandIn({ ports: [41000], portDelayMs: 20, ...options })
  onTestFinished(() => standIn.stop())
  await standIn.start()
  const client = createGluetunClient({ baseUrl: () => standIn.url, auth: { kind: 'none' }, timeoutMs: 2000 })
  const ports = async () => (await client.readPorts()).ports
  return { standIn, client, ports }
}

const put = (url: string, status: string) => fetch(`${url}/v1/vpn/status`, { method: 'PUT', body: JSON.stringify({ status }) })

describe('a stand-in under control', () => {
  it('has the ports that it is told, and none when they are taken away', async () => {
    const { standIn, ports } = await start()
    standIn.setPort(42000)
    expect(await ports()).toEqual([42000])
    standIn.setPorts([5000, 4000])
    expect(await ports()).toEqual([4000, 5000])
    standIn.setPort(0)
    expect(await ports()).toEqual([])
    expect(() => standIn.setPort(65536)).toThrow(RangeError)
  })

  it('loses port and IP with the VPN and gets another port with the next one', async () => {
    const { standIn, client, ports } = await start()
    standIn.setVpn('down')
    expect(await client.read()).toMatchObject({ status: 'stopped', ports: [], publicIp: null, problem: null })
    standIn.setVpn('up')
    expect(await client.read()).toMatchObject({ status: 'running', problem: null })
    await vi.waitFor(async () => expect(await ports()).toEqual([41001]))
    expect((await client.read()).publicIp).toBe('198.51.100.7')
  })

  it('gets a stuck forward back when the VPN is stopped and started', async () => {
    const { standIn, ports } = await start()
    standIn.setPorts([])
    expect(await (await put(standIn.url, 'stopped')).json()).toEqual({ outcome: 'stopped' })
    expect(await (await put(standIn.url, 'running')).json()).toEqual({ outcome: 'running' })
    await vi.waitFor(async () => expect(await ports()).toEqual([41001]))
  })

  it('has the ports named while the VPN was down once it is up', async () => {
    const { standIn, ports } = await start()
    standIn.setVpn('down')
    standIn.setPort(43000)
    expect(await ports()).toEqual([])
    standIn.setVpn('up')
    await vi.waitFor(async () => expect(await ports()).toEqual([43000]))
  })

  it('of v3.40 starts a stopped VPN again by itself', async () => {
    const { standIn, client } = await start({ version: 'v3.40.4', selfRestartMs: 20 })
    await put(standIn.url, 'stopped')
    await vi.waitFor(async () => expect(await client.read()).toMatchObject({ status: 'running', ports: [41001] }))
  })

  it('takes other credentials at once', async () => {
    const { standIn, client } = await start()
    standIn.setAuth({ kind: 'apikey', key: 'k' })
    expect((await client.read()).problem?.code).toBe('gluetun-unauthorized')
    standIn.setAuth({ kind: 'none' })
    expect((await client.read()).problem).toBeNull()
  })
})

describe('a faulty stand-in', () => {
  it.each([
    ['html', 'gluetun-unintelligible'],
    ['unauthorized', 'gluetun-unauthorized'],
    ['refuse', 'gluetun-unreachable'],
  ] as const)('%s: the client tells %s, and is well again after', async (fault, code) => {
    const { standIn, client } = await start()
    await standIn.setFault(fault)
    expect(await client.read()).toMatchObject({ status: 'unknown', ports: null, problem: { code } })
    await standIn.setFault(null)
    expect(await client.read()).toMatchObject({ status: 'running', ports: [41000], problem: null })
  })

  it('slow: answers only when the fault is lifted', async () => {
    const { standIn, ports } = await start()
    await standIn.setFault('slow')
    const answer = ports()
    await vi.waitFor(() => expect(standIn.requests).toEqual(['GET /v1/portforward']))
    standIn.setPort(42000)
    await standIn.setFault(null)
    expect(await answer).toEqual([42000])
  })

  it('flap: has its port at every second question', async () => {
    const { standIn, ports } = await start()
    await standIn.setFault('flap')
    expect([await ports(), await ports(), await ports(), await ports()]).toEqual([[], [41000], [], [41000]])
  })
})
