/**
 * @module
 * `npm run chaos`: one campaign, or the process beside it that is the outside world.
 */
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { Cleanup } from '../bench/cleanup.js'
import { untilAskedToStop } from '../src/stop.js'
import { whyNoDockerd } from '../test/support/dockerd.js'
import { Campaign } from './campaign.js'
import { Journal } from './journal.js'
import { type Options, readOptions, USAGE, UsageError } from './options.js'
import { runOutside } from './outside.js'
import { OUTSIDE } from './outside-process.js'
import { printed, reportOf } from './summary.js'
import { Violations } from './violations.js'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

/** Resolves with the exit code. */
async function run(options: Options): Promise<number> {
  if (options.kind === 'docker') {
    const obstacle = whyNoDockerd()
    if (obstacle !== null) throw new UsageError(`--docker: ${obstacle}`)
  }
  const cleanup = new Cleanup()
  const journal = new Journal(options.seed, true)
  const violations = new Violations(({ invariant, at, what }) => journal.write('violation', `${invariant} ${what}`, at))
  const campaign = new Campaign(options, journal, violations, cleanup)
  const asked = untilAskedToStop()
  let code = 1
  try {
    const running = campaign.run()
    const ended = await Promise.race([running, asked])
    if (typeof ended === 'string') {
      say(`chaos: stopping (${ended})`)
      campaign.stop()
      await Promise.race([running.catch(() => undefined), cleanup.run()])
      return 128 + constants.signals[ended === 'SIGTERM' ? 'SIGTERM' : 'SIGINT']
    }
    const report = reportOf(ended)
    say(`\n${printed(report)}`)
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
    code = report.violation_list.length === 0 ? 0 : 1
  } catch (error) {
    journal.write('campaign', `broken off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    complain(`chaos: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    campaign.stop()
    await cleanup.run()
    await journal.close()
  }
  if (code === 0) journal.discard()
  else explain(options, journal, violations)
  return code
}

/** How to look into a failure. */
function explain({ seed, kind }: Options, journal: Journal, violations: Violations): void {
  for (const { invariant, at, what } of violations.all().slice(0, 10)) {
    complain(`\n${invariant}: ${what}`)
    for (const line of journal.around(at)) complain(`  ${line}`)
  }
  complain(`\nFAILED with --seed ${seed}${kind === 'docker' ? ' --docker' : ''}; everything that happened is in ${journal.path}`)
}

async function main(args: string[]): Promise<number> {
  if (args[0] === OUTSIDE) {
    await runOutside()
    return 0
  }
  try {
    const options = readOptions(args)
    if (options !== null) return await run(options)
    say(USAGE)
    return 0
  } catch (error) {
    if (error instanceof UsageError) complain(`chaos: ${error.message}\n\n${USAGE}`)
    else complain(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return error instanceof UsageError ? 2 : 1
  }
}

process.exit(await main(process.argv.slice(2)))
