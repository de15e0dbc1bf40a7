import { QueryClient } from '@tanstack/react-query'
import { describe, expect, test } from 'vitest'
import type { EngineState } from '../../panel/src/api/contracts.js'
import { caches, putHappening, putState } from '../../panel/src/live/caches.js'
import { arrange } from '../../panel/src/parts/engines-order.js'
import { readEnginesSearch } from '../../panel/src/parts/engines-search.js'
import { engine, world } from './samples.js'

function filled(): QueryClient {
  const client = new QueryClient()
  putState(client, world())
  return client
}

const engines = (client: QueryClient): EngineState[] => client.getQueryData(caches.engines) ?? []
const happening = { id: '1', at: new Date().toISOString() }

describe('what events do to the state that is shown', () => {
  test('a change of one engine leaves the others the same objects', () => {
    const client = filled()
    const before = engines(client)
    const changed = { ...engine(2), health_status: 'unhealthy' as const }
    putHappening(client, { ...happening, type: 'engine.changed', data: changed })
    const after = engines(client)
    expect(after[2]).toMatchObject({ health_status: 'unhealthy' })
    for (const index of [0, 1, 3, 4]) expect(after[index]).toBe(before[index])
  })

  test('the whole state again leaves what has not changed the same objects', () => {
    const client = filled()
    const before = engines(client)
    const again = world()
    again.engines = before.map((each, index) => structuredClone(index === 1 ? { ...each, losses: 9 } : each))
    putState(client, again)
    expect(engines(client)[0]).toBe(before[0])
    expect(engines(client)[1]?.losses).toBe(9)
  })

  test('a new engine takes its place by port, a removed one is gone', () => {
    const client = filled()
    putHappening(client, { ...happening, type: 'engine.changed', data: engine(9, { port: 18_000 }) })
    expect(engines(client)[0]?.port).toBe(18_000)
    putHappening(client, { ...happening, type: 'engine.removed', data: { engine_id: engine(9).engine_id } })
    expect(engines(client)).toHaveLength(5)
  })

  test('of streams only those that play are kept, as the state has the last ones that ended too', () => {
    const client = new QueryClient()
    const state = world()
    putState(client, { ...state, streams: [...state.streams, ...state.ended] })
    expect(client.getQueryData(caches.streams)).toEqual(state.streams)
  })

  test('new statistics of a stream are no happening', () => {
    const client = filled()
    client.setQueryData(caches.events, [])
    const [stream] = world().streams
    if (stream === undefined) throw new Error('no stream')
    putHappening(client, { ...happening, type: 'stream.changed', data: { ...stream, peers: 99 } })
    expect(client.getQueryData(caches.events)).toEqual([])
    expect(client.getQueryData(caches.streams)).toContainEqual({ ...stream, peers: 99 })
  })

  test('a stream that ended plays no longer', () => {
    const client = filled()
    const [stream] = world().streams
    if (stream === undefined) throw new Error('no stream')
    putHappening(client, { ...happening, type: 'stream.ended', data: { ...stream, status: 'ended' } })
    expect(client.getQueryData(caches.streams)).toHaveLength(2)
  })
})

describe('which engines are shown', () => {
  const all = world().engines

  test('by words, in ids, addresses, labels and states', () => {
    expect(arrange(all, { q: ':19002' }).map(({ port }) => port)).toEqual([19_002])
    expect(arrange(all, { q: 'acestream.http_port=19003 unhealthy' }).map(({ port }) => port)).toEqual([19_003])
    expect(arrange(all, { q: 'nowhere' })).toEqual([])
  })

  test('by what they do, and in the order that is asked for', () => {
    expect(arrange(all, { show: 'forwarded' }).map(({ forwarded }) => forwarded)).toEqual([true])
    expect(arrange(all, { by: 'streams', down: true }).map(({ streams }) => streams.length)).toEqual([2, 1, 0, 0, 0])
    expect(arrange(all, { by: 'state' })[0]?.health_status).toBe('unhealthy')
  })

  test('an address with what nobody knows shows all', () => {
    expect(readEnginesSearch({ show: 'nonsense', by: 7, down: 'yes', q: '' })).toEqual({})
    expect(readEnginesSearch({ q: 19_002, by: 'age', down: true })).toEqual({ q: '19002', by: 'age', down: true })
  })
})
