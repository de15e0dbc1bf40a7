/**
 * @module
 * `npm run manual-test` with its arguments and its exit code.
 */
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import { ConfigError, type Environment } from '../../config/environment.js'
import { type ApiAddress, baseOf } from '../http-client.js'
import { Berth } from './berth.js'
import { type Ask, alwaysYes } from './questions.js'
import { Report } from './report.js'
import { PATIENCE, walk } from './walk.js'

/** What scripts go by. `unusable`: usage, or no Berth answers. */
const EXIT = { passed: 0, failed: 1, unusable: 2 } as const

const VARIABLE = 'ORCHESTRATOR_URL'

/** Where it reads and writes. */
export interface WalkTerminal {
  env: Environment
  say: (line: string) => void
  complain: (text: string) => void
  /** Asks the person, `null` where there is nobody to ask. */
  ask: Ask | null
  /** Aborts when the person wants no more of it. */
  stop: AbortSignal
  /** How long it waits for what is not right yet; `PATIENCE` when left out. */
  patience?: typeof PATIENCE
}

/**
 * Resolves with the exit code: 0 all checks passed, 1 one failed, 2 usage or no Berth answers.
 *
 * 1. Without `--yes` it asks before each change; with it, it asks nothing and makes every one.
 * 2. With `--json` the standard output has one document and nothing else.
 */
export async function manualTest(
  args: readonly string[],
  { env, say, complain, ask, stop, patience = PATIENCE }: WalkTerminal,
): Promise<number> {
  try {
    const { yes, json } = options(args, { say, complain })
    if (!yes && ask === null) {
      complain('manual-test: there is no terminal to ask questions in')
      complain(
        '  fix: npm run manual-test -- --yes asks none: it makes an engine, deletes the forwarded one also when it plays, and tidies up',
      )
      return EXIT.unusable
    }
    const address = addressOf(env)
    const report = new Report(json ? () => undefined : say)
    if (!json) say(`Berth at ${styleText('bold', address.base)}, ${address.key === null ? 'without a key' : 'with the key in API_KEY'}`)
    const there = await walk({ berth: new Berth(address), report, ask: yes || ask === null ? alwaysYes : ask, stop, patience })
    const result = there ? (report.failures.length === 0 ? 'passed' : 'failed') : 'unusable'
    if (json) say(JSON.stringify({ url: address.base, result, checks: report.checks }, null, 2))
    else say(`\n${verdict(report)}`)
    return EXIT[result]
  } catch (error) {
    // Told already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.unusable
    if (!(error instanceof ConfigError)) throw error
    complain(`manual-test: ${error.message}`)
    return EXIT.unusable
  }
}

function options(args: readonly string[], { say, complain }: Pick<WalkTerminal, 'say' | 'complain'>): { yes: boolean; json: boolean } {
  const command = new Command('npm run manual-test --')
    .description(
      'Walks through a running Berth: is it there, the VPN, the engines, one engine more, who is forwarded, what happens when that one is deleted; then tidies up.',
    )
    .option('--yes', 'ask nothing and do everything, also when streams stop by it', false)
    .option('--json', 'one JSON document at the end instead of text; needs --yes', false)
    .addHelpText(
      'after',
      `\nEnvironment: ${VARIABLE} (http://127.0.0.1:8000), API_KEY, NO_COLOR.\nExit code: 0 all checks passed, 1 one failed, 2 usage or no Berth answers.`,
    )
    .configureOutput({ writeOut: (text) => say(text.trimEnd()), writeErr: (text) => complain(text.trimEnd()) })
    .exitOverride()
    .parse(args, { from: 'user' })
  const given = command.opts<{ yes: boolean; json: boolean }>()
  if (given.json && !given.yes) command.error('error: --json needs --yes: questions and the document would be mixed')
  return given
}

function addressOf(env: Environment): ApiAddress {
  return { base: baseOf(env[VARIABLE]?.trim() || 'http://127.0.0.1:8000', VARIABLE), key: env.API_KEY?.trim() || null, variable: VARIABLE }
}

function verdict({ failures, checks }: Report): string {
  const skipped = checks.filter(({ result }) => result === 'skipped').length
  const made = checks.length - skipped
  const rest = skipped === 0 ? '' : `, ${skipped} not made`
  if (failures.length === 0) return styleText('green', `All checks passed: ${made}${rest}.`)
  return styleText('red', `${failures.length} of ${made} checks failed${rest}: ${failures.map(({ name }) => name).join(', ')}.`)
}
