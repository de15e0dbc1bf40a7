/**
 * @module
 * The command line of `npm run chaos`.
 */
import { parseArgs } from 'node:util'
import type { WorldKind } from './docker-parts.js'

export const USAGE = `Attacks Berth at random and holds it to its promises.

  npm run chaos -- [options]

  --seed N       the same seed makes the same decisions; random and printed when not given
  --minutes N    how long faults go on (default 2)
  --seconds N    the same in seconds
  --docker       on a real Docker daemon of its own instead of the simulator (Linux, root)
  --rows A,B     only faults of these rows of the fault matrix
  --rotate T     the port also rotates by timer, each 30s at least (FORWARDED_ROTATE_EVERY)
  --json FILE    also writes the report as JSON
  --help         this text

Exit code 0: nothing was violated. 1: something was, or the campaign could not run.`

export class UsageError extends Error {}

export interface Options {
  seed: number
  seconds: number
  kind: WorldKind
  /** `null`: all. */
  rows: readonly number[] | null
  /** As `FORWARDED_ROTATE_EVERY` takes it, `null`: off. */
  rotateEvery: string | null
  json: string | null
}

/** `null` when only help is asked for. Throws `UsageError`. */
export function readOptions(args: readonly string[]): Options | null {
  const values = parse(args)
  if (values.help === true) return null
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : number('--seed', values.seed, 0)
  const minutes = values.minutes === undefined ? null : number('--minutes', values.minutes, 0.1)
  const seconds = values.seconds === undefined ? null : number('--seconds', values.seconds, 5)
  if (minutes !== null && seconds !== null) throw new UsageError('--minutes and --seconds do not go together')
  return {
    seed,
    seconds: seconds ?? (minutes ?? 2) * 60,
    kind: values.docker === true ? 'docker' : 'simulator',
    rows: values.rows === undefined ? null : values.rows.split(',').map((row) => number('--rows', row, 1)),
    rotateEvery: values.rotate ?? null,
    json: values.json ?? null,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        minutes: { type: 'string' },
        seconds: { type: 'string' },
        docker: { type: 'boolean' },
        rows: { type: 'string' },
        rotate: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function number(option: string, text: string, least: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least) {
    throw new UsageError(`${option} must be a number of at least ${least}, not ${JSON.stringify(text)}`)
  }
  return value
}
