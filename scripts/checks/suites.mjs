/**
 * @module
 * The test suites, and what each must find on the machine.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumObstacle, obtainChromium } from '../setup/chromium.mjs'
import { command } from '../setup/command.mjs'
import { obtainCompose, obtainImageNode } from '../setup/image-tools.mjs'
import { root } from '../setup/root.mjs'
import { obtainSchemathesis, schemathesisObstacle } from '../setup/schemathesis.mjs'

/**
 * In the order they run: the quick ones first. The names are those of the projects in vitest.config.ts. `obtain` gets what only this suite needs, as environment;
 * what is `aside` runs only when it is asked for by its name, as it takes minutes.
 * @type {{ name: string, obstacle?: () => { cause: string, fix: string } | null, obtain?: (steps: import('../setup/steps.mjs').Steps) => Promise<NodeJS.ProcessEnv>, aside?: boolean }[]}
 */
export const suites = [
  { name: 'unit' },
  { name: 'server' },
  {
    name: 'panel',
    obstacle: chromiumObstacle,
    obtain: async (steps) => ({ BERTH_CHROMIUM: await steps.run('chromium', obtainChromium) }),
  },
  {
    name: 'fuzz',
    obstacle: schemathesisObstacle,
    obtain: async (steps) => ({ BERTH_SCHEMATHESIS: await steps.run('schemathesis', (say) => obtainSchemathesis(say)) }),
  },
  { name: 'docker', obstacle: dockerObstacle },
  { name: 'e2e', obstacle: dockerObstacle },
  {
    name: 'image',
    aside: true,
    obstacle: dockerObstacle,
    obtain: async (steps) => ({
      BERTH_COMPOSE: await steps.run('docker compose', (say) => obtainCompose(say)),
      BERTH_IMAGE_NODE: await steps.run('node of the image', (say) => obtainImageNode(say)),
    }),
  },
]

/** Why tests cannot start a Docker daemon here and what to do about it, or `null` when they can. */
function dockerObstacle() {
  if (process.platform !== 'linux')
    return { cause: 'they start a Docker daemon, which needs Linux', fix: 'run them in a Linux virtual machine' }
  if (process.getuid?.() !== 0) return { cause: 'they start a Docker daemon, which needs root', fix: 'sudo npm test' }
  if (existsSync('/usr/sbin/dockerd') || existsSync('/usr/bin/apt-get')) return null
  return { cause: 'they start a Docker daemon, and /usr/sbin/dockerd is absent', fix: 'install Docker' }
}

/**
 * Runs one suite with its output shown, and counts from vitest's own JSON report. A file that fails outside of its tests counts as
 * one failure; so does a run that ends badly without a failed test, and a suite that ran nothing.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runSuite(name, env) {
  const report = join(tmpdir(), `berth-${name}-${process.pid}.json`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--project', name, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code } = await command(process.execPath, args, { cwd: root, env, inherit: true })
  const counted = countTests(report)
  if (counted.passed + counted.failed === 0) {
    console.log(`the suite ${name} ran no test`)
    return { ...counted, failed: 1 }
  }
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
}

/** Counts a report and deletes it; a missing one, as after a crash, counts nothing. */
function countTests(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 }
  const { numPassedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(report)
  const failed = testResults.map(({ status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed').length
    return status === 'failed' ? Math.max(1, tests) : tests
  })
  return { passed: numPassedTests, failed: failed.reduce((sum, count) => sum + count, 0), skipped: numPendingTests + numTodoTests }
}

/** How many test files lie in a suite's folder, for a suite that is not run. */
export function countFiles(name) {
  const folder = join(root, 'test', name)
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).filter((file) => String(file).endsWith('.test.ts')).length : 0
}
