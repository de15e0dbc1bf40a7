import { describe, expect, it } from 'vitest'
import { type EngineAnswer, Engines } from '../../chaos/api.js'
import { wrongEngines } from '../../chaos/api-record.js'
import { orphans, type Seen, unmet } from '../../chaos/convergence.js'
import { FaultWindows } from '../../chaos/fault-windows.js'
import { checkCalm, checkLease, checkPorts, checkRuns, checkSamples } from '../../chaos/final-checks.js'
import { ForeignGuard } from '../../chaos/foreign-guard.js'
import { LeaseAnswer, LeaseRecord } from '../../chaos/lease-record.js'
import { Gluetun, type GluetunParts } from '../../chaos/gluetun.js'
import { now } from '../../chaos/clock.js'
import { Random } from '../../chaos/random.js'
import { ContainerRuns, DockerEvent, overlaps } from '../../chaos/runs.js'
import { secretsIn, textOf } from '../../chaos/secrets.js'
import { Violations } from '../../chaos/violations.js'

const MANAGED = { key: 'ondemand.app', value: 'myservice' }
const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

/** A line of Docker's, `at` milliseconds after the epoch. */
function event(action: string, id: string, at: number, attributes: Record<string, string> = {}): DockerEvent {
  return DockerEvent.parse({ Type: 'container', Action: action, Actor: { ID: id, Attributes: attributes }, timeNano: at * 1e6 })
}

const forwarded = (epoch: number, engine = 'one'): Record<string, string> => ({
  name: 'berth-forwarded',
  'ondemand.app': 'myservice',
  'acestream.forwarded': 'true',
  'acestream.lease.epoch': String(epoch),
  'acestream.engine.id': engine,
})

function runsOf(...events: DockerEvent[]): ContainerRuns {
  const runs = new ContainerRuns(MANAGED)
  for (const each of events) runs.take(each)
  return runs
}

describe('two running at once (I1, I2)', () => {
  it('finds the overlap of two runs, and how long it was', () => {
    const runs = runsOf(
      event('start', A, 100, forwarded(1)),
      event('start', B, 150, forwarded(2)),
      event('die', A, 180, forwarded(1)),
      event('die', B, 300, forwarded(2)),
    )
    expect(overlaps(runs.forwardedRuns())).toEqual([{ ids: [A, B], from: 150, to: 180, byHand: false }])
  })

  it('finds nothing when one starts at the moment at which the other has ended', () => {
    const runs = runsOf(event('start', A, 100, forwarded(1)), event('die', A, 150, forwarded(1)), event('start', B, 150, forwarded(2)))
    expect(overlaps(runs.forwardedRuns())).toEqual([])
  })

  it('says when one of the two was a person’s doing', () => {
    const runs = runsOf(event('start', A, 100, forwarded(1)))
    runs.markHandmade(B)
    runs.take(event('start', B, 150, forwarded(1)))
    expect(overlaps(runs.forwardedRuns())).toMatchObject([{ byHand: true, to: null }])
  })

  it('takes an event that comes twice once, and a container that is not managed not at all', () => {
    const foreign = { 'acestream.forwarded': 'true' }
    const start = event('start', A, 100, forwarded(1))
    const runs = runsOf(start, start, event('start', B, 150, foreign))
    expect(runs.forwardedRuns()).toHaveLength(1)
  })

  it('goes by what a container was configured with, not by its label, where the P2P port counts', () => {
    const follower = { name: 'berth-two', 'ondemand.app': 'myservice', 'acestream.engine.id': 'two' }
    const runs = runsOf(event('start', A, 100, forwarded(1)), event('start', B, 150, follower))
    const facts = runs.facts(B)
    if (facts) facts.p2pPort = 41_000
    expect(overlaps(runs.forwardedRuns())).toEqual([])
    expect(overlaps(runs.p2pRuns())).toMatchObject([{ ids: [A, B] }])
  })
})

describe('what is counted when a campaign is over', () => {
  const overlapping = () => [
    event('start', A, 100, forwarded(1)),
    event('start', B, 150, forwarded(2)),
    event('die', A, 180, forwarded(1)),
    event('die', B, 300, forwarded(2)),
  ]

  it('is an overlap, twice: by the label and by the port', () => {
    const violations = new Violations()
    expect(checkRuns(runsOf(...overlapping()), violations)).toEqual([])
    expect(violations.all().map(({ invariant }) => invariant)).toEqual(['I1', 'I2'])
    expect(violations.all()[0]?.what).toContain('for 30.0 ms')
  })

  it('is not one that a person made, unless it lasts for more than two seconds', () => {
    const short = runsOf(...overlapping().slice(0, 1))
    short.markHandmade(A)
    for (const each of overlapping().slice(1)) short.take(each)
    const violations = new Violations()
    expect(checkRuns(short, violations)).toHaveLength(1)
    expect(violations.all()).toEqual([])
    const long = runsOf(...overlapping().slice(0, 1))
    long.markHandmade(A)
    long.take(event('start', B, 150, forwarded(2)))
    long.take(event('die', A, 2_200, forwarded(1)))
    checkRuns(long, violations)
    expect(violations.of('I1')).toHaveLength(1)
  })

  it('is a list with two in it, and an epoch that nobody granted', () => {
    const violations = new Violations()
    const doubles = [{ at: 1, ids: [A, B], ports: ['41000', '41000'] }]
    checkSamples({ doubles }, runsOf(), violations)
    checkLease(new LeaseRecord(), runsOf(event('create', A, 1, forwarded(3))), violations)
    expect(violations.all().map(({ invariant }) => invariant)).toEqual(['I1', 'I2', 'I5'])
  })
})

describe('of several forwarded ports (I9)', () => {
  const found = (countedSince: (port: number) => number | null): string[] => {
    const violations = new Violations()
    checkPorts(lease({ epoch: 1, granted: 1_000 }).log, countedSince, violations)
    return violations.of('I9').map(({ what }) => what)
  }

  it('is content with a grant of the one that was the lowest by then', () => {
    expect(found(() => 1_000)).toEqual([])
  })

  it('finds a grant of one that never was the lowest, and of one that only became it later', () => {
    expect(found(() => null)).toEqual(['epoch 1 was granted for port 41000, which was never the lowest'])
    expect(found(() => 1_100)).toEqual(['epoch 1 was granted for port 41000, which only later became the lowest'])
  })
})

describe('while clocks alone are wrong (I5)', () => {
  const found = ({ calm = true, rotates = false, ended = 1_500, why = 'test' }): string[] => {
    const windows = new FaultWindows()
    windows.begin({ row: 24, name: 'a clock an hour ahead', hidesPort: false, calm }, 1_000).healedAt = 2_000
    const turnovers = lease({ epoch: 1, granted: 500, ended }).log.map((turnover) => ({ ...turnover, ended: why }))
    const violations = new Violations()
    checkCalm(turnovers, windows.all(), rotates, violations)
    return violations.of('I5').map(({ what }) => what)
  }

  it('finds a turnover, and says during which fault', () => {
    expect(found({})).toEqual(['epoch 1 ended (test) while nothing happened but: 24 a clock an hour ahead'])
  })

  it('lets be what came before or after it, or while another fault was in force', () => {
    expect(found({ ended: 999 })).toEqual([])
    expect(found({ ended: 2_001 })).toEqual([])
    expect(found({ calm: false })).toEqual([])
  })

  it('takes a rotation by the period for what it is, and only where there is a period', () => {
    expect(found({ rotates: true, why: 'rotation' })).toEqual([])
    expect(found({ rotates: false, why: 'rotation' })).toHaveLength(1)
  })
})

interface Told {
  epoch: number
  engine?: string
  container?: string | null
  granted?: number
  ended?: number | null
  began?: string
}

const time = (at: number) => new Date(at).toISOString()

function lease(...turnovers: Told[]): LeaseAnswer {
  const log = turnovers.map(
    ({ epoch, engine = 'one', container = A, granted = epoch * 1000, ended = epoch * 1000 + 500, began = 'test' }) => ({
      epoch,
      engine_id: engine,
      port: 41_000,
      container_id: container,
      granted_at: time(granted),
      active_at: container === null ? null : time(granted + 10),
      ended_at: ended === null ? null : time(ended),
      began,
      ended: ended === null ? null : 'test',
      gap_ms: container === null ? null : 10,
    }),
  )
  return LeaseAnswer.parse({ epoch: turnovers.at(-1)?.epoch ?? 0, port: 41_000, preferred: null, holder: null, condition: null, log })
}

describe('the lease’s log (I5)', () => {
  it('takes a sound one', () => {
    const record = new LeaseRecord()
    expect(record.take(lease({ epoch: 1 }, { epoch: 2, ended: null }))).toEqual([])
    expect(record.take(lease({ epoch: 1 }, { epoch: 2 }, { epoch: 3, ended: null }))).toEqual([])
    expect(record.complete()).toEqual([])
  })

  it('finds a hole in one answer, and one between answers', () => {
    expect(new LeaseRecord().take(lease({ epoch: 1 }, { epoch: 3 }))).toEqual(['epoch 3 follows epoch 1 in one answer'])
    const record = new LeaseRecord()
    record.take(lease({ epoch: 1 }))
    record.take(lease({ epoch: 3, ended: null }))
    expect(record.complete()).toEqual(['no epoch between 1 and 3 was ever told of'])
  })

  it('finds an epoch that is used twice, and one that goes back', () => {
    const record = new LeaseRecord()
    record.take(lease({ epoch: 2, engine: 'one' }))
    expect(record.take(lease({ epoch: 2, engine: 'two' }))).toEqual(['epoch 2: engine_id changed from one to two'])
    expect(record.take(lease({ epoch: 1 }))).toContain('the epoch went back from 2 to 1')
  })

  it('takes the word of the lease that comes after a terminated one for what it has found, and for nothing else', () => {
    const told = (record: LeaseRecord) => record.take(lease({ epoch: 1 }, { epoch: 2, granted: 5_000, ended: null }))
    const found = (change: object = {}) => lease({ epoch: 2, granted: 9_000, ended: null, began: 'recovered', ...change })
    const record = new LeaseRecord()
    told(record)
    record.terminated(7_000)
    expect(record.take(found())).toEqual([])
    expect(record.take(lease({ epoch: 2, granted: 9_000, began: 'recovered' }, { epoch: 3, granted: 12_000, ended: null }))).toEqual([])
    expect(record.complete()).toEqual([])
    const other = new LeaseRecord()
    told(other)
    other.terminated(7_000)
    expect(other.take(found({ engine: 'two' }))).toEqual(['epoch 2: engine_id changed from one to two'])
    const unharmed = new LeaseRecord()
    told(unharmed)
    expect(unharmed.take(found())).toContain('epoch 2: began changed from test to recovered')
  })

  it('misses no epoch that a terminated lease took with it, and any other', () => {
    const record = new LeaseRecord()
    record.take(lease({ epoch: 1, granted: 1_000, ended: null }))
    record.terminated(2_000)
    record.take(lease({ epoch: 3, granted: 9_000, ended: null }))
    expect(record.complete()).toEqual([])
    record.take(lease({ epoch: 5, granted: 12_000, ended: null }))
    expect(record.complete()).toEqual(['no epoch between 3 and 5 was ever told of', 'epoch 3 has no end'])
  })

  it('finds two open grants, a missing end, and a grant before the end of the one before', () => {
    const open = new LeaseRecord()
    expect(open.take(lease({ epoch: 1, ended: null }, { epoch: 2, ended: null }))).toEqual(['epochs 1 and 2 are open at once'])
    expect(open.complete()).toEqual(['epoch 1 has no end'])
    const early = new LeaseRecord()
    early.take(lease({ epoch: 1, ended: 2_500 }, { epoch: 2, granted: 2_000, ended: null }))
    expect(early.complete()).toEqual(['epoch 2 was granted before epoch 1 had ended'])
  })

  it('finds a container with an epoch that was never granted, or granted to another engine', () => {
    const record = new LeaseRecord()
    record.take(lease({ epoch: 1, container: null }))
    const runs = runsOf(event('create', A, 1, forwarded(1, 'two')), event('create', B, 2, forwarded(7)))
    expect(record.disagreements(runs.all(), [])).toEqual([
      `container ${A.slice(0, 12)} of engine two bears epoch 1, which was granted to one`,
      `container ${B.slice(0, 12)} bears epoch 7, which the lease never told of`,
    ])
  })

  it('finds a start of another container than the one that was confirmed, and a confirmed one that Docker never made', () => {
    const record = new LeaseRecord()
    record.take(lease({ epoch: 1, container: B }))
    const runs = runsOf(event('create', A, 1, forwarded(1)), event('start', A, 2, forwarded(1)))
    expect(record.disagreements(runs.all(), runs.forwardedRuns())).toEqual([
      `container ${A.slice(0, 12)} was started, while epoch 1 was confirmed for ${B.slice(0, 12)}`,
      `Docker never made container ${B.slice(0, 12)} with epoch 1`,
    ])
  })
})

const engine = (id: string, change: Partial<EngineAnswer> = {}): EngineAnswer => ({
  engine_id: id,
  container_id: id,
  container_name: `berth-${id}`,
  host: 'gluetun',
  port: 19_000,
  forwarded: false,
  forwarded_port: null,
  health_status: 'healthy',
  phase: 'running',
  lease_epoch: null,
  ...change,
})
const holder = engine('one', { forwarded: true, forwarded_port: 41_000, lease_epoch: 1 })

describe('what the API shows (I6)', () => {
  const gone = (since: number | null) => ({ goneSince: () => since })

  it('finds two forwarded', () => {
    const both = [holder, { ...holder, engine_id: 'two' }]
    expect(wrongEngines(both, gone(null), 10).twice).toContain('2 forwarded: one, two')
    expect(wrongEngines([holder], gone(null), 10)).toEqual({ twice: null, stale: null })
  })

  it('finds a port that is old for more than three seconds, and not before', () => {
    expect(wrongEngines([holder], gone(1_000), 3_900).stale).toBeNull()
    expect(wrongEngines([holder], gone(1_000), 4_100).stale?.what).toContain('port 41000, 3100 ms after it was gone')
  })

  it('takes a port for gone while others are forwarded, and for kept while it is one of several, or none is', async () => {
    const told = async () => undefined
    const parts: GluetunParts = {
      id: async () => 'g',
      tellPorts: told,
      tellVpn: told,
      setFault: told,
      kill: told,
      start: told,
      recreate: told,
    }
    const gluetun = new Gluetun(parts, 41_000)
    for (const ports of [[41_000], [40_999, 41_000, 42_000], []]) {
      await gluetun.setPorts(ports)
      expect(gluetun.goneSince(41_000)).toBeNull()
    }
    await gluetun.setPorts([40_999])
    const since = gluetun.goneSince(41_000)
    expect(since).toBeLessThanOrEqual(now())
    await gluetun.setPorts([40_999, 42_000])
    expect(gluetun.goneSince(41_000)).toBe(since)
    await gluetun.setPorts([41_000])
    expect(gluetun.goneSince(41_000)).toBeNull()
  })
})

describe('whether everything is well (I3, I4)', () => {
  const answer = (change: object = {}): LeaseAnswer =>
    LeaseAnswer.parse({
      epoch: 1,
      port: 41_000,
      preferred: null,
      holder: { engine_id: 'one', epoch: 1, port: 41_000, phase: 'active', container_id: 'one' },
      condition: null,
      log: [],
      ...change,
    })
  const engines = [holder, engine('two'), engine('three')]
  const containers = ['one', 'two', 'three'].map((Id) => ({ Id, Names: [`/berth-${Id}`], State: 'running' }))
  const seen = (change: Partial<Seen> = {}): Seen => ({ engines, lease: answer(), containers, port: 41_000, wanted: null, ...change })

  it('is content when Docker, engines and lease agree', () => {
    expect(unmet(seen())).toEqual([])
    expect(orphans(engines, containers)).toEqual([])
  })

  it.for<[string, Partial<Seen>, string]>([
    ['an engine too few', { engines: engines.slice(0, 2) }, '2 engines'],
    ['another number than wanted', { wanted: 4 }, '3 engines'],
    ['a sick engine', { engines: [holder, engine('two'), engine('three', { health_status: 'unknown' })] }, 'three (running, unknown)'],
    ['nobody forwarded', { engines: [engine('one'), engine('two'), engine('three')] }, '0 forwarded'],
    ['a vacant lease', { lease: answer({ holder: null, condition: { code: 'no-forwarded' } }) }, 'vacant (no-forwarded)'],
    ['another port', { port: 42_000 }, 'Gluetun 42000'],
    [
      'a container too many',
      { containers: [...containers, { Id: 'four', Names: ['/berth-four'], State: 'created' }] },
      '/berth-four created',
    ],
  ])('finds %s', ([, change, text]) => {
    expect(unmet(seen(change)).join('; ')).toContain(text)
  })

  it('finds a container of no engine, one that does not run, and an engine without one', () => {
    const found = orphans(engines, [
      { Id: 'one', Names: ['/berth-forwarded'], State: 'running' },
      { Id: 'two', Names: ['/berth-two'], State: 'dead' },
      { Id: 'four', Names: ['/berth-four'], State: 'created' },
    ])
    expect(found).toEqual([
      '/berth-four (four, created) belongs to no engine',
      '/berth-two is dead',
      'engine three has no container in Docker',
    ])
  })
})

describe('containers of somebody else (I7)', () => {
  /** A daemon with one container, of which only `inspect` is asked. */
  function daemon(inspected: { Name: string; State: { Status: string; StartedAt: string } }) {
    const gone = { value: false }
    const inspect = async () => {
      if (gone.value) throw Object.assign(new Error('no such container'), { statusCode: 404 })
      return inspected
    }
    const docker = { getContainer: () => ({ inspect }) } as unknown as ConstructorParameters<typeof ForeignGuard>[0]
    return { docker, gone }
  }
  const inspected = () => ({ Name: '/gluetun', State: { Status: 'running', StartedAt: '2026-01-01T00:00:00Z' } })

  it('finds that one was started again, renamed or removed', async () => {
    for (const [change, text] of [
      [(it: ReturnType<typeof inspected>) => void (it.State.StartedAt = '2026-01-01T00:00:05Z'), 'was started again'],
      [(it: ReturnType<typeof inspected>) => void (it.Name = '/other'), 'is called other now'],
      [(it: ReturnType<typeof inspected>) => void (it.State.Status = 'exited'), 'is exited, no longer running'],
    ] as const) {
      const container = inspected()
      const violations = new Violations()
      const guard = new ForeignGuard(daemon(container).docker, violations)
      await guard.watch(A)
      await guard.check()
      expect(violations.all()).toEqual([])
      change(container)
      await guard.check()
      expect(violations.of('I7').map(({ what }) => what)).toEqual([`the foreign container gluetun ${text}`])
    }
  })

  it('finds that one is gone, and an event that nobody here made', async () => {
    const { docker, gone } = daemon(inspected())
    const violations = new Violations()
    const guard = new ForeignGuard(docker, violations)
    await guard.watch(A)
    guard.take(event('kill', A, Date.now()))
    gone.value = true
    await guard.check()
    expect(violations.of('I7').map(({ what }) => what)).toEqual([
      'the foreign container gluetun had the event kill',
      'the foreign container gluetun is gone',
    ])
  })

  it('holds the campaign’s own start of a container against nobody, though it is told of late, and a later one all the same', async () => {
    const violations = new Violations()
    const guard = new ForeignGuard(daemon(inspected()).docker, violations)
    let started = 0
    await guard.whileOurs([A], async () => {
      started = Date.now()
      await guard.watch(A)
    })
    guard.take(event('start', A, started))
    expect(violations.all()).toEqual([])
    guard.take(event('start', A, started + 60_000))
    expect(violations.of('I7')).toHaveLength(1)
  })

  it('lets the campaign do what it likes', async () => {
    const container = inspected()
    const violations = new Violations()
    const guard = new ForeignGuard(daemon(container).docker, violations)
    await guard.watch(A)
    await guard.whileOurs([A], async () => {
      container.State.StartedAt = '2026-01-01T00:00:05Z'
      guard.take(event('kill', A, Date.now()))
    })
    await guard.check()
    expect(violations.all()).toEqual([])
  })
})

describe('secrets (I8)', () => {
  const secrets = { password: 'never-to-be-seen', key: 'k'.repeat(20) }

  it('finds one in a text, and in base64', () => {
    expect(secretsIn('{"env":["OPENVPN_PASSWORD=never-to-be-seen"]}', secrets)).toEqual(['password'])
    expect(secretsIn(`data: ${Buffer.from('never-to-be-seen').toString('base64')}`, secrets)).toEqual(['password'])
    expect(secretsIn('nothing here', secrets)).toEqual([])
  })

  it('finds one in the bytes of a history', () => {
    const history = { events: [{ input: { payloads: [{ data: new TextEncoder().encode('{"password":"never-to-be-seen"}') }] } }] }
    expect(secretsIn(textOf(history), secrets)).toEqual(['password'])
  })
})

describe('a campaign', () => {
  it('draws the same with the same seed', () => {
    const draws = (seed: number, name: string) => {
      const random = new Random(seed, name)
      return Array.from({ length: 20 }, () => random.between(1, 1000))
    }
    expect(draws(7, 'work')).toEqual(draws(7, 'work'))
    expect(draws(7, 'work')).not.toEqual(draws(8, 'work'))
    expect(draws(7, 'work')).not.toEqual(draws(7, 'faults'))
  })

  it('knows which faults were in force when', () => {
    const windows = new FaultWindows()
    const window = windows.begin({ row: 21, name: 'no port', hidesPort: true }, 100)
    expect(windows.hidesPort(0, 99)).toBe(false)
    expect(windows.hidesPort(0, 5_000)).toBe(true)
    window.recoveredAt = 200
    expect(windows.any(150, 160)).toBe(true)
    expect(windows.any(201, 300)).toBe(false)
  })

  it('reads engines as the API shows them', () => {
    expect(Engines.parse([{ ...holder, labels: {}, streams: [] }])).toEqual([holder])
  })
})
