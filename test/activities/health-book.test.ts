import { describe, expect, it } from 'vitest'
import { HealthBook, type ProbeTarget } from '../../activities/watch/health.js'
import type { ProbeResult } from '../../activities/watch/probe.js'

const WELL: ProbeResult = { healthy: true, version: '3.2.11', platform: 'linux', detail: null }
const SICK: ProbeResult = { healthy: false, version: null, platform: null, detail: 'does not answer' }
const OPTIONS = { intervalMs: 1_000, failureThreshold: 3, startupTimeoutMs: 10_000 }

const target = (engineId: string, change: Partial<ProbeTarget> = {}): ProbeTarget => ({
  engineId,
  containerId: `c-${engineId}`,
  address: '172.17.0.2',
  port: 6878,
  p2pPort: 51413,
  ...change,
})

class Watch {
  now = 0
  readonly book = new HealthBook(OPTIONS, () => this.now)

  /** A container that its workflow knows with this health. */
  add(engineId: string, told: string | null = null): this {
    this.book.add(target(engineId), told)
    return this
  }

  /** One probe, this long after the one before. */
  probe(engineId: string, result: ProbeResult, { after = 1_000, reachable = true } = {}): this {
    this.now += after
    this.book.record(`c-${engineId}`, result, reachable)
    return this
  }

  said(): string[] {
    return this.book.changes().map(({ engineId, report }) => `${engineId} ${report.health}${report.replace ? ' replace' : ''}`)
  }
}

describe('what was found out at a container', () => {
  it('has the time of its last probe, whatever came of it, until it runs no more', () => {
    const before = Date.now()
    const watch = new Watch().add('a').add('b').add('c').probe('a', WELL).probe('b', SICK)
    const checks = watch.book.checks()
    expect([...checks.keys()]).toEqual(['c-a', 'c-b'])
    expect([...checks.values()].every(({ at }) => at >= before && at <= Date.now())).toBe(true)
    watch.book.drop('c-a')
    expect([...watch.book.checks().keys()]).toEqual(['c-b'])
  })

  it('says how it is connected, until it does not answer', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    watch.book.recordP2p('c-a', { connected: true, listening: true })
    expect(watch.probe('a', WELL).book.checks().get('c-a')).toMatchObject({ connected: true, listening: true })
    expect(watch.probe('a', SICK).book.checks().get('c-a')).toMatchObject({ connected: null, listening: null })
    watch.book.recordP2p('c-a', { connected: true, listening: true })
    expect(watch.book.checks().get('c-a')).toMatchObject({ connected: null, listening: null })
  })

  it('does not say that the P2P port is closed while the engine starts', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    watch.book.recordP2p('c-a', { connected: false, listening: false })
    expect(watch.book.checks().get('c-a')).toMatchObject({ connected: false, listening: null })
    watch.probe('a', WELL, { after: OPTIONS.startupTimeoutMs })
    watch.book.recordP2p('c-a', { connected: true, listening: false })
    expect(watch.book.checks().get('c-a')).toMatchObject({ connected: true, listening: false })
  })
})

describe('a container that has answered', () => {
  it('is unhealthy after so many failed probes in a row, and is then to be replaced', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    expect(watch.said()).toEqual(['a healthy'])
    expect(watch.probe('a', SICK).probe('a', SICK).said()).toEqual([])
    expect(watch.probe('a', SICK).said()).toEqual(['a unhealthy replace'])
  })

  it('is forgiven by one answer', () => {
    const watch = new Watch().add('a').probe('a', WELL).probe('a', SICK).probe('a', SICK).probe('a', WELL).probe('a', SICK).probe('a', SICK)
    expect(watch.said()).toEqual(['a healthy'])
  })

  it('is unknown while the network is known to be down, and its failures do not count', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    watch.said()
    for (const _ of [1, 2, 3, 4, 5]) watch.probe('a', SICK, { reachable: false })
    expect(watch.said()).toEqual(['a unknown'])
    expect(watch.probe('a', SICK).probe('a', SICK).said()).toEqual([])
    expect(watch.probe('a', SICK).said()).toEqual(['a unhealthy replace'])
  })

  it('is one that its workflow knows as healthy, after a restart of the watcher too', () => {
    const watch = new Watch()
      .add('a', 'healthy')
      .probe('a', SICK, { after: 1 })
      .probe('a', SICK, { after: 1 })
      .probe('a', SICK, { after: 1 })
    expect(watch.said()).toEqual(['a unhealthy replace'])
  })
})

describe('a container that never answered', () => {
  it('is unhealthy after the start-up time only, however many probes failed', () => {
    const watch = new Watch().add('a')
    for (let count = 0; count < 9; count++) watch.probe('a', SICK)
    expect(watch.said()).toEqual([])
    expect(watch.probe('a', SICK).said()).toEqual(['a unhealthy'])
  })

  it('is not to be replaced while no other answers: the probes may be at fault', () => {
    const watch = new Watch().add('a').add('b').probe('a', SICK, { after: 10_000 })
    expect(watch.said()).toEqual(['a unhealthy'])
    watch.probe('b', WELL)
    expect(watch.said().toSorted()).toEqual(['a unhealthy replace', 'b healthy'])
  })

  it('is not believed to be failing by the answer of one that has fallen silent', () => {
    const watch = new Watch().add('a').add('b').probe('b', WELL)
    for (const _ of [1, 2, 3]) watch.probe('b', SICK)
    expect(watch.said()).toEqual(['b unhealthy replace'])
    expect(watch.probe('a', SICK, { after: 10_000 }).said()).toEqual(['a unhealthy'])
  })

  it('says nothing while the network is known to be down', () => {
    const watch = new Watch().add('a').probe('a', SICK, { after: 60_000, reachable: false })
    expect(watch.said()).toEqual([])
  })
})

describe('what is reported', () => {
  it('is a change, once', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    expect(watch.said()).toEqual(['a healthy'])
    expect(watch.probe('a', WELL).said()).toEqual([])
  })

  it('carries what the probe learned', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    expect(watch.book.changes()).toEqual([
      {
        engineId: 'a',
        report: { containerId: 'c-a', health: 'healthy', version: '3.2.11', platform: 'linux', detail: null, replace: false },
      },
    ])
  })

  it('is nothing before a first probe, and nothing that the workflow knows already', () => {
    const watch = new Watch().add('a', 'unhealthy').add('b', 'healthy')
    expect(watch.said()).toEqual([])
    expect(watch.probe('b', WELL).said()).toEqual([])
  })

  it('is said again when the list shows that it was not heard', () => {
    const watch = new Watch().add('a').probe('a', WELL)
    watch.said()
    watch.book.sync([target('a')], () => 'unknown')
    expect(watch.said()).toEqual(['a healthy'])
    watch.book.sync([target('a')], () => 'healthy')
    expect(watch.said()).toEqual([])
  })
})

describe('the containers that run', () => {
  it('are probed when due, each once at a time, a starting one often', () => {
    const watch = new Watch().add('a')
    expect(watch.book.due()).toHaveLength(1)
    expect(watch.book.due()).toEqual([])
    watch.probe('a', SICK, { after: 10 })
    watch.now += 249
    expect(watch.book.due()).toEqual([])
    watch.now += 1
    expect(watch.book.due()).toHaveLength(1)
    watch.probe('a', WELL, { after: 0 })
    watch.now += 999
    expect(watch.book.due()).toEqual([])
    watch.now += 1
    expect(watch.book.due()).toHaveLength(1)
  })

  it('are forgotten when they run no more, and a late result for one changes nothing', () => {
    const watch = new Watch().add('a').add('b').probe('a', WELL).probe('b', WELL)
    watch.book.sync([target('b')], () => null)
    watch.book.drop('c-b')
    watch.probe('a', SICK).probe('b', SICK)
    expect(watch.said()).toEqual([])
    expect(watch.book.due()).toEqual([])
  })

  it('keep their record over a list, and begin anew at another address', () => {
    const watch = new Watch().add('a', 'healthy').probe('a', SICK).probe('a', SICK)
    watch.book.sync([target('a')], () => 'healthy')
    expect(watch.probe('a', SICK).said()).toEqual(['a unhealthy replace'])

    const moved = new Watch().add('a', 'healthy').probe('a', SICK).probe('a', SICK)
    moved.book.sync([target('a', { address: '172.17.0.9' })], () => 'healthy')
    expect(moved.book.due()).toEqual([target('a', { address: '172.17.0.9' })])
    expect(moved.probe('a', SICK).said()).toEqual([])
  })

  it('are added once: a second word of the same container keeps what is known', () => {
    const watch = new Watch().add('a').probe('a', WELL).add('a')
    expect(watch.said()).toEqual(['a healthy'])
  })
})
