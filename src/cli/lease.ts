/**
 * @module
 * `berth lease …`: who holds the forwarded port, and handing it over.
 */
import { Command, InvalidArgumentError } from 'commander'
import { ConfigError, type Environment } from '../config/environment.js'
import { Lease, LeaseHistory } from '../contracts/lease.js'
import { ApiError, apiAddress, askApi } from './http-client.js'
import { historyText, leaseText, shownText } from './lease-text.js'

/** What scripts go by. */
const EXIT = { ok: 0, failed: 1, usage: 2, unhealthy: 3, conflict: 4 } as const

/** Where a command reads and writes. */
export interface Terminal {
  env: Environment
  say: (text: string) => void
  complain: (text: string) => void
  /** The code that the process is to end with. */
  exitWith: (code: number) => void
}

interface HandOverOptions {
  json: boolean
  force?: boolean
  reason?: string
  epoch?: number
}

/**
 * The command with all that is below it.
 *
 * 1. With `--json` the standard output has one document, the API's own; when it fails it has none.
 * 2. What fails is told on the standard error, never with a stack, and by the exit code: 1 failed, 2 usage, 3 unhealthy (`show`), 4 conflict.
 * 3. Usage errors and help are thrown as `CommanderError` once they are told.
 */
export function leaseCommand(terminal: Terminal): Command {
  const { env, say } = terminal
  const lease = new Command('lease')
    .description('who holds the forwarded port, and handing it over; asks the API of a running Berth (BERTH_URL, API_KEY)')
    .configureOutput({
      writeOut: (text) => say(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    })
    .showHelpAfterError()
    .exitOverride()
  const command = (line: string, description: string): Command =>
    lease.command(line).description(description).option('--json', 'the answer of the API as one JSON document', false)
  const handingOver = (line: string, description: string): Command =>
    command(line, description)
      .option('--reason <text>', 'kept in the history')
      .option('--epoch <n>', 'only if the lease is still at this epoch', epoch)
  const show = <T>(answer: T, json: boolean, text: (answer: T) => string): void =>
    say(json ? JSON.stringify(answer, null, 2) : text(answer))

  async function handOver(path: string, body: object, taken: string, { json, force, reason, epoch }: HandOverOptions): Promise<number> {
    const sent = { ...body, ...(force === undefined ? {} : { force }), ...(reason === undefined ? {} : { reason }) }
    const answer = await askApi(apiAddress(env), Lease, { method: 'POST', path, body: sent, ...(epoch === undefined ? {} : { epoch }) })
    show(answer, json, (now) => `${taken}\n\n${leaseText(now)}`)
    return EXIT.ok
  }

  command('show', 'who is forwarded; the exit code is 3 when something is wrong').action(({ json }: { json: boolean }) =>
    orComplain(terminal, async () => {
      const answer = await askApi(apiAddress(env), Lease, { method: 'GET', path: '/lease' })
      show(answer, json, leaseText)
      return answer.condition === null || answer.condition.code === 'disabled' ? EXIT.ok : EXIT.unhealthy
    }),
  )

  handingOver('elect', 'take the port from its holder and give it to another engine')
    .argument('[engine]', 'engine id, container name or id; without one the election decides')
    .option('--force', "cut the holder's streams, and take a candidate that has some")
    .action((engine: string | undefined, options: HandOverOptions) => {
      const taken = `Taken: the port goes to ${engine ?? 'another engine'}.`
      return orComplain(terminal, () => handOver('/lease/elect', { candidate: engine ?? null }, taken, options))
    })

  handingOver('rotate', 'hand the port on to another engine as soon as its holder plays nothing')
    .option('--force', "at once, cutting the holder's streams")
    .action((options: HandOverOptions) => {
      const taken = `Taken: the port goes to another engine ${options.force ? 'now' : 'as soon as its holder plays nothing'}.`
      return orComplain(terminal, () => handOver('/lease/rotate', {}, taken, options))
    })

  handingOver('designate', 'name the engine that is forwarded from now on')
    .argument('<engine>', 'engine id, container name or id')
    .option('--force', "cut the holder's streams, and those of this engine")
    .action((engine: string, options: HandOverOptions) => {
      const taken = `Taken: from now on ${engine} is the one that is forwarded.`
      return orComplain(terminal, () => handOver('/lease/designate', { engine }, taken, options))
    })

  handingOver('undesignate', 'name no engine any more; the holder keeps the port').action((options: HandOverOptions) =>
    orComplain(terminal, () => handOver('/lease/designate', { engine: null }, 'Taken: no engine is named any more.', options)),
  )

  command('history', 'who held the port before, the newest first')
    .option('--limit <n>', 'turnovers at most, 1 to 100', limit)
    .option('--cursor <text>', 'where the page before ended')
    .action(({ json, limit, cursor }: { json: boolean; limit?: number; cursor?: string }) =>
      orComplain(terminal, async () => {
        const query = new URLSearchParams({ limit: String(limit ?? 20), ...(cursor === undefined ? {} : { cursor }) })
        show(await askApi(apiAddress(env), LeaseHistory, { method: 'GET', path: `/lease/history?${query.toString()}` }), json, historyText)
        return EXIT.ok
      }),
    )
  return lease
}

async function orComplain({ complain, exitWith }: Terminal, deed: () => Promise<number>): Promise<void> {
  try {
    exitWith(await deed())
  } catch (error) {
    complain(`berth: ${told(error)}`)
    exitWith(exitCodeOf(error))
  }
}

function told(error: unknown): string {
  if (error instanceof ApiError) return shownText(error.problem === null ? error.message : `${error.message} (${error.problem.type})`)
  return error instanceof Error ? error.message : String(error)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.usage
  const status = error instanceof ApiError ? error.problem?.status : undefined
  if (status === 409 || status === 412) return EXIT.conflict
  return status === 422 ? EXIT.usage : EXIT.failed
}

function epoch(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('An epoch is a whole number, as "berth lease show" says it.')
  return Number(value)
}

function limit(value: string): number {
  if (!/^([1-9]\d?|100)$/.test(value)) throw new InvalidArgumentError('A limit is a whole number from 1 to 100.')
  return Number(value)
}
