import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { step } from '../../src/domain/lease.js'
import { initialLease, isVacant, type LeaseCommand, type LeaseState, type LeaseStep } from '../../src/domain/lease-state.js'
import { viewOf } from '../../src/domain/lease-view.js'
import { frozen } from './samples.js'

const engineId = fc.constantFrom('a', 'b', 'c')
const containerId = fc.constantFrom('c1', 'c2', 'c3')
const epoch = fc.integer({ min: 0, max: 6 })
const port = fc.constantFrom(null, 1000, 2000)
const requestId = fc.constantFrom(null, 'r1', 'r2', 'r3')
const nominated = fc.boolean()
const generation = fc.record({ session: fc.integer({ min: 0, max: 3 }), sequence: fc.integer({ min: 0, max: 9 }) })
const surveyed = fc.record({
  containerId,
  engineId,
  epoch: fc.option(epoch),
  p2pPort: port,
  running: fc.boolean(),
})

/** A command whose epoch, when it names one, is often the present one: `null` stands for that. */
const command: fc.Arbitrary<(state: LeaseState) => LeaseCommand> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ engineId, nominated }).map((given) => () => ({ kind: 'acquire' as const, ...given })) },
  {
    weight: 5,
    arbitrary: fc.record({ engineId: fc.option(engineId), epoch: fc.option(epoch), containerId }).map((given) => (state: LeaseState) => ({
      kind: 'confirm' as const,
      engineId: given.engineId ?? state.holder?.engineId ?? 'a',
      epoch: given.epoch ?? state.epoch,
      containerId: given.containerId,
    })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ epoch: fc.option(epoch), reason: fc.constantFrom('died', 'forced'), by: fc.option(engineId) })
      .map((given) => (state: LeaseState) => ({ kind: 'revoke' as const, ...given, epoch: given.epoch ?? state.epoch })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({ epoch: fc.option(epoch), request: fc.option(fc.record({ engineId, nominated })) })
      .map((given) => (state: LeaseState) => ({ kind: 'ended' as const, ...given, epoch: given.epoch ?? state.epoch })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ requestId, candidate: fc.option(engineId), force: fc.boolean(), epoch: fc.option(epoch) })
      .map((given) => () => ({ kind: 'elect' as const, reason: 'forced', ...given })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ requestId, force: fc.boolean(), epoch: fc.option(epoch) })
      .map((given) => () => ({ kind: 'rotate' as const, reason: 'asked', ...given })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ engineId: fc.option(engineId), candidate: fc.option(engineId) }).map((given) => (state: LeaseState) => ({
      kind: 'turn-over' as const,
      reason: 'unhealthy',
      candidate: given.candidate,
      engineId: given.engineId ?? state.holder?.engineId ?? 'a',
      containerId: state.holder?.containerId ?? null,
    })),
  },
  { weight: 1, arbitrary: engineId.map((id) => () => ({ kind: 'engine-removed' as const, engineId: id })) },
  { weight: 2, arbitrary: fc.record({ container: surveyed }).map((given) => () => ({ kind: 'forwarded-found' as const, ...given })) },
  { weight: 1, arbitrary: fc.uniqueArray(containerId).map((containerIds) => () => ({ kind: 'removed' as const, containerIds })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, null, 'another Berth').map((text) => () => ({ kind: 'conflict' as const, conflict: text })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ engineId: fc.option(engineId), requestId, force: fc.boolean(), epoch: fc.option(epoch) })
      .map((given) => () => ({ kind: 'designate' as const, reason: 'designated', ...given })),
  },
  { weight: 3, arbitrary: fc.record({ port, generation }).map((given) => () => ({ kind: 'portObserved' as const, ...given })) },
  { weight: 1, arbitrary: fc.boolean().map((enabled) => () => ({ kind: 'configure' as const, enabled })) },
  {
    weight: 2,
    arbitrary: fc
      .record({
        survey: fc.uniqueArray(surveyed, { maxLength: 3, selector: (container) => container.containerId }),
        isFenced: fc.boolean(),
        port,
      })
      .map(({ isFenced, ...given }) => (state: LeaseState) => ({
        kind: 'recovered' as const,
        fenced: isFenced ? (state.holder?.epoch ?? null) : null,
        ...given,
      })),
  },
)

/** Every command, in order, with the state before it and the step that it made. */
function run(
  commands: readonly ((state: LeaseState) => LeaseCommand)[],
  check: (before: LeaseState, command: LeaseCommand, after: LeaseStep, now: number) => void,
) {
  let state = initialLease('default', 0, true, 0)
  for (const [index, make] of commands.entries()) {
    const next = frozen(make(state))
    const now = 1000 + index
    const result = step(frozen(state), next, now)
    check(state, next, result, now)
    state = result.state
  }
  return state
}

/** Three in four begin with a lease that can be held, else most sequences would never see a grant. */
const READY: readonly LeaseCommand[] = [
  { kind: 'recovered', survey: [] },
  { kind: 'portObserved', port: 1000, generation: { session: 1, sequence: 0 } },
]
const sequences = fc
  .tuple(fc.constantFrom([], READY, READY, READY), fc.array(command, { minLength: 1, maxLength: 60, size: 'large' }))
  .map(([before, commands]) => [...before.map((given) => () => given), ...commands])
const RUNS = { numRuns: 500 }

const grantIn = ({ answer }: LeaseStep) =>
  answer.kind === 'granted' ? answer : answer.kind === 'ended' && answer.next?.kind === 'granted' ? answer.next : null

it('epochs strictly rise, and none is granted twice', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      const owners = new Map<number, string>()
      run(commands, (before, _command, after) => {
        expect(after.state.epoch).toBeGreaterThanOrEqual(before.epoch)
        const { holder } = after.state
        if (!holder) return
        expect(holder.epoch).toBeLessThanOrEqual(after.state.epoch)
        expect(owners.get(holder.epoch) ?? holder.engineId).toBe(holder.engineId)
        owners.set(holder.epoch, holder.engineId)
        const isNew = holder.epoch !== before.holder?.epoch
        if (isNew && !before.recovering) expect(holder.epoch).toBe(before.epoch + 1)
      })
    }),
    RUNS,
  )
})

it('the port goes from one holder to another only by the end of a revoked epoch, or after it was fenced', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (before, command, after) => {
        const { holder } = before
        if (!holder || after.state.holder?.epoch === holder.epoch) return
        expect(holder.phase).toBe('revoking')
        if (command.kind === 'recovered') expect(command.fenced).toBe(holder.epoch)
        else expect(command).toMatchObject({ kind: 'ended', epoch: holder.epoch })
      })
    }),
    RUNS,
  )
})

it('a phase goes forward only: granted, active, revoking', () => {
  const rank = { granted: 0, active: 1, revoking: 2 }
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (before, command, after) => {
        const { holder } = after.state
        if (!holder || before.holder?.epoch !== holder.epoch) return
        expect(rank[holder.phase]).toBeGreaterThanOrEqual(rank[before.holder.phase])
        if (holder.phase === 'active' && before.holder.phase === 'granted') {
          expect(command).toMatchObject({
            kind: 'confirm',
            epoch: holder.epoch,
            engineId: holder.engineId,
            containerId: holder.containerId,
          })
        }
        if (before.holder.phase !== 'granted') expect(holder.containerId).toBe(before.holder.containerId)
      })
    }),
    RUNS,
  )
})

it('no epoch is cleared to start for two containers, and none after its revocation', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      const cleared = new Map<number, string>()
      const revoked = new Set<number>()
      run(commands, (_before, command, after) => {
        if (command.kind === 'confirm' && after.answer.kind === 'confirmed') {
          expect(revoked).not.toContain(command.epoch)
          expect(cleared.get(command.epoch) ?? command.containerId).toBe(command.containerId)
          cleared.set(command.epoch, command.containerId)
        }
        if (after.state.holder?.phase === 'revoking') revoked.add(after.state.holder.epoch)
      })
    }),
    RUNS,
  )
})

it('nothing is granted while recovering, disabled, in conflict or without a port, and a grant names the present port', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (before, _command, after) => {
        const grant = grantIn(after)
        const isNew = grant !== null && grant.epoch !== before.holder?.epoch
        if (!isNew) return
        expect(before).toMatchObject({ recovering: false, enabled: true, conflict: null })
        expect(before.port.value).not.toBeNull()
        expect(grant).toMatchObject({ port: before.port.value, phase: 'granted', containerId: null })
      })
    }),
    RUNS,
  )
})

it('a holder that is not being revoked is on the forwarded port, or there is none', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (_before, _command, { state }) => {
        if (!state.holder || state.holder.phase === 'revoking' || state.port.value === null) return
        expect(state.holder.port).toBe(state.port.value)
      })
    }),
    RUNS,
  )
})

it('every grant has exactly one entry in the log and, once it is over, exactly one end', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      const begun = new Set<number>()
      const state = run(commands, (_before, _command, after) => {
        if (after.state.holder) begun.add(after.state.holder.epoch)
        const { log, holder } = after.state
        expect(log.map((turnover) => turnover.epoch)).toEqual([...begun].slice(-50))
        const open = log.filter(({ endedAt, ended }) => endedAt === null || ended === null)
        expect(open.map((turnover) => turnover.epoch)).toEqual(holder ? [holder.epoch] : [])
      })
      expect(state.log.length).toBeLessThanOrEqual(50)
    }),
    RUNS,
  )
})

it('the same command twice in a row is one: the second changes nothing, but for wishes without a request id and for what is seen', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (_before, command, after, now) => {
        const isWish = (command.kind === 'elect' || command.kind === 'designate' || command.kind === 'rotate') && command.requestId === null
        const isSight = command.kind === 'forwarded-found' || command.kind === 'recovered'
        if (isWish || isSight) return
        const again = step(after.state, command, now)
        if (again.state !== after.state) expect(again.state).toEqual(after.state)
        expect(again.effects).toEqual([])
      })
    }),
    RUNS,
  )
})

it('whoever is told to hand on is the one that is being revoked; a vacancy is announced only when there is one', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (_before, _command, { state, effects }) => {
        for (const effect of effects) {
          if (effect.kind === 'tell-holder') {
            expect(state.holder).toMatchObject({ engineId: effect.engineId, epoch: effect.epoch, phase: 'revoking' })
          }
          if (effect.kind === 'announce-vacancy') {
            expect(state).toMatchObject({ holder: null, enabled: true, recovering: false, conflict: null, epoch: effect.epoch })
            expect(state.port.value).not.toBeNull()
          }
          if (effect.kind === 'remove-containers') expect(effect.containerIds).not.toContain(state.holder?.containerId)
        }
      })
    }),
    RUNS,
  )
})

it('no vacancy is lost: whenever one arises it is announced', () => {
  const vacant = isVacant
  fc.assert(
    fc.property(sequences, (commands) => {
      run(commands, (before, _command, { state, effects }) => {
        if (vacant(state) && !vacant(before)) expect(effects.map(({ kind }) => kind)).toContain('announce-vacancy')
      })
    }),
    RUNS,
  )
})

it('the state and its view survive JSON unchanged, so that continue-as-new loses nothing', () => {
  fc.assert(
    fc.property(sequences, (commands) => {
      const state = run(commands, () => undefined)
      expect(JSON.parse(JSON.stringify(state))).toEqual(state)
      expect(JSON.parse(JSON.stringify(viewOf(state)))).toEqual(viewOf(state))
      expect(state.schemaVersion).toBe(1)
    }),
    RUNS,
  )
})

it('the sequences above see everything: turnovers, refusals and every reason to be denied', () => {
  const seen = new Set<string>()
  for (const commands of fc.sample(sequences, 500)) {
    run(commands, (before, _command, { state, answer }) => {
      const denial = answer.kind === 'ended' ? answer.next : answer
      seen.add(denial?.kind === 'denied' ? denial.reason : answer.kind === 'refused' ? answer.type : answer.kind)
      if (state.epoch > 3 && before.epoch < state.epoch) seen.add('fourth turnover')
    })
  }
  const reasons = ['held', 'revoking', 'no-port', 'reserved', 'recovering', 'disabled', 'conflict']
  const refusals = ['StaleEpoch', 'NotRevoked', 'LeaseDisabled', 'EpochMismatch']
  expect([...seen]).toEqual(expect.arrayContaining([...reasons, ...refusals, 'granted', 'confirmed', 'fourth turnover']))
})

it('remembers the last two hundred requests and no more', () => {
  let state = initialLease('default', 0, true, 0)
  for (let count = 0; count < 260; count++)
    state = step(state, { kind: 'elect', reason: 'forced', requestId: `r${count}`, epoch: null, candidate: null, force: false }, 0).state
  expect(state.recent).toHaveLength(200)
  expect(state.recent.at(-1)).toBe('r259')
})
