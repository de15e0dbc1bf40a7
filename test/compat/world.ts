/**
 * @module
 * The states in which recorded requests are replayed.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BerthError } from '../../src/domain/errors.js'
import type { HttpConfig } from '../../src/http/app.js'
import { engineView, hex, NOW, snapshotOf, streamView, vpnView } from '../http/fake-control-plane.js'
import { heldBy, setUp } from '../http/set-up.js'
import type { Exchange } from './recordings.js'

const sample = { ts: NOW - 5_000, peers: 12, speedDown: 812, speedUp: 40, downloaded: 104_857_600, uploaded: 5_242_880, status: 'dl' }
const ended = streamView({ id: 'ch-41', playbackSessionId: 'session-0', endedAt: NOW - 60_000, endReason: 'stopped' })
const downVpn = vpnView({
  connected: false,
  status: 'stopped',
  containerHealth: 'unhealthy',
  forwardedPorts: [],
  publicIp: null,
  problem: { code: 'vpn-stopped', detail: 'The container gluetun does not run.' },
})
const noVpn = vpnView({
  enabled: false,
  connected: false,
  containerName: null,
  containerRunning: false,
  status: 'unknown',
  forwardedPorts: [],
  publicIp: null,
})

/** An engine's HTTP API: what it tells of the content that it plays. */
export async function startEngine() {
  const server = createServer((_, response) => {
    const result = {
      content_type: 'live',
      title: 'A channel',
      infohash: 'c894b23a65d64a0dae2076d2a01ec6bface83b01',
      mime: 'video/mp2t',
      nothing: null,
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ result, error: null }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, stop: () => new Promise((resolve) => server.close(resolve)) }
}

/** The API in a state; `enginePort` is that of an engine that answers. */
export function inState(state: Exchange['state'], enginePort: number, http: Partial<HttpConfig['http']> = {}) {
  const address = { analysing: { host: '127.0.0.1', hostHttpPort: enginePort }, silent: { host: '127.0.0.1', hostHttpPort: 1 } }
  const engine = engineView({
    forwarded: true,
    epoch: 17,
    p2pPort: 51_413,
    streams: [streamView()],
    lastStreamUsage: NOW,
    ...(state === 'analysing' || state === 'silent' ? address[state] : {}),
    ...(state === 'bridge' ? { vpnContainer: null, host: 'localhost', forwarded: false, epoch: null, p2pPort: null } : {}),
  })
  const vpn = state === 'vpn-down' ? downVpn : state === 'no-vpn' || state === 'bridge' ? noVpn : vpnView()
  const snapshot = snapshotOf({ engines: [engine], lease: heldBy(engine), vpn, samples: new Map([['ch-42', sample]]), ended: [ended] })
  if (state === 'full') snapshot.fleet.maxReplicas = 1
  const made = setUp({ snapshot, http })
  made.controlPlane.history.set('ch-42', [sample])
  made.controlPlane.provisionedEngine = engineView({ containerId: hex('b') })
  made.controlPlane.failure = failureIn(state)
  return made
}

function failureIn(state: Exchange['state']): BerthError | null {
  if (state === 'vpn-down') return new BerthError('provisioning-failed', 'The container gluetun does not run.', { code: 'vpn-stopped' })
  if (state === 'full') return new BerthError('max-capacity', '20 engines run and MAX_REPLICAS is 20')
  if (state === 'failing') return new BerthError('provisioning-failed', 'the image could not be pulled', { code: 'image-missing' })
  return null
}
