import { describe, expect, it } from 'vitest'
import { createGluetunClient } from '../../src/gluetun/control-client.js'
import type { GluetunAuth, VpnReading } from '../../src/gluetun/client.js'
import { replay } from './loopback.js'
import { loadRecordings } from './recordings.js'

const NO_KEY: GluetunAuth = { kind: 'none' }
const KEY: GluetunAuth = { kind: 'apikey', key: 'test-api-key' }
const WRONG_KEY: GluetunAuth = { kind: 'apikey', key: 'wrong' }
const USER: GluetunAuth = { kind: 'basic', username: 'user', password: 'secret' }
const WRONG_USER: GluetunAuth = { kind: 'basic', username: 'user', password: 'wrong' }

const AMSTERDAM = { publicIp: '198.51.100.7', country: 'Netherlands', region: 'North Holland', city: 'Amsterdam' }
const NOWHERE = { publicIp: null, country: null, region: null, city: null }
const UNKNOWN = { status: 'unknown', ports: null, ...NOWHERE } as const

interface Expected extends Omit<VpnReading, 'problem'> {
  /** The code and what the detail must say. */
  problem: null | [code: string, ...parts: string[]]
}

const up = (...ports: number[]): Expected => ({ status: 'running', ports, ...AMSTERDAM, problem: null })
const stopped: Expected = { status: 'stopped', ports: [], ...NOWHERE, problem: null }
/** The public IP was not asked in these recordings, so the replay cuts that connection; the rest must hold all the same. */
const upWithoutIp = (port: number): Expected => ({
  status: 'running',
  ports: [port],
  ...NOWHERE,
  problem: ['gluetun-unreachable', '/v1/publicip/ip'],
})
const refused = (...parts: string[]): Expected => ({ ...UNKNOWN, problem: ['gluetun-unauthorized', ...parts] })
/** The file lists only the old route of the ports. */
const trapped: Expected = {
  status: 'running',
  ports: null,
  ...AMSTERDAM,
  problem: [
    'gluetun-unauthorized',
    'other routes are answered with GLUETUN_API_KEY, but no role that accepts it lists these',
    'routes = ["GET /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"]',
    'its file lists only "GET /v1/openvpn/portforwarded"',
  ],
}
const noCredentials = refused('no credentials are configured', 'auth = "apikey"', 'set GLUETUN_API_KEY')
const noPassword = refused('asks for a user name and a password', 'auth = "basic"', 'set GLUETUN_API_USERNAME and GLUETUN_API_PASSWORD')
const wrongKey = refused('the credentials are refused. GLUETUN_API_KEY')
const wrongPassword = refused('the credentials are refused. GLUETUN_API_USERNAME and GLUETUN_API_PASSWORD')

const DEFAULT = 'default | auth unset (default role), VPN up'
const OPEN = 'none | auth none, VPN up, port forwarded'
const STOPPED = 'none | after PUT stopped'
const APIKEY = 'apikey | VPN up'
const BASIC = 'basic | VPN up'
const CONFIG = 'config | VPN up'
const NO_FORWARDING = 'none | VPN up, VPN_PORT_FORWARDING=off'
const NATPMP_SILENT = 'none | VPN up, NAT-PMP silent'
const NATPMP_SILENT_LATER = 'none | NAT-PMP silent, 140 s later'

const TABLE: [set: string, auth: GluetunAuth, expected: Expected][] = [
  [`v3.40.4 | ${DEFAULT}`, NO_KEY, up(59190)],
  [`v3.40.4 | ${CONFIG}`, NO_KEY, noCredentials],
  [`v3.40.4 | ${CONFIG}`, KEY, up(51061)],
  [`v3.40.4 | ${NO_FORWARDING}`, NO_KEY, up()],
  [`v3.40.4 | ${NATPMP_SILENT}`, NO_KEY, up()],
  [`v3.40.4 | ${NATPMP_SILENT_LATER}`, NO_KEY, up()],

  [`v3.41.1 | ${DEFAULT}`, NO_KEY, up(48555)],
  [`v3.41.1 | ${OPEN}`, NO_KEY, up(57742)],
  [`v3.41.1 | ${STOPPED}`, NO_KEY, stopped],
  [`v3.41.1 | ${APIKEY}`, NO_KEY, noCredentials],
  [`v3.41.1 | ${APIKEY}`, WRONG_KEY, wrongKey],
  [`v3.41.1 | ${APIKEY}`, KEY, upWithoutIp(51888)],
  [`v3.41.1 | ${BASIC}`, NO_KEY, noPassword],
  [`v3.41.1 | ${BASIC}`, WRONG_USER, wrongPassword],
  [`v3.41.1 | ${BASIC}`, USER, upWithoutIp(43405)],
  [`v3.41.1 | ${CONFIG}`, NO_KEY, noCredentials],
  [`v3.41.1 | ${CONFIG}`, KEY, trapped],
  [`v3.41.1 | ${NO_FORWARDING}`, NO_KEY, up()],
  [`v3.41.1 | ${NATPMP_SILENT}`, NO_KEY, up()],
  [`v3.41.1 | ${NATPMP_SILENT_LATER}`, NO_KEY, up()],

  [`v3.41.3 | ${DEFAULT}`, NO_KEY, up(48817)],
  [`v3.41.3 | ${OPEN}`, NO_KEY, up(42478)],
  [`v3.41.3 | ${STOPPED}`, NO_KEY, stopped],
  [`v3.41.3 | ${APIKEY}`, NO_KEY, noCredentials],
  [`v3.41.3 | ${APIKEY}`, WRONG_KEY, wrongKey],
  [`v3.41.3 | ${APIKEY}`, KEY, upWithoutIp(31200)],
  [`v3.41.3 | ${BASIC}`, NO_KEY, noPassword],
  [`v3.41.3 | ${BASIC}`, WRONG_USER, wrongPassword],
  [`v3.41.3 | ${BASIC}`, USER, upWithoutIp(57776)],
  [`v3.41.3 | ${CONFIG}`, NO_KEY, noCredentials],
  [`v3.41.3 | ${CONFIG}`, KEY, trapped],
  [`v3.41.3 | ${NO_FORWARDING}`, NO_KEY, up()],
  [`v3.41.3 | ${NATPMP_SILENT}`, NO_KEY, up()],
  [`v3.41.3 | ${NATPMP_SILENT_LATER}`, NO_KEY, up()],

  [`latest | ${DEFAULT}`, NO_KEY, noCredentials],
  [`latest | ${OPEN}`, NO_KEY, up(34111)],
  [`latest | ${STOPPED}`, NO_KEY, stopped],
  [`latest | ${APIKEY}`, NO_KEY, noCredentials],
  [`latest | ${APIKEY}`, WRONG_KEY, wrongKey],
  [`latest | ${APIKEY}`, KEY, upWithoutIp(32103)],
  [`latest | ${BASIC}`, NO_KEY, noPassword],
  [`latest | ${BASIC}`, WRONG_USER, wrongPassword],
  [`latest | ${BASIC}`, USER, upWithoutIp(51517)],
  [`latest | ${CONFIG}`, NO_KEY, noCredentials],
  [`latest | ${CONFIG}`, KEY, trapped],
  [`latest | ${NO_FORWARDING}`, NO_KEY, up()],
  [`latest | ${NATPMP_SILENT}`, NO_KEY, up()],
  [`latest | ${NATPMP_SILENT_LATER}`, NO_KEY, up()],
]

const sets = new Map(loadRecordings().map((set) => [`${set.version} | ${set.auth} | ${set.state}`, set]))
const recordingsOf = (name: string) => {
  const set = sets.get(name)
  if (set === undefined) throw new Error(`not recorded: ${name}`)
  return set.recordings
}

describe('the client draws the right conclusion from every recorded control server', () => {
  it('expects something of every recorded set', () => {
    expect(new Set(TABLE.map(([name]) => name))).toEqual(new Set(sets.keys()))
  })

  it.each(TABLE)('%s, asked with %j', async (name, auth, expected) => {
    const server = await replay(recordingsOf(name))
    const { problem, ...facts } = await createGluetunClient({ baseUrl: () => server.url, auth }).read()
    const { problem: expectedProblem, ...expectedFacts } = expected
    expect(facts).toEqual(expectedFacts)
    expect(problem?.code ?? null).toBe(expectedProblem?.[0] ?? null)
    for (const part of expectedProblem?.slice(1) ?? []) expect(problem?.detail).toContain(part)
  })

  it.each([
    ['v3.41.1', 51888],
    ['v3.41.3', 56899],
    ['latest', 42786],
  ])('%s: the port of a VPN started again is none first and then the new one', async (version, port) => {
    const server = await replay(recordingsOf(`${version} | ${STOPPED}`))
    const client = createGluetunClient({ baseUrl: () => server.url, auth: NO_KEY })
    const seen: (number[] | null)[] = []
    for (let poll = 0; poll < 10; poll++) seen.push((await client.readPorts()).ports)
    const firstKnown = seen.findIndex((ports) => ports?.length === 1)
    expect(seen.slice(0, firstKnown)).toEqual(Array.from({ length: firstKnown }, () => []))
    expect(firstKnown).toBeGreaterThan(0)
    expect(seen.slice(firstKnown)).toEqual(Array.from({ length: 10 - firstKnown }, () => [port]))
  })
})
