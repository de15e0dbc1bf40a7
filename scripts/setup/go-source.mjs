/**
 * @module
 * Builds pinned programs from their Go modules.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.mjs'
import { command, lastLines } from './command.mjs'

/**
 * Builds the pinned version of the `temporal` command into `folder`; takes minutes. Go itself verifies the module's checksum.
 * @param {import('./binary-pins.mjs').PinnedBinary} binary
 * @param {string} folder
 */
export async function fromGo({ version }, folder) {
  await requireGo()
  const module = `github.com/temporalio/cli/cmd/temporal@v${version}`
  const { code, output } = await command('go', ['install', module], { env: goEnvironment(folder), timeout: 30 * 60_000 })
  if (code !== 0) throw new Error(`go install ${module}: ${lastLines(output, 5)}`)
}

/**
 * Builds a module's program into `folder` from the module's own sources; takes minutes. The pinned sum is that of the whole module, and the
 * sums of everything that it imports are in it.
 * @param {import('./binary-pins.mjs').PinnedModule} module
 * @param {string} folder
 */
export async function fromGoModule({ name, version, module, sum, program, settings }, folder) {
  await requireGo()
  const env = goEnvironment(folder)
  const work = mkdtempSync(join(folder, 'sources-'))
  try {
    const asked = await command('go', ['mod', 'download', '-json', `${module}@v${version}`], { cwd: work, env, timeout: 5 * 60_000 })
    const { Dir, Sum, Error: refusal } = JSON.parse(asked.stdout || '{}')
    if (!Dir) throw new Error(`${module}@v${version}: ${refusal ?? lastLines(asked.output, 5)}`)
    if (Sum !== sum) throw new Error(`${module}@v${version} has the sum ${Sum}, expected ${sum}`)
    // Go's own copy is write-protected, and has to stay as it is.
    const sources = join(work, 'module')
    mkdirSync(sources)
    cpSync(Dir, sources, { recursive: true })
    const args = [
      'build',
      '-mod=readonly',
      '-trimpath',
      '-buildvcs=false',
      '-ldflags',
      `-s -w ${settings}`,
      '-o',
      join(folder, name),
      program,
    ]
    const { code, output } = await command('go', args, {
      cwd: sources,
      env: { ...env, CGO_ENABLED: '0' },
      timeout: 30 * 60_000,
    })
    if (code !== 0) throw new Error(`go build of ${module}@v${version}: ${lastLines(output, 5)}`)
  } finally {
    await command('chmod', ['-R', 'u+w', work])
    rmSync(work, { recursive: true, force: true })
  }
}

async function requireGo() {
  const { code } = await command('go', ['version'], { timeout: 10_000 })
  if (code !== 0) throw new Error('Go is not installed')
}

/** Go needs a home folder for its module and build caches; without one they go below Berth's own cache. */
function goEnvironment(folder) {
  const env = { ...process.env, GOBIN: folder }
  if (env.HOME && existsSync(homedir())) return env
  return { ...env, GOPATH: env.GOPATH ?? join(cacheFolder(), 'go'), GOCACHE: env.GOCACHE ?? join(cacheFolder(), 'go-build') }
}
