/**
 * @module
 * The image of the stand-ins, made from this node, its libraries and the built scripts: no image needs to be pulled.
 */
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type Docker from 'dockerode'

const run = promisify(execFile)
const BUILT = fileURLToPath(new URL('../', import.meta.url))

/** Its own command is the engine stand-in; with `GLUETUN_COMMAND` it is the Gluetun stand-in. */
export const STAND_IN_IMAGE = 'berth-bench/engine:latest'
export const GLUETUN_COMMAND = ['node', '/app/src/simulator/gluetun-main.js']
const ENGINE_MAIN = 'src/simulator/engine-main.js'
const GLUETUN_MAIN = 'src/simulator/gluetun-main.js'

/** Makes `STAND_IN_IMAGE` on a daemon. It runs as uid 1000. */
export async function importStandIns(docker: Docker): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'berth-bench-image-'))
  try {
    const root = join(work, 'root')
    await place(process.execPath, join(root, 'usr/local/bin/node'))
    for (const library of await sharedLibraries(process.execPath)) await place(library, join(root, library))
    for (const script of await scriptsOf([ENGINE_MAIN, GLUETUN_MAIN])) await place(join(BUILT, script), join(root, 'app', script))
    await writeFile(join(root, 'app/package.json'), '{"type":"module"}\n')
    await mkdir(join(root, 'etc'))
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/sbin/nologin\nengine:x:1000:1000::/tmp:/sbin/nologin\n')
    await mkdir(join(root, 'tmp'))
    await chmod(join(root, 'tmp'), 0o1777)
    const archive = join(work, 'image.tar')
    await run('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', archive, '.'])
    const [repo, tag] = STAND_IN_IMAGE.split(':')
    const changes = [`CMD ["node", "/app/${ENGINE_MAIN}"]`, 'USER 1000:1000', 'WORKDIR /app'].join('\n')
    const progress = await docker.importImage(archive, { repo, tag, changes })
    await new Promise<void>((done, failed) => docker.modem.followProgress(progress, (error) => (error ? failed(error) : done())))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
  await chmod(to, 0o755)
}

/** Shared libraries and the loader, by absolute path. */
async function sharedLibraries(binary: string): Promise<string[]> {
  const { stdout } = await run('ldd', [binary])
  return stdout.split('\n').flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}

/** These built scripts and all that they import, by path below the build. */
async function scriptsOf(entries: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  const waiting = [...entries]
  for (let script = waiting.pop(); script !== undefined; script = waiting.pop()) {
    if (found.has(script)) continue
    found.add(script)
    const text = await readFile(join(BUILT, script), 'utf8')
    const folder = dirname(join(BUILT, script))
    for (const [, imported] of text.matchAll(/\bfrom '(\.[^']+\.js)'/g)) waiting.push(relative(BUILT, join(folder, imported ?? '')))
  }
  return [...found]
}
