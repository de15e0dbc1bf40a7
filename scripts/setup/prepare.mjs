/**
 * @module
 * The set-up as a whole: what must be there before the built program can run.
 */
import { build } from './build.mjs'
import { installDependencies } from './dependencies.mjs'
import { checkNodeVersion } from './node-version.mjs'
import { obtainTemporal } from './temporal-binary.mjs'

/**
 * Does every step that is not done yet and answers the environment for the program. The binary is fetched while npm installs.
 * @param {import('./steps.mjs').Steps} steps
 * @param {{ temporal?: boolean, external?: boolean }} [options] `temporal: false` for commands that start no server;
 *   `external: false` wants the binary even when TEMPORAL_ADDRESS is set
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function prepare(steps, { temporal = true, external = true } = {}) {
  await steps.run('node', () => checkNodeVersion())
  const dependencies = steps.run('dependencies', installDependencies)
  const binary = temporal ? steps.run('temporal binary', (say) => obtainTemporal(say, { external, dependencies })) : undefined
  const [installed, obtained] = await Promise.allSettled([dependencies, binary])
  if (installed.status === 'rejected') throw installed.reason
  if (obtained.status === 'rejected') throw obtained.reason
  await steps.run('build', build)
  return obtained.value ? { ...process.env, BERTH_TEMPORAL_CLI: obtained.value } : process.env
}
