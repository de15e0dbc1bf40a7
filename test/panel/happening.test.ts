import { describe, expect, test } from 'vitest'
import type { EngineState, Fleet } from '../../panel/src/api/contracts.js'
import type { Happening } from '../../panel/src/live/caches.js'
import { tellAll } from '../../panel/src/text/happening.js'
import { engine, world } from './samples.js'

/** What is said of an engine that was so and is then so. */
function toldOf(before: Partial<EngineState>, after: Partial<EngineState>): string | null | undefined {
  const changed = (id: string, change: Partial<EngineState>): Happening => ({
    id,
    at: '2026-08-07T12:00:00Z',
    type: 'engine.changed',
    data: engine(0, change),
  })
  return tellAll([changed('2', after), changed('1', before)])[0]?.text
}

describe('what is said of an engine that has changed', () => {
  const holder: Partial<EngineState> = { forwarded: true, forwarded_port: 41_000, p2p_listening: true }

  test.for<[what: string, before: Partial<EngineState>, after: Partial<EngineState>, text: string | null]>([
    ['it became forwarded', {}, holder, 'is forwarded on port 41000'],
    ['it is forwarded no more', holder, {}, 'is no longer forwarded'],
    ['it fell ill', {}, { health_status: 'unhealthy' }, 'is unhealthy'],
    ['it lost its container', {}, { losses: 1 }, 'lost its container'],
    ['its P2P port was closed', holder, { ...holder, p2p_listening: false }, 'nothing listens on its P2P port 41000'],
    ['its P2P port was opened again', { ...holder, p2p_listening: false }, holder, 'listens on its P2P port 41000'],
    ['its P2P port was seen to listen for the first time', { ...holder, p2p_listening: null }, holder, null],
    ['it was cut off', {}, { p2p_connected: false }, 'has lost its P2P network'],
    ['it is connected again', { p2p_connected: false }, {}, 'has its P2P network back'],
    ['nothing that matters', {}, { last_seen: null }, null],
  ])('%s', ([, before, after, text]) => {
    expect(toldOf(before, after)).toBe(text)
  })
})

describe('what is said of a fleet that has changed', () => {
  const { fleet } = world(2)
  const changed = (id: string, data: Fleet): Happening => ({ id, at: '2026-08-07T12:00:00Z', type: 'fleet.changed', data })
  const told = (change: Partial<Fleet>): string | null | undefined =>
    tellAll([changed('2', { ...fleet, ...change }), changed('1', fleet)])[0]?.text

  test('the number that is wanted and what it was, how many run, are healthy and play nothing', () => {
    const engines = { ...fleet.engines, running: 3, healthy: 2, free: 1 }
    expect(told({ wanted: 4, engines })).toBe(`3 of 4 instead of ${fleet.wanted} wanted engines run, 2 healthy, 1 free`)
    expect(told({ engines })).toBe(`3 of ${fleet.wanted} wanted engines run, 2 healthy, 1 free`)
  })

  test('nothing when none of that has changed', () => {
    expect(told({ max_replicas: fleet.max_replicas + 1 })).toBeNull()
  })
})
