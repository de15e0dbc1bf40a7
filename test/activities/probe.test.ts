import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { probeEngine } from '../../activities/watch/probe.js'

const NEVER = new AbortController().signal

/** A server on the loopback that answers like this; resolves with its port. */
async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

const answering =
  (body: string, status = 200): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body)

describe('an engine is healthy', () => {
  it('when it answers get_status with a result, and its version is learned', async () => {
    const asked: (string | undefined)[] = []
    const port = await serve((request, response) => {
      asked.push(request.url)
      response.end('{"result":{"version":{"code":3021100,"version":"3.2.11","platform":"linux"},"playlist_loaded":false},"error":null}')
    })
    expect(await probeEngine('127.0.0.1', port, 2_000, NEVER)).toEqual({
      healthy: true,
      version: '3.2.11',
      platform: 'linux',
      detail: null,
    })
    expect(asked).toEqual(['/server/api?api_version=3&method=get_status'])
  })

  it('when it answers without a version', async () => {
    const port = await serve(answering('{"result":{}}'))
    expect(await probeEngine('127.0.0.1', port, 2_000, NEVER)).toMatchObject({ healthy: true, version: null, platform: null })
  })
})

describe('an engine is not healthy', () => {
  it.each([
    ['an error with HTTP 200', '{"error":"unknown method"}', 'without a result'],
    ['an empty result', '{"result":null}', 'without a result'],
    ['JSON that is no object', '[]', 'without a result'],
    ['a version that is no text', '{"result":{"version":{"version":7}}}', 'without a result'],
    ['a web page', '<html><body>It works!</body></html>', 'cannot be asked'],
    ['nothing', '', 'cannot be asked'],
  ])('when it answers %s', async (_, body, detail) => {
    const port = await serve(answering(body))
    const result = await probeEngine('127.0.0.1', port, 2_000, NEVER)
    expect(result).toMatchObject({ healthy: false, version: null, platform: null })
    expect(result.detail).toContain(`127.0.0.1:${port}`)
    expect(result.detail).toContain(detail)
  })

  it('when it redirects: that is somebody else', async () => {
    const other = await serve(answering('{"result":{}}'))
    const port = await serve((_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end())
    expect(await probeEngine('127.0.0.1', port, 2_000, NEVER)).toMatchObject({ healthy: false })
  })

  it.each<[string, RequestListener]>([
    ['accepts and does not answer', () => undefined],
    ['begins its answer and does not end it', (_request, response) => void response.writeHead(200).write('{"result":')],
  ])('when it %s, within the time given', async (_, listener) => {
    const port = await serve(listener)
    const began = performance.now()
    const result = await probeEngine('127.0.0.1', port, 150, NEVER)
    expect(result).toMatchObject({ healthy: false, detail: `127.0.0.1:${port} does not answer get_status within 150 ms.` })
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  it('when the connection is refused, and it says so', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const result = await probeEngine('127.0.0.1', port, 2_000, NEVER)
    expect(result.healthy).toBe(false)
    expect(result.detail).toContain('ECONNREFUSED')
  })

  it('when it hangs up', async () => {
    const port = await serve((request) => request.socket.destroy())
    expect(await probeEngine('127.0.0.1', port, 2_000, NEVER)).toMatchObject({ healthy: false })
  })

  it('when its address is none, without a rejection', async () => {
    expect(await probeEngine('not an address', 6878, 2_000, NEVER)).toMatchObject({ healthy: false })
  })

  it('when the probe is called off, without a rejection', async () => {
    const port = await serve(() => undefined)
    const stop = new AbortController()
    const probing = probeEngine('127.0.0.1', port, 60_000, stop.signal)
    stop.abort()
    expect(await probing).toMatchObject({ healthy: false })
  })
})
