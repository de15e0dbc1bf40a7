/**
 * @module
 * What is to be measured, and how often.
 */
import { parseArgs } from 'node:util'

/** In the order in which they run. */
export const SECTIONS = [
  'failover',
  'elections',
  'recovery',
  'scale',
  'provision',
  'engines',
  'streams',
  'events',
  'history',
  'memory',
] as const
export type Section = (typeof SECTIONS)[number]

export interface Options {
  sections: readonly Section[]
  /** Of failover, and as many of its floor. */
  rounds: number
  /** Of a hundred elections at once. */
  electionRounds: number
  /** Of each way in which a worker ends. */
  recoveryRounds: number
  /** Of ten engines from nothing, and as many of their floor. */
  scaleRounds: number
  /** Of ten requests for an engine at once, as many of their floor and of a client that hangs up. */
  provisionRounds: number
  /** Of each load on `GET /engines`, and as many on the bare route. */
  loadRounds: number
  /** Length of one load. */
  loadSeconds: number
  /** Of streams that begin and end. */
  streamRounds: number
  /** How long much happens while events are followed. */
  eventSeconds: number
  /** How long history is watched at rest. */
  restSeconds: number
}

/** Shown for `--help` and beside a wrong argument. */
export const USAGE = `npm run bench -- [${SECTIONS.join('] [')}] [options]

Without a name every section runs.
  --rounds N           failovers, and as many of their floor (50)
  --election-rounds N  times a hundred elections at once (5)
  --recovery-rounds N  ends of a worker, of each kind (20)
  --scale-rounds N     times ten engines from nothing (8)
  --provision-rounds N times ten requests for an engine at once (3)
  --load-rounds N      loads of each kind on GET /engines (3)
  --load-seconds N     length of one load (3)
  --stream-rounds N    times a hundred streams that begin and end (5)
  --event-seconds N    how long events are followed (30)
  --rest-seconds N     how long history is watched at rest (60)`

/** Thrown for arguments that cannot be read; the message is for the person. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads the command line; `null` asks for the usage. Throws `UsageError`. */
export function readOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const
  const parsed = attempt(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        rounds: text,
        'election-rounds': text,
        'recovery-rounds': text,
        'scale-rounds': text,
        'provision-rounds': text,
        'load-rounds': text,
        'load-seconds': text,
        'stream-rounds': text,
        'event-seconds': text,
        'rest-seconds': text,
      },
    }),
  )
  const { values, positionals } = parsed
  if (values.help) return null
  const unknown = positionals.filter((name) => !isSection(name))
  if (unknown.length > 0) throw new UsageError(`there is no section ${unknown.join(', ')}`)
  return {
    sections: positionals.length === 0 ? SECTIONS : SECTIONS.filter((section) => positionals.includes(section)),
    rounds: count('rounds', values.rounds, 50),
    electionRounds: count('election-rounds', values['election-rounds'], 5),
    recoveryRounds: count('recovery-rounds', values['recovery-rounds'], 20),
    scaleRounds: count('scale-rounds', values['scale-rounds'], 8),
    provisionRounds: count('provision-rounds', values['provision-rounds'], 3),
    loadRounds: count('load-rounds', values['load-rounds'], 3),
    loadSeconds: count('load-seconds', values['load-seconds'], 3),
    streamRounds: count('stream-rounds', values['stream-rounds'], 5),
    eventSeconds: count('event-seconds', values['event-seconds'], 30),
    restSeconds: count('rest-seconds', values['rest-seconds'], 60),
  }
}

function attempt<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function isSection(name: string): name is Section {
  return SECTIONS.some((section) => section === name)
}

function count(name: string, given: string | undefined, fallback: number): number {
  if (given === undefined) return fallback
  if (!/^[1-9]\d{0,4}$/.test(given)) throw new UsageError(`--${name} must be a whole number from 1 to 99999, not ${JSON.stringify(given)}`)
  return Number(given)
}
