/**
 * @module
 * Compiles the fault campaigns into `dist/chaos`.
 */
import { compiler } from './build.mjs'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'
import { root } from './root.mjs'

/** Needs the npm packages and a built `dist`. */
export async function compileCampaigns() {
  const { code, output } = await command(process.execPath, [compiler, '-p', 'tsconfig.chaos.json'], { cwd: root })
  if (code !== 0) throw new SetupFailure(`the campaigns do not compile\n${lastLines(output)}`, 'correct the lines named above')
  return { detail: 'compiled' }
}
