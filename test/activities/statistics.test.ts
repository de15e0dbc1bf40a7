import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Statistics, type StatisticsOptions } from '../../activities/watch/statistics.js'
import { initialFleet, viewOf } from '../../src/domain/fleet.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import { anEngine, aStream, POLICY } from '../domain/samples.js'
import { aContainer, WatchBench } from './watch-bench.js'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

const SAMPLE = '{"response":{"peers":4,"speed_down":257,"status":"dl"}}'
const UNKNOWN = '{"response":null,"error":"unknown playback session id"}'

/** An engine that answers by path; `null` never answers. */
async function engineSaying(says: Record<string, string | null>): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const said = says[request.url ?? '']
    if (said !== null) response.writeHead(said === undefined ? 404 : 200).end(said)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())))
  return { port: (server.address() as AddressInfo).port, asked }
}

/** Follows these engines until `look` says so, with what was told of unknown sessions. */
async function followed(engines: EngineView[], port: number, look: (statistics: Statistics, told: unknown[]) => boolean) {
  const told: unknown[] = []
  const stop = new AbortController()
  const options: StatisticsOptions = {
    facts: {
      fleet: async () => ({ ...viewOf(initialFleet('default', POLICY)), engines }),
      sessionUnknown: async (...one) => told.push(one) > 0,
    },
    intervalMs: 10,
    targetOf: (containerId) => (containerId === 'gone' ? null : { engineId: 'a', containerId, address: '127.0.0.1', port, p2pPort: null }),
    onFailure: (error) => told.push(error),
  }
  const statistics = new Statistics(options)
  const running = statistics.run(stop.signal)
  const deadline = Date.now() + 8_000
  while (!look(statistics, told)) {
    if (Date.now() > deadline) throw new Error(`not so in time: ${look.toString()}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  stop.abort()
  await running
  return { samples: statistics.samples, told }
}

const at = (port: number, path: string): Partial<StreamView> => ({ statUrl: `http://gluetun:${port}${path}` })
const engineWith = (port: number, ...streams: StreamView[]): EngineView => anEngine('a', { httpPort: port, hostHttpPort: port, streams })

describe('the playing streams', () => {
  it('have the latest sample each, and what plays no more has none', async () => {
    const { port, asked } = await engineSaying({ '/s': SAMPLE, '/t': SAMPLE })
    const engine = engineWith(port, aStream('s', at(port, '/s')), aStream('t', at(port, '/t')))
    const engines = [engine]
    const { samples, told } = await followed(engines, port, (statistics) => {
      if (statistics.samples.size === 2) engine.streams = engine.streams.slice(0, 1)
      return asked.length > 6 && statistics.samples.size === 1
    })
    expect([...samples]).toEqual([['s', expect.objectContaining({ peers: 4, speedDown: 257, uploaded: null, status: 'dl' })]])
    expect(told).toEqual([])
  })

  it('that the engine does not know are told, by container, stream and session; the others play on', async () => {
    const { port } = await engineSaying({ '/s': UNKNOWN, '/t': SAMPLE })
    const engines = [engineWith(port, aStream('s', at(port, '/s')), aStream('t', at(port, '/t')))]
    const { told } = await followed(engines, port, (_, facts) => facts.length > 1)
    const session = { containerId: 'container-of-a', streamId: 's', playbackSessionId: 'session-of-s' }
    expect(new Set(told.map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(['a', session])]))
  })

  it('are told nothing of when the question fails, the URL is another’s, or the container is not there', async () => {
    const { port, asked } = await engineSaying({ '/s': SAMPLE, '/broken': '<html>' })
    const engine = engineWith(
      port,
      aStream('s', at(port, '/s')),
      aStream('missing', at(port, '/nothing')),
      aStream('broken', at(port, '/broken')),
      aStream('foreign', { statUrl: `http://evil.example:${port}/foreign` }),
      aStream('gone', { ...at(port, '/gone'), containerId: 'gone' }),
    )
    const { samples, told } = await followed([engine], port, () => asked.filter((path) => path === '/broken').length > 2)
    expect([...samples.keys()]).toEqual(['s'])
    expect(told).toEqual([])
    expect(new Set(asked)).toEqual(new Set(['/s', '/nothing', '/broken']))
  })

  it('are asked at once: one that hangs holds up no other', async () => {
    const { port } = await engineSaying({ '/slow': null, '/s': SAMPLE })
    const engine = engineWith(port, aStream('slow', at(port, '/slow')), aStream('s', at(port, '/s')))
    const before = Date.now()
    await followed([engine], port, (statistics) => statistics.samples.has('s'))
    expect(Date.now() - before).toBeLessThan(3_000)
  })
})

describe('the watcher', () => {
  it('carries the samples and the times of its probes in its heartbeat, and tells the engine of a session that is gone', {
    timeout: 20_000,
  }, async () => {
    const { port } = await engineSaying({ '/s': SAMPLE, '/t': UNKNOWN, '/server/api?api_version=3&method=get_status': '{"result":{}}' })
    const container = aContainer('a')
    const bench = new WatchBench({ ...container, engine: { ...container.engine, httpPort: port } })
    stops.push(() => bench.stop())
    bench.address = '127.0.0.1'
    bench.fleet = { ...bench.fleet, engines: [engineWith(port, aStream('s', at(port, '/s')), aStream('t', at(port, '/t')))] }
    await bench.start()
    expect((await bench.tells('sessionUnknown'))[1]).toMatchObject({ streamId: 't' })
    await expect.poll(() => bench.beat?.samples, { timeout: 10_000 }).toEqual([['s', expect.any(Number), 4, 257, null, null, null, 'dl']])
    expect(bench.beat?.checks).toEqual([[container.id, expect.any(Number), null, null]])
  })
})
