/**
 * @module
 * Leaves of a built copy of Berth what runs it on this platform. For the image: run as a program, in the copy.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './root.mjs'

const bridge = join(root, 'node_modules/@temporalio/core-bridge')
const processors = { x64: 'x86_64', arm64: 'aarch64' }
const platform = `${processors[process.arch]}-unknown-linux-gnu`

/** What `npm prune --omit=dev` removes, which takes a minute to find it out. No program of another package is run, so the links to them go as well. */
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const development = Object.keys(packages).filter((path) => packages[path].dev)

/** Sources, what only the build reads, and the compiler behind the bundler: workflows are bundled already. */
const unneeded = [
  ...[...development, 'node_modules/.bin', 'node_modules/.package-lock.json'].map((path) => join(root, path)),
  ...['src', 'workflows', 'activities', 'worker', 'panel'].map((name) => join(root, name)),
  ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', '.npmrc', 'scripts/build.mjs'].map((name) => join(root, name)),
  ...['sdk-core', 'bridge-macros', 'src', 'Cargo.toml', 'Cargo.lock'].map((name) => join(bridge, name)),
  join(root, 'node_modules/@swc'),
]

if (!existsSync(join(root, 'dist/workflow-bundle.js'))) throw new Error('there is no dist/workflow-bundle.js: build first')
if (!existsSync(join(bridge, 'releases', platform, 'index.node'))) throw new Error(`Temporal's native code is not there for ${platform}`)
for (const other of readdirSync(join(bridge, 'releases')).filter((name) => name !== platform))
  unneeded.push(join(bridge, 'releases', other))
for (const path of unneeded) rmSync(path, { recursive: true, force: true })
mkdirSync(join(root, 'bin'))
symlinkSync('../scripts/berth.mjs', join(root, 'bin/berth'))
createRequire(join(root, 'package.json'))('@temporalio/worker')
