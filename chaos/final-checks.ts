/**
 * @module
 * What is checked over the whole of a campaign when it is over: runs, samples and epochs. Pure but for the violations that are added.
 */
import { now } from './clock.js'
import type { FaultWindow } from './fault-windows.js'
import type { LeaseRecord, Turnover } from './lease-record.js'
import { type ContainerRuns, type Overlap, overlaps } from './runs.js'
import type { SamplerReport } from './sampler.js'
import type { Violations } from './violations.js'

/** What a person did by hand is ended within this time. */
const BY_HAND_LIMIT_MS = 2_000
/** Whole milliseconds, and a task's time is that of its beginning. */
const CLOCK_MS = 5

/** I1 and I2 by Docker's own events. Answers the overlaps that a person's doing had. */
export function checkRuns(runs: ContainerRuns, violations: Violations): Overlap[] {
  const forwarded = overlaps(runs.forwardedRuns())
  for (const [invariant, found] of [
    ['I1', forwarded],
    ['I2', overlaps(runs.p2pRuns())],
  ] as const) {
    for (const overlap of found) {
      const length = (overlap.to ?? now()) - overlap.from
      if (overlap.byHand && length <= BY_HAND_LIMIT_MS) continue
      const names = overlap.ids.map((id) => `${runs.facts(id)?.name} ${id.slice(0, 12)} (epoch ${runs.facts(id)?.epoch})`)
      const what = `${names.join(' and ')} ran at the same time for ${length.toFixed(1)} ms${overlap.byHand ? ', one of them by hand' : ''}`
      violations.add({ invariant, at: overlap.from, what })
    }
  }
  return forwarded.filter((overlap) => overlap.byHand)
}

/** I1 and I2 by the list. */
export function checkSamples({ doubles }: Pick<SamplerReport, 'doubles'>, runs: ContainerRuns, violations: Violations): void {
  for (const { at, ids, ports } of doubles) {
    if (ids.some((id) => runs.isHandmade(id))) continue
    const what = `one list of Docker's shows ${ids.length} forwarded containers: ${ids.map((id) => id.slice(0, 12)).join(', ')}`
    violations.add({ invariant: 'I1', at, what })
    if (ports.filter((port) => port !== null).length > 1) violations.add({ invariant: 'I2', at, what })
  }
}

/** I9. Workflow time is that of the server, on the same machine. `countedSince`: when a port was first the lowest, `null`: never. */
export function checkPorts(turnovers: readonly Turnover[], countedSince: (port: number) => number | null, violations: Violations): void {
  for (const { epoch, port, granted_at: at } of turnovers) {
    const since = countedSince(port)
    if (since !== null && at >= since - CLOCK_MS) continue
    const what = `epoch ${epoch} was granted for port ${port}, which ${since === null ? 'was never' : 'only later became'} the lowest`
    violations.add({ invariant: 'I9', at, what })
  }
}

/** I5. Nobody is elected while clocks alone are wrong; a rotation by timer may come due. */
export function checkCalm(turnovers: readonly Turnover[], windows: readonly FaultWindow[], rotates: boolean, violations: Violations): void {
  for (const { row, name, from, healedAt } of windows.filter(({ calm }) => calm)) {
    for (const { epoch, ended_at: at, ended } of turnovers) {
      if (at === null || at < from || at > (healedAt ?? at) || (rotates && ended === 'rotation')) continue
      violations.add({ invariant: 'I5', at, what: `epoch ${epoch} ended (${ended}) while nothing happened but: ${row} ${name}` })
    }
  }
}

/** I5 over the whole. */
export function checkLease(lease: LeaseRecord, runs: ContainerRuns, violations: Violations): void {
  const containers = runs.all().filter(({ id, managed, forwarded }) => managed && forwarded && !runs.isCopy(id))
  const starts = runs.forwardedRuns().filter(({ byHand }) => !byHand)
  for (const what of [...lease.complete(), ...lease.disagreements(containers, starts)]) {
    violations.add({ invariant: 'I5', at: now(), what })
  }
}
