import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { askStatistics, readStatistics, statLocation } from '../../activities/watch/stat-request.js'
import { EngineSessions } from '../../src/simulator/engine-sessions.js'
import { startEngine } from '../../src/simulator/engine-stand-in.js'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A server on loopback that answers so. */
async function serving(answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = (location: string) => askStatistics(location, () => 77, new AbortController().signal)

describe('the place where a stream is asked for', () => {
  const engine = { host: 'gluetun', httpPort: 6878, hostHttpPort: 19_000 }
  const target = { address: '172.18.0.2', port: 6878 }
  const place = (url: string): string | null => statLocation(url, engine, target)

  it.each([
    'http://gluetun:19000/ace/stat/a/b?x=1',
    'http://GLUETUN:6878/ace/stat/a/b?x=1',
    'http://localhost:19000/ace/stat/a/b?x=1',
    'http://127.0.0.1:19000/ace/stat/a/b?x=1',
    'http://[::1]:19000/ace/stat/a/b?x=1',
    'http://172.18.0.2:6878/ace/stat/a/b?x=1#part',
  ])('of %s is the engine’s own address', (url) => {
    expect(place(url)).toBe('http://172.18.0.2:6878/ace/stat/a/b?x=1')
  })

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://gluetun:8000/v1/portforward',
    'http://evil.example:19000/ace/stat/a/b',
    'http://gluetun.evil.example:19000/ace/stat/a/b',
    'http://gluetun:19000@evil.example/ace/stat/a/b',
    'http://user:password@gluetun:19000/ace/stat/a/b',
    'https://gluetun:19000/ace/stat/a/b',
    'ftp://gluetun:19000/ace/stat/a/b',
    'http://gluetun/ace/stat/a/b',
    'file:///etc/passwd',
    'not a URL',
  ])('is nowhere for %s', (url) => {
    expect(place(url)).toBeNull()
  })

  it('stays at the engine whatever the path looks like', () => {
    expect(new URL(place('http://gluetun:19000//evil.example/x') ?? '').host).toBe('172.18.0.2:6878')
    expect(new URL(place('http://gluetun:19000/@evil.example/x') ?? '').host).toBe('172.18.0.2:6878')
    expect(statLocation('http://localhost:6878/s', engine, { address: 'fd00::2', port: 6878 })).toBe('http://[fd00::2]:6878/s')
  })
})

describe('an engine’s word on a stream', () => {
  const full = { ts: 5, peers: 4, speedDown: 257, speedUp: 29, downloaded: 100, uploaded: 50, status: 'dl' }

  it('is read in every form that is in use', () => {
    const snake = { peers: 4, speed_down: 257, speed_up: 29, downloaded: 100, uploaded: 50, status: 'dl', livepos: { last: '1' } }
    const camel = { peers: 4, speedDown: 257, speedUp: 29, downloaded: 100, uploaded: 50, status: 'dl' }
    for (const body of [{ response: snake, error: null }, { response: camel }, snake, camel])
      expect(readStatistics(body, 5)).toEqual({ kind: 'sample', sample: full })
  })

  it('may leave things out, or say them wrongly', () => {
    expect(readStatistics({ response: { status: 'prebuf', peers: 'four', speed_down: 1.6, downloaded: 1e300 } }, 5)).toEqual({
      kind: 'sample',
      sample: { ts: 5, peers: null, speedDown: 2, speedUp: null, downloaded: null, uploaded: null, status: 'prebuf' },
    })
  })

  it('is that it does not know the session only when it says just that', () => {
    expect(readStatistics({ response: null, error: 'unknown playback session id' }, 5)).toEqual({ kind: 'unknown-session' })
    const others = [
      { response: null, error: 'failed to load content' },
      { response: null },
      { response: {} },
      {},
      [],
      null,
      'unknown playback session id',
    ]
    for (const body of others) expect(readStatistics(body, 5)).toEqual({ kind: 'failed' })
  })
})

describe('asking', () => {
  it('an engine gives a sample while the session lives, and tells when it does not', async () => {
    const host = '127.0.0.1'
    const probe = await serving((_, response) => response.end())
    const httpPort = Number(new URL(probe).port)
    await stops.pop()?.()
    const engine = await startEngine({ host, httpPort, p2pPort: null })
    stops.push(() => engine.stop())
    const base = `http://${host}:${httpPort}`
    const opened = (await (await fetch(`${base}/ace/getstream?format=json&infohash=${'a'.repeat(40)}`)).json()) as {
      response: { stat_url: string; command_url: string }
    }
    const { stat_url, command_url } = opened.response
    expect(await ask(stat_url)).toMatchObject({ kind: 'sample', sample: { ts: 77, status: 'prebuf', peers: expect.any(Number) } })
    await (await fetch(`${command_url}?method=stop`)).text()
    expect(await ask(stat_url)).toEqual({ kind: 'unknown-session' })
    await engine.stop()
    expect(await ask(stat_url)).toEqual({ kind: 'failed' })
  })

  it('follows no redirect', async () => {
    let reached = false
    const inside = await serving((_, response) => {
      reached = true
      response.end('{"response":null,"error":"unknown playback session id"}')
    })
    const engine = await serving((_, response) => response.writeHead(302, { location: inside }).end())
    expect(await ask(engine)).toEqual({ kind: 'failed' })
    expect(reached).toBe(false)
  })

  it('reads no more than 64 KiB', async () => {
    let sent = 0
    const engine = await serving((_, response) => {
      const chunk = Buffer.alloc(16 * 1024, ' ')
      const more = (): void => {
        while (!response.destroyed && sent < 1e9) {
          sent += chunk.byteLength
          if (!response.write(chunk)) return void response.once('drain', more)
        }
      }
      more()
    })
    expect(await ask(engine)).toEqual({ kind: 'failed' })
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  it('an engine that is in trouble tells nothing, whatever its body says', async () => {
    const engine = await serving((_, response) => response.writeHead(500).end('{"response":null,"error":"unknown playback session id"}'))
    expect(await ask(engine)).toEqual({ kind: 'failed' })
    expect(await ask(await serving((_, response) => response.end('<html>')))).toEqual({ kind: 'failed' })
  })

  it('an engine that hangs ends after three seconds with nothing said', { timeout: 15_000 }, async () => {
    expect(await ask(await serving(() => undefined))).toEqual({ kind: 'failed' })
  })
})

it('the stand-in’s statistics are read whole', () => {
  const sessions = new EngineSessions(() => 10_000)
  const session = sessions.open(new URLSearchParams({ infohash: 'b'.repeat(40) }))
  if (session === null) throw new Error('no session')
  const answer = readStatistics({ response: sessions.statistics(session), error: null }, 5)
  expect(Object.values(answer.kind === 'sample' ? answer.sample : {}).filter((value) => value === null)).toEqual([])
})
