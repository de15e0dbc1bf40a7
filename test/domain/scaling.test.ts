import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, type Scaling, type ScalingFacts } from '../../src/domain/scaling.js'
import type { EngineView } from '../../src/domain/views.js'
import { anEngine, aStream, frozen, NOW } from './samples.js'

const GRACE = 30_000
const facts = (engines: EngineView[], change: Partial<ScalingFacts> = {}): ScalingFacts => ({
  wanted: 1,
  maxReplicas: 5,
  minFree: 1,
  emptyForMs: null,
  autoscaled: 0,
  handingOver: 0,
  engines,
  ...change,
})
const ask = (engines: EngineView[], change: Partial<ScalingFacts> = {}, now = NOW): Scaling => decide(frozen(facts(engines, change)), now)
const idle = (id: string, change: Partial<EngineView> = {}): EngineView => anEngine(id, change)
const busy = (id: string, change: Partial<EngineView> = {}): EngineView =>
  anEngine(id, { streams: [aStream(`on-${id}`, { engineId: id })], lastStreamUsage: NOW, ...change })
/** It played until so long ago. */
const empty = (id: string, ms: number, change: Partial<EngineView> = {}): EngineView =>
  anEngine(id, { lastStreamUsage: NOW - ms, ...change })

describe('free engines', () => {
  it('are kept above the wanted number while others play, and no more than MAX_REPLICAS', () => {
    expect(ask([idle('a')]).start).toBe(0)
    expect(ask([busy('a')])).toMatchObject({ start: 1, autoscaled: 1 })
    expect(ask([busy('a'), busy('b')], { minFree: 2 }).start).toBe(2)
    expect(ask([busy('a'), busy('b')], { minFree: 2, maxReplicas: 3 }).start).toBe(1)
    expect(ask([busy('a')], { minFree: 0 })).toMatchObject({ start: 0, remove: [] })
  })

  it('are not asked for twice while they are being made', () => {
    expect(ask([busy('a'), idle('b', { phase: 'provisioning' })]).start).toBe(0)
    expect(ask([busy('a'), idle('b', { phase: 'backing-off' })]).start).toBe(0)
  })

  it('do not include one that drains, which has its place until it is gone', () => {
    expect(ask([busy('a', { draining: true })])).toMatchObject({ start: 1, remove: [] })
    expect(ask([busy('a', { draining: true }), busy('b')], { maxReplicas: 2 }).start).toBe(0)
    expect(ask([idle('a', { draining: true }), idle('b')])).toMatchObject({ start: 0, remove: ['a'] })
  })

  it('stay without AUTO_DELETE when nobody plays any more, until a smaller number is asked for', () => {
    expect(ask([empty('a', 999_999), idle('b')], { autoscaled: 1 })).toMatchObject({ remove: [], autoscaled: 1, dueAt: null })
    expect(ask([empty('a', 999_999), idle('b', { firstSeen: 1 })])).toMatchObject({ remove: ['b'], autoscaled: 0 })
  })

  it('wait for a forwarded engine that is going, as its place is about to be taken', () => {
    expect(ask([], { handingOver: 1 }).start).toBe(0)
    expect(ask([], { wanted: 2, handingOver: 1 }).start).toBe(1)
  })
})

describe('fewer engines', () => {
  it('are those without streams, followers first, failing ones first, the newest first; those that play last', () => {
    const engines = [
      busy('playing'),
      idle('holder', { forwarded: true }),
      idle('old', { firstSeen: 1 }),
      idle('new', { firstSeen: 2 }),
      idle('failing', { health: 'unhealthy' }),
      busy('twice', { streams: [aStream('x'), aStream('y')] }),
    ]
    expect(ask(engines, { wanted: 0, minFree: 0, maxReplicas: 6 }).remove).toEqual(['failing', 'new', 'old', 'holder', 'playing', 'twice'])
    expect(ask(engines, { wanted: 3, minFree: 0, maxReplicas: 6 }).remove).toEqual(['failing', 'new', 'old'])
  })

  it('never cut a stream while enough of them are to be free', () => {
    expect(ask([busy('a'), busy('b'), idle('c')], { wanted: 1, minFree: 1 }).remove).toEqual([])
  })
})

describe('an engine that has played and is empty', () => {
  const auto = { emptyForMs: GRACE, autoscaled: 1 }

  it('goes when its time is over, not before; the fleet is told when that will be', () => {
    expect(ask([idle('a'), empty('b', GRACE)], auto)).toMatchObject({ remove: ['b'], dueAt: null })
    expect(ask([idle('a'), empty('b', GRACE - 1)], auto)).toMatchObject({ remove: [], dueAt: NOW + 1 })
    expect(ask([idle('a'), empty('b', 0)], { ...auto, emptyForMs: null })).toMatchObject({ remove: [], dueAt: null })
  })

  it('stays when the wanted number or MIN_FREE_REPLICAS would not be left, and nothing is waited for', () => {
    expect(ask([idle('a'), empty('b', GRACE)], { ...auto, wanted: 2 })).toMatchObject({ remove: [], dueAt: null })
    expect(ask([idle('a'), empty('b', GRACE - 1)], { ...auto, wanted: 2 })).toMatchObject({ remove: [], dueAt: null })
    expect(ask([idle('a'), empty('b', GRACE)], { ...auto, minFree: 2 })).toMatchObject({ remove: [], dueAt: null })
    expect(ask([idle('a', { phase: 'starting' }), empty('b', GRACE)], auto)).toMatchObject({ remove: [], dueAt: null })
  })

  it('stays when it is the forwarded one: another that is empty for as long goes', () => {
    const holder = empty('a', GRACE, { forwarded: true })
    expect(ask([holder, idle('b')], auto).remove).toEqual(['b'])
    expect(ask([holder, idle('b', { startedAt: NOW - 5 })], auto)).toMatchObject({ remove: [], dueAt: NOW - 5 + GRACE })
    expect(ask([holder, busy('b')], { ...auto, minFree: 0 }).remove).toEqual([])
    expect(ask([holder], { ...auto, wanted: 0, minFree: 0 }).remove).toEqual(['a'])
  })

  it('is the only kind that goes', () => {
    expect(ask([idle('a'), idle('b')], auto)).toMatchObject({ remove: [], dueAt: null })
  })
})

describe('over any time', () => {
  const event = fc.record({
    after: fc.nat(40_000),
    which: fc.nat(9),
    what: fc.constantFrom('play' as const, 'end' as const, 'drain' as const, 'fail' as const, 'wait' as const),
  })
  const policy = fc.record({
    wanted: fc.integer({ min: 0, max: 4 }),
    minFree: fc.integer({ min: 0, max: 3 }),
    maxReplicas: fc.integer({ min: 4, max: 6 }),
    emptyForMs: fc.constantFrom(null, GRACE),
  })

  it('there are never more than MAX_REPLICAS, none that plays goes while an idle one stays, and it comes to rest at once', () => {
    fc.assert(
      fc.property(policy, fc.array(event, { maxLength: 15 }), (rules, events) => {
        let now = NOW
        let made = 0
        let autoscaled = 0
        let engines: EngineView[] = []
        /** Carries out what is decided until nothing is; says how often engines were both started and removed. */
        const settle = (): void => {
          let started = false
          for (let round = 0; ; round++) {
            if (round > 3) throw new Error('it does not come to rest')
            const decided = ask(engines, { ...rules, autoscaled }, now)
            const { start, remove } = decided
            const going = engines.filter(({ engineId }) => remove.includes(engineId))
            const idleLeft = engines.some((engine) => !remove.includes(engine.engineId) && engine.streams.length === 0)
            expect(going.some((engine) => engine.streams.length > 0) && idleLeft).toBe(false)
            autoscaled = decided.autoscaled
            engines = engines.filter((engine) => !going.includes(engine))
            expect(started && going.some((engine) => engine.firstSeen === now)).toBe(false)
            for (let n = 0; n < start; n++) {
              started = true
              engines.push(idle(`e${++made}`, { firstSeen: now, startedAt: now, httpPort: made }))
            }
            expect(engines.length).toBeLessThanOrEqual(rules.maxReplicas)
            if (start === 0 && remove.length === 0) {
              if (decided.dueAt !== null) {
                expect(decided.dueAt).toBeGreaterThan(now)
                expect(ask(engines, { ...rules, autoscaled }, decided.dueAt - 1).remove).toEqual([])
                expect(ask(engines, { ...rules, autoscaled }, decided.dueAt).remove).not.toEqual([])
              }
              return
            }
          }
        }
        settle()
        for (const { after, which, what } of events) {
          now += after
          const engine = engines[which % Math.max(1, engines.length)]
          const change: Partial<EngineView> =
            what === 'play'
              ? { streams: [aStream('s')], lastStreamUsage: now }
              : what === 'end' && engine?.streams.length
                ? { streams: [], lastStreamUsage: now }
                : what === 'drain'
                  ? { draining: true }
                  : what === 'fail'
                    ? { health: 'unhealthy' }
                    : {}
          engines = engines.map((each) => (each === engine ? { ...each, ...change } : each))
          settle()
          const counted = engines.filter(({ draining }) => !draining)
          const playing = counted.filter(({ streams }) => streams.length > 0).length
          const room = rules.maxReplicas - engines.length
          if (room > 0) expect(counted.length).toBeGreaterThanOrEqual(rules.wanted)
          if (room > 0) expect(counted.length - playing).toBeGreaterThanOrEqual(rules.minFree)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('with AUTO_DELETE nothing above the wanted number is left in the end but what is free by right', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 6 }), fc.boolean(), (rules, count, holds) => {
        let engines = Array.from({ length: count }, (_, n) => empty(`e${n}`, GRACE, { forwarded: holds && n === 0 }))
        let autoscaled = count
        for (let round = 0; round < 10; round++) {
          const decided = ask(engines, { ...rules, emptyForMs: GRACE, autoscaled }, NOW)
          autoscaled = decided.autoscaled
          engines = engines.filter(({ engineId }) => !decided.remove.includes(engineId))
        }
        expect(engines.length).toBeLessThanOrEqual(Math.max(rules.wanted, rules.minFree))
      }),
    )
  })
})
