/**
 * @module
 * Compiles the TypeScript sources, bundles the workflows and builds the panel, all into `dist`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, lastLines } from './command.mjs'
import { SetupFailure } from './failure.mjs'
import { fingerprint } from './fingerprint.mjs'
import { locked } from './lock.mjs'
import { root } from './root.mjs'

const inputs = [
  'src',
  'workflows',
  'activities',
  'worker',
  'panel',
  'docs/problems',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
  'scripts/setup/build.mjs',
  'scripts/setup/bundle.mjs',
]
const dist = join(root, 'dist')
const stamp = join(dist, '.sources')

/** The TypeScript compiler that checks and compiles; the package `typescript` is there for tools that need its API. */
export const compiler = join(root, 'node_modules/typescript-7/bin/tsc')

/**
 * Builds `dist`, unless it was built from these very sources. It is made beside the old one and swapped in when complete, so
 * a failed build leaves the old one, and a running Berth never reads half of it.
 * @param {(doing: string) => void} [say]
 */
export async function build(say = () => {}) {
  if (current(fingerprint(root, inputs))) return { upToDate: true }
  return locked(async () => {
    const sources = fingerprint(root, inputs)
    if (current(sources)) return { upToDate: true }
    say('compiling')
    const staging = join(root, `dist.${process.pid}`)
    try {
      mkdirSync(staging, { recursive: true })
      writeFileSync(join(staging, '.gitignore'), '*\n')
      await compile(staging)
      const built = await Promise.allSettled([bundle(staging), buildPanel(staging)])
      for (const { status, reason } of built) if (status === 'rejected') throw reason
      writeFileSync(join(staging, '.sources'), sources)
      swap(staging)
    } finally {
      rmSync(staging, { recursive: true, force: true })
    }
    return { detail: 'compiled, workflows bundled, panel built' }
  }, say)
}

function current(sources) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sources
}

async function compile(folder) {
  const { code, output } = await command(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], { cwd: root })
  if (code !== 0) throw new SetupFailure(`the sources do not compile\n${lastLines(output)}`, 'correct the lines named above')
}

/** In a process of its own: the bundler needs the npm packages and a lot of memory, once. */
async function bundle(folder) {
  if (!existsSync(join(folder, 'workflows/index.js'))) return
  const { code, output } = await command(process.execPath, [join(root, 'scripts/setup/bundle.mjs'), folder], { cwd: root })
  if (code !== 0) {
    throw new SetupFailure(
      `the workflows cannot be bundled\n${lastLines(output)}`,
      'workflow code may import only what the workflow sandbox has: see the import rules in .dependency-cruiser.cjs',
    )
  }
}

/** Static files below `panel`, in a process of its own beside the bundler. */
async function buildPanel(folder) {
  const outDir = join(folder, 'panel')
  const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'panel', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn']
  const { code, output } = await command(process.execPath, args, { cwd: root })
  if (code !== 0) throw new SetupFailure(`the panel cannot be built\n${lastLines(output)}`, 'correct the lines named above')
}

function swap(staging) {
  const old = `${staging}.old`
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(staging, dist)
  rmSync(old, { recursive: true, force: true })
}
