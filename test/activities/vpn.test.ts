import { describe, expect, it } from 'vitest'
import { PortDamper, vpnViewOf } from '../../activities/watch/vpn.js'
import type { VpnContainer } from '../../src/docker/runtime.js'
import type { VpnReading } from '../../src/gluetun/client.js'

const GRACE = 5_000

describe('the port that the lease is told', () => {
  it('is believed at once', () => {
    expect(new PortDamper(GRACE).next([41000], null, 0)).toBe(41000)
    expect(new PortDamper(GRACE).next([42000], 41000, 0)).toBe(42000)
  })

  it('is not told again while it is the same', () => {
    expect(new PortDamper(GRACE).next([41000], 41000, 0)).toBeUndefined()
  })

  it('stays while it is among several, whatever their order', () => {
    const damper = new PortDamper(GRACE)
    expect(
      [
        [41000, 42000],
        [42000, 41000],
        [40000, 41000],
      ].map((ports) => damper.next(ports, 41000, 0)),
    ).toEqual([undefined, undefined, undefined])
    for (const ports of [
      [40000, 42000],
      [42000, 40000],
    ])
      expect(damper.next(ports, 41000, 0)).toBe(40000)
  })

  it('is none only when that lasted', () => {
    const damper = new PortDamper(GRACE)
    expect([0, 1_000, GRACE - 1].map((now) => damper.next([], 41000, now))).toEqual([undefined, undefined, undefined])
    expect(damper.next([], 41000, GRACE)).toBeNull()
    expect(damper.next([], null, GRACE + 1)).toBeUndefined()
  })

  it('is not lost by flapping: each return begins the grace anew', () => {
    const damper = new PortDamper(GRACE)
    const told = []
    for (let now = 0; now < 20 * GRACE; now += 1_000) told.push(damper.next(now % 4_000 === 0 ? [41000] : [], 41000, now))
    expect(told.filter((port) => port !== undefined)).toEqual([])
  })

  it('is not changed by what could not be read, which neither begins nor ends the grace', () => {
    const damper = new PortDamper(GRACE)
    expect(damper.next(null, 41000, 0)).toBeUndefined()
    expect(damper.next([], 41000, 1_000)).toBeUndefined()
    expect(damper.next(null, 41000, 1_000 + GRACE)).toBeUndefined()
    expect(damper.next([], 41000, 1_000 + GRACE)).toBeNull()
  })
})

describe('the view of the VPN', () => {
  const container: VpnContainer = {
    id: 'g1',
    name: 'gluetun',
    running: true,
    health: 'healthy',
    startedAt: 0,
    address: '172.17.0.2',
    provider: 'protonvpn',
  }
  const reading: VpnReading = {
    status: 'running',
    ports: [41000],
    publicIp: '203.0.113.7',
    country: 'Iceland',
    region: 'Capital Region',
    city: 'Reykjavik',
    problem: null,
  }

  it('is connected when it runs in a running container and has a public address', () => {
    expect(vpnViewOf('gluetun', container, reading)).toEqual({
      enabled: true,
      containerName: 'gluetun',
      containerRunning: true,
      containerHealth: 'healthy',
      status: 'running',
      connected: true,
      forwardedPorts: [41000],
      publicIp: '203.0.113.7',
      country: 'Iceland',
      region: 'Capital Region',
      city: 'Reykjavik',
      provider: 'protonvpn',
      problem: null,
    })
  })

  it.each([
    ['without a public address', { publicIp: null }],
    ['while it is not running', { status: 'stopped' as const }],
  ])('is not connected %s', (_, change) => {
    expect(vpnViewOf('gluetun', container, { ...reading, ...change }).connected).toBe(false)
  })

  it('believes no old reading of a container that does not run, and says which one to start', () => {
    expect(vpnViewOf('gluetun', { ...container, running: false }, reading)).toMatchObject({
      containerRunning: false,
      status: 'unknown',
      connected: false,
      forwardedPorts: [],
      publicIp: null,
      provider: 'protonvpn',
      problem: { code: 'vpn-stopped', detail: expect.stringContaining('gluetun') },
    })
  })

  it('says that there is no such container, and how to name another', () => {
    const { problem, containerHealth } = vpnViewOf('gluetun', null, reading)
    expect(problem).toMatchObject({ code: 'vpn-missing', detail: expect.stringContaining('GLUETUN_CONTAINER_NAME') })
    expect(containerHealth).toBe('none')
  })

  it('passes on what is wrong with the control server, and is unknown before the first reading', () => {
    const problem = { code: 'gluetun-unauthorized' as const, detail: 'write this there' }
    expect(vpnViewOf('gluetun', container, { ...reading, ports: null, problem })).toMatchObject({ problem, forwardedPorts: [] })
    expect(vpnViewOf('gluetun', container, null)).toMatchObject({ status: 'unknown', connected: false, problem: null })
  })
})
