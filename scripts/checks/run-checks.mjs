/**
 * @module
 * Runs checks one after the other, to the end, with one line for each.
 */

/**
 * Runs every check whatever the others say; what a failed one printed is shown under its line.
 * @param {import('../setup/steps.mjs').Steps} steps
 * @param {import('./static.mjs').Check[]} checks
 * @returns {Promise<string[]>} the names of those that failed
 */
export async function runChecks(steps, checks) {
  const failed = []
  for (const { name, fix, run } of checks) {
    const started = performance.now()
    const { code, output } = await run()
    steps.line(code === 0 ? '✓' : '✗', name, code === 0 ? 'passed' : `failed, see: ${fix}`, performance.now() - started)
    if (code === 0) continue
    failed.push(name)
    console.log(`${output.trim()}\n`)
  }
  return failed
}
