/**
 * @module
 * `npm test`: sets up what is missing, then every static check and every test suite. The last line is the count.
 *
 * With CI=true nothing may be skipped: what a suite needs is there, is installed by it, or the run fails.
 */
import { runChecks } from './checks/run-checks.mjs'
import { staticChecks } from './checks/static.mjs'
import { countFiles, runSuite, suites } from './checks/suites.mjs'
import { compileCampaigns } from './setup/campaigns.mjs'
import { prepare } from './setup/prepare.mjs'
import { runScript, Steps } from './setup/steps.mjs'
import { obtainTestServer } from './setup/test-server-binary.mjs'

const ci = process.env.CI === 'true'
/** Names of suites to run alone, without the static checks; none for all but those that are aside. */
const asked = process.argv.slice(2)

await runScript(async () => {
  const total = { passed: 0, failed: 0, skipped: 0, notRun: [] }
  try {
    await runAll(total)
  } catch (error) {
    if (!error?.reported) console.error(error)
    total.failed++
  }
  const forbidden = ci && (total.skipped > 0 || total.notRun.length > 0)
  if (total.skipped > 0 || total.notRun.length > 0) console.log(summaryOfSkipped(total, forbidden))
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed > 0 || forbidden ? 1 : 0
})

async function runAll(total) {
  const steps = new Steps()
  const env = await prepare(steps, { external: false })
  const testServer = await steps.run('test server', (say) => obtainTestServer(say))
  await steps.run('chaos build', compileCampaigns)
  const checks = asked.length === 0 ? staticChecks : []
  const failedChecks = await runChecks(steps, checks)
  total.failed += failedChecks.length
  total.passed += checks.length - failedChecks.length
  for (const suite of suites.filter(({ name, aside }) => (asked.length === 0 ? !aside : asked.includes(name)))) {
    const { name } = suite
    const obstacle = missing(suite)
    if (obstacle) {
      steps.line('-', name, `not run: ${obstacle.cause}; to run them: ${obstacle.fix}`)
      total.notRun.push(name)
      continue
    }
    const tools = await obtained(suite, steps)
    if (tools === null) {
      total.failed++
      continue
    }
    const started = performance.now()
    const { passed, failed, skipped } = await runSuite(name, { ...testEnvironment(env, testServer), ...tools })
    steps.line(failed === 0 ? '✓' : '✗', name, `${passed} passed, ${failed} failed, ${skipped} skipped`, performance.now() - started)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
}

/** What is missing on this machine for a suite; with CI=true it is obtained, or the run fails. */
function missing({ obstacle }) {
  return ci ? null : (obstacle?.() ?? null)
}

/** What a suite needs besides, as environment; `null` when it could not be had, which its step has told: the other suites run all the same. */
async function obtained({ obtain }, steps) {
  try {
    return (await obtain?.(steps)) ?? {}
  } catch (error) {
    if (!error?.reported) throw error
    return null
  }
}

/** The tests' own servers: a Temporal address or profile of the machine must not leak into them. */
function testEnvironment(env, testServer) {
  const own = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'))
  return { ...Object.fromEntries(own), BERTH_TEMPORAL_TEST_SERVER: testServer }
}

function summaryOfSkipped({ skipped, notRun }, forbidden) {
  const suitesLeftOut = notRun.map((name) => `suite ${name} (${countFiles(name)} files)`)
  const parts = [...(skipped > 0 ? [`${skipped} tests`] : []), ...suitesLeftOut]
  return `skipped: ${parts.join(', ')}${forbidden ? '; CI=true allows no skipped test' : ''}`
}
