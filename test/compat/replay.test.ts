import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminKey } from '../http/set-up.js'
import { at, differences, type Json } from './conform.js'
import { type Exchange, RECORDINGS } from './recordings.js'
import { inState, startEngine } from './world.js'

const KEY = 'a-key-of-thirty-two-characters-00'
const page = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')

let engine: Awaited<ReturnType<typeof startEngine>>
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.stop())

/** The recorded request, sent to our API. */
async function replay({ state, request }: Exchange, headers: Record<string, string> = {}, keys = false) {
  const { app } = inState(state, engine.port, keys ? { keys: adminKey(KEY) } : {})
  const sent = request.body === undefined ? {} : { body: JSON.stringify(request.body) }
  const type: Record<string, string> = request.body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await app.request(request.path, { method: request.method, headers: { ...type, ...headers }, ...sent })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, type: response.headers.get('content-type'), body: (json ? JSON.parse(text) : text) as Json }
}

const wanted = ({ answer, ours }: Exchange): number => ours?.status ?? answer.status
const exchanges = RECORDINGS.flatMap((recording) =>
  recording.exchanges.map((exchange) => ({ ...recording, exchange, name: exchange.name })),
)
const allowed = exchanges.filter(({ exchange }) => wanted(exchange) < 400)
const keyed = allowed.filter(({ key }) => key)
const open = allowed.filter(({ key }) => !key)

describe('a client of the older orchestrator', () => {
  test.each(exchanges)('can read $route: $name', async ({ exchange }) => {
    const { status, body, type } = await replay(exchange)
    expect(status, JSON.stringify(body)).toBe(wanted(exchange))
    const { answer, ours } = exchange
    const recorded = ours === undefined ? answer.body : ours.body
    if (recorded === undefined) {
      expect(type).toBe('application/problem+json')
      expect(typeof at(body, 'detail')).toBe('string')
      return
    }
    expect(differences(recorded, body)).toEqual([])
    for (const path of ours?.same ?? exchange.same) expect([path, at(body, path)]).toEqual([path, at(recorded, path)])
  })

  test.each(exchanges.filter(({ exchange }) => exchange.ours !== undefined))('is told why $route differs: $name', ({ route, exchange }) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${route}\``))
    expect(row).toContain(exchange.ours?.why)
  })

  test('finds each route on the page', () => {
    expect(RECORDINGS.map(({ route }) => route).filter((route) => !page.includes(`| \`${route}\``))).toEqual([])
  })

  test.each([
    'POST /provision',
    'POST /provision/acestream',
    'POST /scale/{demand}',
    'POST /gc',
    'DELETE /containers/{id}',
    'GET /containers/{id}',
    'GET /by-label',
    'POST /events/stream_started',
    'POST /events/stream_ended',
    'GET /engines',
    'GET /engines/{id}',
    'GET /streams',
    'GET /streams/{id}/stats',
    'GET /streams/{id}/extended-stats',
    'GET /vpn/status',
    'GET /vpn/publicip',
    'GET /health/status',
    'POST /health/circuit-breaker/reset',
    'GET /orchestrator/status',
    'GET /metrics',
  ])('has %s recorded', (route) => {
    expect(RECORDINGS.map((recording) => recording.route)).toContain(route)
  })
})

describe('with a key', () => {
  test.each(keyed)('$route ($name) is 401 without it, 403 with another, and answers with it in either header', async ({ exchange }) => {
    const none = await replay(exchange, {}, true)
    expect([none.status, at(none.body, 'detail')]).toEqual([401, 'missing bearer token'])
    const wrong = await replay(exchange, { authorization: 'Bearer wrong' }, true)
    expect([wrong.status, at(wrong.body, 'detail')]).toEqual([403, 'invalid token'])
    expect((await replay(exchange, { authorization: `Bearer ${KEY}` }, true)).status).toBe(wanted(exchange))
    expect((await replay(exchange, { 'x-api-key': KEY }, true)).status).toBe(wanted(exchange))
  })

  test.each(open)('$route ($name) is open all the same', async ({ exchange }) => {
    expect((await replay(exchange, {}, true)).status).toBe(wanted(exchange))
  })
})

describe('the comparison', () => {
  test.each<[string, Json, Json, string[]]>([
    ['a field is missing', { a: 1 }, {}, ['a is missing']],
    ['a boolean is a number', { is_live: true }, { is_live: 1 }, ['is_live is number, not boolean']],
    ['a boolean is null', { forwarded: true }, { forwarded: null }, ['forwarded is null, not boolean']],
    ['a port is null', { port: 19_000 }, { port: null }, ['port is null, not number']],
    ['an array is an object', [], { items: [] }, ['the answer is object, not array']],
    ['an array is empty', ['x'], [], ['the answer is empty']],
    ['a label is a number', { labels: { a: 'x' } }, { labels: { a: 1 } }, ['labels.a is number, not string']],
    [
      'a time has no zone',
      [{ first_seen: null }],
      [{ first_seen: '2026-01-01T00:00:00' }],
      ['0.first_seen is "2026-01-01T00:00:00", not a time with its zone'],
    ],
    ['a time is empty', { ended_at: null }, { ended_at: '' }, ['ended_at is "", not a time with its zone']],
    ['a time is a number', { ts: '2026-01-01T00:00:00Z' }, { ts: 7 }, ['ts is 7, not a time with its zone']],
  ])('sees that %s', (_, recorded, ours, seen) => {
    expect(differences(recorded, ours)).toEqual(seen)
  })

  test('takes what is unknown and what is more', () => {
    expect(differences({ version: '3', other: null }, { version: null, other: 'x', more: true })).toEqual([])
  })
})
