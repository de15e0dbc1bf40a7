import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choose } from '../../src/domain/election.js'
import type { EngineView, StreamView } from '../../src/domain/views.js'
import { anEngine, aStream, frozen } from './samples.js'

const RULES = { preferred: null, excluded: null, force: false }

describe('an election', () => {
  it.each<[string, EngineView[], string | null]>([
    ['none when there is no engine', [], null],
    [
      'the healthy before the unknown before the unhealthy',
      [anEngine('a', { health: 'unhealthy' }), anEngine('b', { health: 'unknown' }), anEngine('c')],
      'c',
    ],
    ['the one longest without streams', [anEngine('a', { lastStreamUsage: 500 }), anEngine('b', { lastStreamUsage: 100 })], 'b'],
    ['one never used before any that was', [anEngine('a', { lastStreamUsage: 1 }), anEngine('b')], 'b'],
    ['the lowest id when all else is equal', [anEngine('c'), anEngine('a'), anEngine('b')], 'a'],
    ['an unhealthy one when there is no other', [anEngine('a', { health: 'unhealthy' })], 'a'],
    [
      'none that is still being made, backing off or going',
      (['provisioning', 'backing-off', 'removing'] as const).map((phase) => anEngine(phase, { phase })),
      null,
    ],
    ['one that runs and has not answered yet', [anEngine('a', { phase: 'starting', health: 'unknown' })], 'a'],
    ['none with streams', [anEngine('a', { streams: [aStream('s')] })], null],
  ])('chooses %s', (_, engines, chosen) => {
    expect(choose(frozen(engines), RULES)).toBe(chosen)
  })

  it('takes one with streams by force only, the least loaded first', () => {
    const engines = [anEngine('a', { streams: [aStream('s'), aStream('t')] }), anEngine('b', { streams: [aStream('u')] })]
    expect(choose(engines, RULES)).toBeNull()
    expect(choose(engines, { ...RULES, force: true })).toBe('b')
  })

  it('takes the preferred one before a better one, unless it is unhealthy or has streams', () => {
    const preferred = { ...RULES, preferred: 'b' }
    expect(choose([anEngine('a'), anEngine('b', { health: 'unknown', lastStreamUsage: 9 })], preferred)).toBe('b')
    expect(choose([anEngine('a'), anEngine('b', { health: 'unhealthy' })], preferred)).toBe('a')
    expect(choose([anEngine('a'), anEngine('b', { streams: [aStream('s')] })], preferred)).toBe('a')
    expect(choose([anEngine('a')], preferred)).toBe('a')
  })

  it('takes the one just unseated only when there is no other', () => {
    const excluded = { ...RULES, excluded: 'a' }
    expect(choose([anEngine('a'), anEngine('b', { health: 'unhealthy' })], excluded)).toBe('b')
    expect(choose([anEngine('a')], excluded)).toBe('a')
  })

  it('has the same outcome whatever the order of the list', () => {
    const engine = fc
      .record({
        health: fc.constantFrom('healthy', 'unknown', 'unhealthy'),
        phase: fc.constantFrom('running', 'starting', 'backing-off'),
        streams: fc.constantFrom<StreamView[]>([], [], [aStream('s')]),
        lastStreamUsage: fc.constantFrom(null, 1, 2),
      })
      .map((change): Partial<EngineView> => change)
    fc.assert(
      fc.property(fc.array(engine, { maxLength: 6 }), fc.boolean(), fc.option(fc.constantFrom('e0', 'e1')), (changes, force, excluded) => {
        const engines = changes.map((change, index) => anEngine(`e${index}`, change))
        const rules = { preferred: null, excluded, force }
        expect(choose(engines.toReversed(), rules)).toBe(choose(engines, rules))
      }),
    )
  })
})
