import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { GluetunStandIn } from '../../src/simulator/gluetun-stand-in.js'
import type { StandInAuth } from '../../src/simulator/gluetun-stand-in.js'
import { loadRecordings } from './recordings.js'
import type { RecordedSet, Recording } from './recordings.js'

/** How the control servers were set when they were recorded. */
const AUTH: Record<RecordedSet['auth'], StandInAuth> = {
  default: { kind: 'default' },
  none: { kind: 'none' },
  apikey: { kind: 'apikey', key: 'test-api-key' },
  basic: { kind: 'basic', username: 'user', password: 'secret' },
  config: {
    kind: 'config',
    roles: [
      {
        routes: ['GET /v1/vpn/status', 'GET /v1/openvpn/portforwarded', 'GET /v1/publicip/ip'],
        method: { kind: 'apikey', key: 'test-api-key' },
      },
    ],
  },
}

/**
 * Every recorded exchange is compared, the PUTs too, as later answers follow from them. Left out of the comparison:
 * the body of GET /v1/vpn/settings (cut in the recording) and the numbers of ports (theirs were given by a VPN server).
 */
function comparable(body: string): string {
  return body.replace(/\b[1-9]\d{3,4}\b(?=[\],}])/g, 'PORT')
}

async function standInFor({ version, auth, state }: RecordedSet): Promise<GluetunStandIn> {
  const forwarding = !/FORWARDING=off|NAT-PMP silent/.test(state)
  const standIn = new GluetunStandIn({ version, auth: AUTH[auth], ports: forwarding ? [41000] : [], portDelayMs: 100 })
  if (state === 'after PUT stopped') standIn.setVpn('down')
  onTestFinished(() => standIn.stop())
  await standIn.start()
  return standIn
}

async function ask(standIn: GluetunStandIn, recording: Recording) {
  const response = await fetch(standIn.url + recording.path, {
    method: recording.method,
    headers: recording.headers,
    body: recording.sent,
    redirect: recording.redirectFollowed ? 'follow' : 'manual',
  })
  const body = await response.text()
  return { response, body }
}

async function answersAlike(standIn: GluetunStandIn, recording: Recording): Promise<void> {
  const { response, body } = await ask(standIn, recording)
  expect(response.status).toBe(recording.status)
  if (recording.body !== '(settings, cut)') {
    expect(comparable(body.replace(/\n+$/, ''))).toBe(comparable(recording.body))
    expect(body).toMatch(/[^\n]\n{1,2}$/)
  }
  if (recording.contentType !== null) expect(response.headers.get('content-type')).toBe(recording.contentType)
  if (!recording.redirectFollowed) expect(response.headers.get('location')).toBe(recording.location)
  if (recording.wwwAuthenticate !== null) expect(response.headers.get('www-authenticate')).toBe(recording.wwwAuthenticate)
}

describe('the stand-in answers as the recorded Gluetun did', () => {
  const sets = loadRecordings().map(
    (set) => [`${set.version}, ${set.auth}, ${set.state}, ${set.recordings.length} exchanges`, set] as const,
  )

  it('to all 400 recorded exchanges', () => {
    expect(sets.reduce((sum, [, set]) => sum + set.recordings.length, 0)).toBe(400)
  })

  it.each(sets)('%s', async (_, set) => {
    const standIn = await standInFor(set)
    for (const recording of set.recordings) {
      const portsAreKnown = recording.path === '/v1/portforward' && comparable(recording.body).includes('PORT')
      const where = `${recording.method} ${recording.path} ${JSON.stringify(recording.headers)}`
      // A port that comes with a VPN just started is waited for.
      const compare = portsAreKnown
        ? vi.waitFor(() => answersAlike(standIn, recording), { timeout: 5000, interval: 20 })
        : answersAlike(standIn, recording)
      await compare.catch((cause: Error) => {
        cause.message = `${where}: ${cause.message}`
        throw cause
      })
    }
  })
})
