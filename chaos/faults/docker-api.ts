/**
 * @module
 * Rows 5, 8, 9, 10, 12 and 16: the daemon is away, lies, forgets to answer, is late, or does not get done.
 */
import { type Fault, NOTHING_TO_HEAL, ORDINARY, type Target } from '../fault.js'
import type { Rule } from '../questions.js'

const CREATE = { method: 'POST', path: '/containers/create' }
const START = { method: 'POST', path: '/containers/*/start' }
const REMOVE = { method: 'DELETE', path: '/containers/*' }
/** The longest request of Berth's, a create, is given up after a minute. */
const AFTER_A_TIMEOUT_MS = 90_000

/** Rules that stand until the fault is healed. */
async function withRules({ world, say }: Target, rules: readonly Rule[]): Promise<() => Promise<void>> {
  const removals: (() => Promise<number>)[] = []
  for (const rule of rules) removals.push(await world.addRule(rule))
  return async () => {
    const hits = await Promise.all(removals.map((remove) => remove()))
    say(`the rules hit ${hits.join(', ')} times`)
  }
}

const rule = (row: number, name: string, rules: readonly Rule[], changes: Partial<Fault> = {}): Fault => ({
  ...ORDINARY,
  row,
  name,
  touches: ['daemon'],
  holds: [1_500, 6_000],
  ...changes,
  inject: (target) => withRules(target, rules),
})

/** A rule that hits once, at work that the fault itself asks for. */
const once = (row: number, name: string, given: Rule, changes: Partial<Fault> = {}): Fault => ({
  ...rule(row, name, []),
  holds: [500, 2_000],
  ...changes,
  inject: async (target) => {
    const heal = await withRules(target, [{ ...given, count: 1 }])
    await target.api.ask('POST', '/lease/elect', { body: { reason: name }, withinMs: 5_000 })
    return heal
  },
})

const events = (name: string, given: Rule | null, how: 'cut' | 'stall' | null): Fault => ({
  ...rule(12, name, []),
  holds: [2_000, 8_000],
  inject: async (target) => {
    const heal = given === null ? NOTHING_TO_HEAL : await withRules(target, [given])
    if (how !== null) await target.world.tell({ ask: 'break-streams', how })
    // What the stream does not tell of: a follower goes.
    const follower = (await target.world.managed(target.label)).find(
      ({ State, Labels }) => State === 'running' && Labels['acestream.forwarded'] === undefined,
    )
    if (follower !== undefined) await target.world.docker.getContainer(follower.Id).remove({ force: true })
    return heal
  },
})

const away: Fault = {
  ...ORDINARY,
  row: 5,
  name: 'the daemon is killed and comes back',
  touches: ['daemon', 'containers', 'gluetun'],
  holds: [1_000, 8_000],
  inject: async (target) => {
    const { world, random } = target
    const killContainers = world.kind === 'docker' || random.chance(0.5)
    await world.parts.daemonDown()
    target.say(killContainers ? 'its containers will be gone' : 'its containers live on')
    return () =>
      world.foreign.whileOurs(world.foreign.ids(), async () => {
        await world.parts.daemonUp(killContainers)
        if (!killContainers) return
        await world.gluetun.start()
        await world.startForeign()
      })
  },
}

const faults: readonly Fault[] = [
  away,
  rule(8, 'Docker refuses connections', [{ kind: 'refuse' }]),
  rule(8, 'Docker answers nothing', [{ kind: 'black-hole' }], { holds: [2_000, 15_000], limitMs: AFTER_A_TIMEOUT_MS }),
  rule(8, 'Docker answers late', [{ kind: 'delay', milliseconds: 1_500 }]),
  rule(8, 'Docker answers 500', [{ kind: 'error', status: 500 }]),
  rule(8, 'Docker answers half of its JSON', [{ kind: 'truncate' }]),
  rule(8, 'a third of all requests fail in one way or another', [
    { kind: 'refuse', probability: 0.1 },
    { kind: 'error', status: 500, probability: 0.1 },
    { kind: 'truncate', probability: 0.1 },
    { kind: 'delay', milliseconds: 700, probability: 0.2 },
  ]),
  once(9, 'the answer to a create is lost', { kind: 'drop-reply', ...CREATE }),
  once(9, 'the answer to a start is lost', { kind: 'drop-reply', ...START }),
  once(9, 'the answer to a removal is lost', { kind: 'drop-reply', ...REMOVE }),
  rule(9, 'every tenth answer is lost', [{ kind: 'drop-reply', probability: 0.1 }]),
  rule(9, 'half of the answers to creates, starts and removals are lost', [
    { kind: 'drop-reply', probability: 0.5, ...CREATE },
    { kind: 'drop-reply', probability: 0.5, ...START },
    { kind: 'drop-reply', probability: 0.5, ...REMOVE },
  ]),
  once(
    10,
    'a create is carried out after its worker is gone',
    { kind: 'delay', milliseconds: 6_000, ...CREATE },
    {
      touches: ['daemon', 'worker'],
      holds: [7_000, 8_000],
    },
  ),
  once(
    10,
    'a start is carried out after its worker is gone',
    { kind: 'delay', milliseconds: 6_000, ...START },
    {
      touches: ['daemon', 'worker'],
      holds: [7_000, 8_000],
    },
  ),
  once(
    10,
    'a removal is carried out after its time is over',
    { kind: 'delay', milliseconds: 12_000, ...REMOVE },
    {
      holds: [3_000, 13_000],
    },
  ),
  events('event streams are cut', null, 'cut'),
  events('event streams say nothing more', null, 'stall'),
  events('a third of the events are dropped', { kind: 'drop-event', probability: 0.33 }, null),
  events('events come in the wrong order', { kind: 'swap-event', probability: 0.4 }, null),
  events('every event stream ends after two events', { kind: 'cut-events', after: 2 }, null),
  held('a removal hangs', 'in-progress'),
  held('a removal fails and leaves the container dead', 'dead'),
]

export const dockerApiFaults: readonly Fault[] = faults.map((fault) =>
  fault.name.includes('worker is gone') ? withKilledWorker(fault) : fault,
)

/** The forwarded container cannot be removed, and has to be. */
function held(name: string, how: 'in-progress' | 'dead'): Fault {
  return {
    ...rule(16, name, []),
    kinds: ['simulator'],
    touches: ['containers', 'daemon'],
    holds: [2_000, 9_000],
    limitMs: 45_000,
    inject: async (target) => {
      const forwarded = await target.world.forwarded(target.label)
      await target.world.tell({ ask: 'hold-removal', name: (forwarded?.Names[0] ?? '/berth-forwarded').slice(1), how })
      await target.api.ask('POST', '/lease/elect', { body: { reason: name }, withinMs: 5_000 })
      return () => target.world.tell({ ask: 'release-removal' })
    },
  }
}

/** The worker that sent the late request dies; another attempt overtakes it. */
function withKilledWorker(fault: Fault): Fault {
  return {
    ...fault,
    inject: async (target) => {
      const heal = await fault.inject(target)
      await target.wait(target.random.between(500, 1_500))
      await target.berth.signal('worker', 'SIGKILL')
      return heal
    },
  }
}
