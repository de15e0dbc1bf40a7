import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { manualTest } from '../../src/cli/walk/command.js'
import { FIXES } from '../../src/cli/walk/fixes.js'
import { HandOverWatch } from '../../src/cli/walk/hand-over-watch.js'
import { type Ask, Stopped } from '../../src/cli/walk/questions.js'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

const container = (digit: string): string => digit.repeat(64)
const engine = (changes: object = {}) => ({
  engine_id: 'e-1',
  container_id: container('a'),
  container_name: 'berth-forwarded',
  host: 'gluetun',
  port: 19_000,
  forwarded: true,
  forwarded_port: 41_000,
  health_status: 'healthy' as const,
  streams: [] as string[],
  phase: 'running' as const,
  problem: null,
  ...changes,
})
const lease = (changes: object = {}) => ({
  enabled: true,
  epoch: 3,
  port: 41_000,
  holder: {
    engine_id: 'e-1',
    epoch: 3,
    port: 41_000,
    phase: 'active' as const,
    container_id: container('a'),
    since: '2026-08-07T12:00:00Z',
  },
  condition: null,
  log: [],
  ...changes,
})
const vpn = {
  enabled: true,
  status: 'running',
  connected: true,
  container_name: 'gluetun',
  forwarded_port: 41_000,
  public_ip: '203.0.113.7',
  country: null,
  provider: null,
  problem: null,
}
const ready = { status: 'ready', parts: { temporal: { ok: true, code: null, detail: null } } }

/** Something that answers as a Berth does, by path; what it is asked to change is kept. */
async function answering(changes: Record<string, unknown> = {}) {
  const answers: Record<string, unknown> = {
    '/healthz': { status: 'ok' },
    '/readyz': ready,
    '/vpn/status': vpn,
    '/engines': [engine()],
    '/engines?all=true': [engine()],
    '/lease': lease(),
    ...changes,
  }
  const asked: string[] = []
  const server = createServer((request, response) => {
    if (request.method !== 'GET') asked.push(`${request.method} ${request.url}`)
    const body = answers[request.url ?? '']
    response.statusCode = body === undefined ? 404 : 200
    response.setHeader('content-type', 'application/json')
    const problem = { type: '/problems/not-found', title: 'Not found', status: 404, detail: 'no such path', instance: '/', requestId: 'r' }
    response.end(JSON.stringify(body ?? problem))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** `npm run manual-test -- <args>` */
async function walked(args: string[], url: string, ask: Ask | null = null) {
  const told = { out: '', err: '' }
  const code = await manualTest(args, {
    env: { ORCHESTRATOR_URL: url },
    say: (line) => void (told.out += `${line}\n`),
    complain: (text) => void (told.err += `${text}\n`),
    ask,
    stop: new AbortController().signal,
    patience: { settles: 200, starts: 200, agrees: 200 },
  })
  return { code, ...told }
}

const no: Ask = () => Promise.resolve(false)

describe('npm run manual-test', () => {
  test('says that nobody is there, and how that is mended, and ends with 2', async () => {
    const { url } = await answering()
    await new Promise((resolve) => servers.pop()?.close(resolve))
    const { code, out } = await walked(['--yes'], url)
    expect(code).toBe(2)
    expect(out).toMatch(
      /✗ answers\n +cause: .*cannot be asked \(.*ECONNREFUSED.*ORCHESTRATOR_URL names another address\n +fix: +start Berth/,
    )
  })

  test('says that somebody else is there, and ends with 2', async () => {
    const { url } = await answering({ '/healthz': { hello: 'world' } })
    const { code, out } = await walked(['--yes'], url)
    expect([code, out]).toEqual([2, expect.stringContaining('is ORCHESTRATOR_URL right?')])
  })

  test.each([
    ['no terminal to ask in', []],
    ['--json without --yes', ['--json']],
    ['an unknown option', ['--no-such']],
  ])('%s is a usage error: it ends with 2 and asks nobody', async (_, args) => {
    const { url, asked } = await answering()
    const { code, out, err } = await walked(args, url)
    expect([code, out, asked]).toEqual([2, '', []])
    expect(err).not.toBe('')
  })

  test('an address that is none is a usage error that does not show it', async () => {
    const { code, err } = await walked(['--yes'], 'http://me:secret@berth')
    expect([code, err.includes('secret'), err.includes('ORCHESTRATOR_URL must be')]).toEqual([2, false, true])
  })

  test('who says no to everything has looked only, and all is well', async () => {
    const { url, asked } = await answering()
    const { code, out } = await walked([], url, no)
    expect([code, asked]).toEqual([0, []])
    expect(out).toMatch(/e-1 +berth-forwarded +gluetun:19000 +healthy +0 +FORWARDED on 41000/)
    expect(out).toMatch(/All checks passed: \d+, 3 not made\.\n$/)
  })

  test('names the streams that would stop before it asks, and proposes no', async () => {
    const stream = { id: 'ch-42', key_type: 'infohash', key: 'c894b23a', started_at: '2026-08-07T12:00:00Z' }
    const busy = engine({ streams: ['ch-42'] })
    const { url, asked } = await answering({ '/engines': [busy], '/engines?all=true': [busy], '/engines/e-1': { streams: [stream] } })
    const questions: [string, boolean][] = []
    const { out } = await walked([], url, async (question, initial) => {
      questions.push([question, initial])
      return false
    })
    expect(out).toContain('ch-42 (infohash c894b23a), since 2026-08-07T12:00:00Z')
    expect(questions).toContainEqual([expect.stringMatching(/^Delete berth-forwarded\?.*What it plays stops\.$/), false])
    expect(asked).toEqual([])
  })

  test('who stops at a question gets 1, and nothing was changed', async () => {
    const { url, asked } = await answering()
    const { code, out } = await walked([], url, () => Promise.reject(new Stopped()))
    expect([code, asked]).toEqual([1, []])
    expect(out).toContain('nothing was changed')
  })

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      'the VPN is down',
      { '/vpn/status': { ...vpn, connected: false, problem: { code: 'vpn-stopped', detail: 'gluetun does not run.' } } },
      'connected',
      /cause: gluetun does not run\.\n +fix: +start the Gluetun container; see docs\/problems\/vpn-stopped\.md/,
    ],
    [
      'no port is forwarded',
      { '/vpn/status': { ...vpn, forwarded_port: null } },
      'forwards a port',
      /cause: gluetun forwards no port now\.\n +fix: +set VPN_PORT_FORWARDING=on/,
    ],
    [
      'the holder has the wrong port',
      { '/lease': lease({ port: 42_000 }) },
      'on the right port',
      /cause: The holder was started with 41000, and the VPN forwards 42000\.\n +fix: +\S/,
    ],
  ])('fails with the cause and the fix when %s', async (_, changes, check, text) => {
    const { url } = await answering(changes)
    const { code, out } = await walked([], url, no)
    expect(code).toBe(1)
    expect(out).toContain(`✗ ${check}`)
    expect(out).toMatch(text)
  })

  test('two that are forwarded fail, also when the lease knows of one', async () => {
    const two = [engine(), engine({ engine_id: 'e-2', container_id: container('b') })]
    const { url } = await answering({ '/engines': two })
    const { code, out } = await walked([], url, no)
    expect(code).toBe(1)
    expect(out).toMatch(/✗ exactly one .*\n +cause: GET \/engines marks 2 as forwarded: e-1, e-2\n +fix: +\S/)
  })

  test('a server cannot write to the terminal what it likes', async () => {
    const { url } = await answering({ '/engines?all=true': [engine({ container_name: 'a\u001b[2Jb' })] })
    expect((await walked([], url, no)).out).not.toContain('\u001b[2J')
  })

  test('with --json the output is one document', async () => {
    const { url } = await answering({ '/engines?all=true': [], '/engines': [], '/lease': lease({ enabled: false, holder: null }) })
    const { code, out } = await walked(['--yes', '--json'], url)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      url,
      result: 'failed',
      checks: expect.arrayContaining([expect.objectContaining({ name: 'there are some', result: 'failed' })]),
    })
  })
})

describe('what is seen of a hand-over', () => {
  const next = engine({ engine_id: 'e-2', container_id: container('b') })
  const held = lease({ epoch: 4, holder: { ...lease().holder, engine_id: 'e-2', epoch: 4, container_id: container('b') } })

  test('the gap goes from the last sight of the old one to the first of the next one as healthy', () => {
    const watch = new HandOverWatch(container('a'))
    watch.take({ at: 0, engines: [engine()], lease: lease() })
    watch.take({ at: 100, engines: [engine()], lease: lease() })
    watch.take({ at: 200, engines: [], lease: lease({ holder: null }) })
    watch.take({ at: 300, engines: [{ ...next, health_status: 'unknown' }], lease: held })
    expect([watch.nextAt, watch.gapMs]).toEqual([300, null])
    watch.take({ at: 400, engines: [next], lease: held })
    expect([watch.gapMs, watch.most, watch.looks]).toEqual([300, 1, 5])
  })

  test('two at once are seen', () => {
    const watch = new HandOverWatch(container('a'))
    watch.take({ at: 0, engines: [engine(), next], lease: held })
    expect(watch.most).toBe(2)
  })

  test('only what has changed is told', () => {
    const watch = new HandOverWatch(container('a'))
    expect(watch.take({ at: 0, engines: [engine()], lease: lease() })).toHaveLength(2)
    expect(watch.take({ at: 100, engines: [engine()], lease: lease() })).toEqual([])
    expect(watch.take({ at: 200, engines: [], lease: lease() })).toEqual(['engines: none is forwarded'])
  })
})

test.each(Object.keys(FIXES))('the fix for %s has a page that tells more', (code) => {
  expect(existsSync(fileURLToPath(new URL(`../../docs/problems/${code}.md`, import.meta.url)))).toBe(true)
})
