import { describe, expect, it, onTestFinished } from 'vitest'
import { createGluetunClient } from '../../src/gluetun/control-client.js'
import { GluetunStandIn } from '../../src/simulator/gluetun-stand-in.js'
import type { GluetunStandInOptions } from '../../src/simulator/gluetun-stand-in.js'
import { serve } from './loopback.js'

async function gluetun(options: GluetunStandInOptions): Promise<GluetunStandIn> {
  const standIn = new GluetunStandIn(options)
  await standIn.start()
  onTestFinished(() => standIn.stop())
  return standIn
}

describe('the route of the forwarded port', () => {
  it.each(['v3.41.1', 'v3.41.3', 'latest'] as const)('%s: is the new one, asked once a poll', async (version) => {
    const server = await gluetun({ version, auth: { kind: 'none' }, ports: [41000] })
    const client = createGluetunClient({ baseUrl: () => server.url, auth: { kind: 'none' } })
    for (let poll = 0; poll < 3; poll++) expect(await client.readPorts()).toEqual({ ports: [41000], problem: null })
    expect(server.requests).toEqual(Array.from({ length: 3 }, () => 'GET /v1/portforward'))
  })

  it('v3.40.4: is found to be the old one once and asked alone from then on', async () => {
    const server = await gluetun({ version: 'v3.40.4', ports: [41000] })
    const client = createGluetunClient({ baseUrl: () => server.url, auth: { kind: 'none' } })
    for (let poll = 0; poll < 3; poll++) expect((await client.readPorts()).ports).toEqual([41000])
    const old = 'GET /v1/openvpn/portforwarded'
    expect(server.requests).toEqual(['GET /v1/portforward', old, old, old])
  })

  it.each([
    ['v3.40.4', 'latest'],
    ['latest', 'v3.40.4'],
  ] as const)('is found anew when %s becomes %s at the same address', async (before, after) => {
    const options = { auth: { kind: 'apikey', key: 'k' }, ports: [41000] } as const
    const first = new GluetunStandIn({ ...options, ports: [41000], version: before })
    const url = await first.start()
    const client = createGluetunClient({ baseUrl: () => url, auth: options.auth })
    expect((await client.readPorts()).ports).toEqual([41000])
    await first.stop()
    expect((await client.readPorts()).problem?.code).toBe('gluetun-unreachable')
    const second = await gluetun({ ...options, ports: [42000], version: after, port: Number(new URL(url).port) })
    for (let poll = 0; poll < 3; poll++) expect(await client.readPorts()).toEqual({ ports: [42000], problem: null })
    expect(second.requests.at(-1)).toBe(after === 'latest' ? 'GET /v1/portforward' : 'GET /v1/openvpn/portforwarded')
    expect(second.requests).toHaveLength(4)
  })

  it('is asked of the address known now, and none is asked while it is unknown', async () => {
    const server = await gluetun({ version: 'v3.41.3', ports: [41000] })
    let address: string | null = null
    const client = createGluetunClient({ baseUrl: () => address, auth: { kind: 'none' } })
    expect(await client.read()).toMatchObject({ status: 'unknown', ports: null, publicIp: null, problem: { code: 'gluetun-unreachable' } })
    address = `${server.url}/`
    expect(await client.read()).toMatchObject({ status: 'running', ports: [41000], problem: null })
    address = 'gluetun:8000'
    expect((await client.readPorts()).problem?.detail).toContain('is not a URL such as http://gluetun:8000')
  })

  it.each([
    ['{"port":0}', []],
    ['{"port":0,"ports":[]}', []],
    ['{"port":0,"ports":null}', []],
    ['{"ports":[]}', []],
    ['{"port":41000}', [41000]],
    ['{"ports":[30003,10003,20003]}', [10003, 20003, 30003]],
    ['{"port":10003,"ports":[10003,20003]}', [10003, 20003]],
    ['{"port":65535,"ports":[0,65535]}', [65535]],
  ])('reads %s as %j', async (body, ports) => {
    const server = await serve((_, response) => response.end(`${body}\n`))
    const client = createGluetunClient({ baseUrl: () => server.url, auth: { kind: 'none' } })
    expect(await client.readPorts()).toEqual({ ports, problem: null })
  })

  it('takes several ports from each version', async () => {
    for (const version of ['v3.40.4', 'v3.41.1', 'v3.41.3', 'latest'] as const) {
      const server = await gluetun({ version, auth: { kind: 'none' }, ports: [30003, 10003, 20003] })
      const client = createGluetunClient({ baseUrl: () => server.url, auth: { kind: 'none' } })
      expect((await client.readPorts()).ports).toEqual([10003, 20003, 30003])
    }
  })
})
