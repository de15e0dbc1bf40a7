import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readEngineSettings } from '../../src/simulator/engine-settings.js'
import { startEngine } from '../../src/simulator/engine-stand-in.js'
import type { EngineOptions } from '../../src/simulator/engine-stand-in.js'
import { answersAt, freePort, until } from './docker-harness.js'

const INFOHASH = '0123456789abcdef0123456789abcdef01234567'

async function running(options: Partial<EngineOptions> = {}) {
  const httpPort = await freePort()
  const engine = await startEngine({ host: '127.0.0.1', httpPort, p2pPort: null, ...options })
  onTestFinished(() => engine.stop())
  const get = async (pathOrUrl: string): Promise<unknown> => {
    const response = await fetch(new URL(pathOrUrl, `http://127.0.0.1:${httpPort}`))
    return response.json()
  }
  return { engine, httpPort, get }
}

interface Opened {
  response: { playback_url: string; stat_url: string; command_url: string; playback_session_id: string; infohash: string }
}

describe('the engine stand-in', () => {
  test('tells its version', async () => {
    const { get } = await running({ version: '3.1.70' })
    expect(await get('/webui/api/service?method=get_version')).toEqual({
      result: { code: 3017000, platform: 'linux', version: '3.1.70' },
      error: null,
    })
  })

  test('answers get_status without an error key', async () => {
    const { get } = await running({ version: '3.1.70' })
    expect(await get('/server/api?api_version=3&method=get_status')).toEqual({
      result: { playlist_loaded: true, version: { code: 3017000, platform: 'linux', version: '3.1.70' } },
    })
  })

  test('says that it is connected', async () => {
    const { get } = await running()
    expect(await get('/server/api?api_version=3&method=get_network_connection_status')).toEqual({ result: { connected: true } })
    expect(await get('/server/api?api_version=3&method=analyze_content&infohash=ab')).toMatchObject({ result: { title: 'A stream' } })
  })

  test('refuses a method that it does not know', async () => {
    const { get } = await running()
    expect(await get('/server/api?api_version=3&method=nope')).toEqual({ error: { message: 'unknown method', code: 0 } })
  })

  test('opens a session whose URLs carry a key that is not the session id, on the host that was asked', async () => {
    const { get, httpPort } = await running()
    const { response } = (await get(`/ace/getstream?format=json&infohash=${INFOHASH}&pid=1`)) as Opened
    const [, key = ''] = new RegExp(`^http://127.0.0.1:${httpPort}/ace/stat/${INFOHASH}/([0-9a-f]{32})$`).exec(response.stat_url) ?? []
    expect(key).not.toBe('')
    expect(response.playback_url).toBe(`http://127.0.0.1:${httpPort}/ace/r/${INFOHASH}/${key}`)
    expect(response.command_url).toBe(`http://127.0.0.1:${httpPort}/ace/cmd/${INFOHASH}/${key}`)
    expect(response.playback_session_id).toMatch(/^[0-9a-f]{40}$/)
    expect(response.infohash).toBe(INFOHASH)
  })

  test('gives an HLS playback URL for a manifest', async () => {
    const { get } = await running()
    const { response } = (await get(`/ace/manifest.m3u8?format=json&content_id=${INFOHASH}&pid=1`)) as Opened
    expect(response.playback_url).toMatch(/\/ace\/m\/[0-9a-f]{40}\/[0-9a-f]{32}\.m3u8$/)
    expect(await (await fetch(response.playback_url)).text()).toMatch(/^#EXTM3U\n/)
  })

  test('fails to load what is no content', async () => {
    const { get } = await running()
    expect(await get('/ace/getstream?format=json&infohash=nope')).toEqual({ response: null, error: 'failed to load content' })
    expect(await get('/ace/getstream?format=json')).toEqual({ response: null, error: 'failed to load content' })
  })

  test('moves the numbers of a session', async () => {
    const { get } = await running()
    const { response } = (await get(`/ace/getstream?format=json&infohash=${INFOHASH}`)) as Opened
    const statistics = async () =>
      (await get(response.stat_url)) as { response: { downloaded: number; status: string; livepos: object }; error: null }
    const first = await statistics()
    expect(['prebuf', 'dl']).toContain(first.response.status)
    expect(Object.values(first.response.livepos).every((value) => typeof value === 'string')).toBe(true)
    await until('more was downloaded', async () => (await statistics()).response.downloaded > first.response.downloaded)
  })

  test('ends both sessions of one content when one is stopped, and knows neither from then on', async () => {
    const { get } = await running()
    const one = ((await get(`/ace/getstream?format=json&infohash=${INFOHASH}&pid=1`)) as Opened).response
    const other = ((await get(`/ace/getstream?format=json&infohash=${INFOHASH}&pid=2`)) as Opened).response
    const unknown = { response: null, error: 'unknown playback session id' }
    expect(await get(`${one.command_url}?method=stop`)).toEqual({ response: 'ok', error: null })
    expect(await get(one.stat_url)).toEqual(unknown)
    expect(await get(other.stat_url)).toEqual(unknown)
    expect(await get(`${one.command_url}?method=stop`)).toEqual(unknown)
  })

  test('streams after two redirects, and the session ends with its player', async () => {
    const { get, httpPort } = await running()
    const opened = ((await get(`/ace/getstream?format=json&infohash=${INFOHASH}`)) as Opened).response
    const first = await fetch(`http://127.0.0.1:${httpPort}/ace/getstream?infohash=${INFOHASH}`, { redirect: 'manual' })
    expect(first.status).toBe(302)
    expect(first.headers.get('location')).toContain(`/ace/r/${INFOHASH}/`)
    const player = new AbortController()
    const stream = await fetch(opened.playback_url, { signal: player.signal })
    expect(stream.redirected).toBe(true)
    expect((await stream.body?.getReader().read())?.value?.[0]).toBe(0x47)
    player.abort()
    await until('the session has ended', async () => ((await get(opened.stat_url)) as { error: string | null }).error !== null)
  })

  test('listens on its P2P port, and opens none without one', async () => {
    const p2pPort = await freePort()
    await running({ p2pPort })
    await new Promise<void>((resolve, reject) => {
      const peer = connect(p2pPort, '127.0.0.1', () => {
        peer.destroy()
        resolve()
      }).once('error', reject)
    })
  })

  test('does not start on a P2P port that is in use, and leaves no other port open', async () => {
    const p2pPort = await freePort()
    await running({ p2pPort })
    const httpPort = await freePort()
    await expect(startEngine({ host: '127.0.0.1', httpPort, p2pPort })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await answersAt(httpPort)).toBe(false)
  })

  test('accepts and never answers when it hangs', async () => {
    const { httpPort } = await running({ hang: true })
    await expect(fetch(`http://127.0.0.1:${httpPort}/`, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  test('answers after a pause what was asked during it', async () => {
    const { engine, get } = await running()
    engine.pause()
    const answer = get('/server/api?api_version=3&method=get_network_connection_status')
    engine.resume()
    expect(await answer).toEqual({ result: { connected: true } })
  })
})

describe('the ports of an engine', () => {
  const none = { httpsPort: null, p2pPort: null, hang: false, exitAfterMs: null }

  test.each([
    ['variables', { HTTP_PORT: '1', HTTPS_PORT: '2', P2P_PORT: '3' }, []],
    ['CONF', { CONF: '--http-port=1\n--https-port=2\n--port=3\n--bind-all' }, []],
    ['CONF with written-out line ends', { CONF: '--http-port=1\\n--https-port=2\\n--port=3' }, []],
    ['ACESTREAM_ARGS', { ACESTREAM_ARGS: '--client-console --bind-all --http-port 1 --https-port 2 --port 3' }, []],
    ['EXTRA_FLAGS', { EXTRA_FLAGS: '--http-port 1 --https-port 2 --port 3' }, []],
    ['arguments', {}, ['--client-console', '--http-port', '1', '--https-port', '2', '--port', '3']],
  ] satisfies [string, Record<string, string>, string[]][])('come from %s', (_, environment, args) => {
    expect(readEngineSettings(environment, args)).toEqual({ ...none, httpPort: 1, httpsPort: 2, p2pPort: 3 })
  })

  test('are 6878 and nothing else when none is given', () => {
    expect(readEngineSettings({}, [])).toEqual({ ...none, httpPort: 6878 })
  })

  test('are taken from the arguments first, and what is no port counts as not given', () => {
    expect(readEngineSettings({ HTTP_PORT: '1', P2P_PORT: '70000' }, ['--http-port', '9'])).toEqual({ ...none, httpPort: 9 })
  })
})
