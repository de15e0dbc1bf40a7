/**
 * @module
 * Images for test daemons, made on the spot as none can be pulled on a build machine: this node, its libraries and the stand-ins of `src/simulator`.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import ts from 'typescript'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ENTRY_POINTS = ['src/simulator/engine-main.ts', 'src/simulator/gluetun-main.ts']
const CACHE = join(tmpdir(), 'berth-test-images')
const CACHE_AGE_MS = 24 * 3_600_000
const CONTENT_LABEL = 'berth.test.content'

export const ENGINE_IMAGE = 'berth-test/engine:latest'
/** The image's own command is the engine stand-in; a container with this one is the Gluetun stand-in. */
export const GLUETUN_COMMAND = ['node', '/app/src/simulator/gluetun-main.js']

/**
 * Makes the stand-ins' image on the daemon at `dockerHost` (`unix://…`) under `tag` and resolves with `tag`. At once when the daemon has the same content.
 * It runs as uid 1000 without any capability. The root file system is cached in the temporary folder for a day.
 */
export async function importEngineImage(dockerHost: string, tag: string = ENGINE_IMAGE): Promise<string> {
  const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') })
  const scripts = await transpiled()
  const content = createHash('sha256')
    .update(JSON.stringify([...scripts, process.version, process.arch, process.execPath, IMAGE_CONFIG]))
    .digest('hex')
  if ((await contentOf(docker, tag)) === content) return tag

  const archive = await archiveOf(content, scripts)
  const colon = tag.lastIndexOf(':')
  const progress = await docker.importImage(archive, {
    repo: tag.slice(0, colon),
    tag: tag.slice(colon + 1),
    changes: [...IMAGE_CONFIG, `LABEL ${CONTENT_LABEL}=${content}`].join('\n'),
  })
  await new Promise<void>((done, failed) => docker.modem.followProgress(progress, (error) => (error ? failed(error) : done())))
  return tag
}

const IMAGE_CONFIG = ['CMD ["node", "/app/src/simulator/engine-main.js"]', 'USER 1000:1000', 'WORKDIR /app']

async function contentOf(docker: Docker, tag: string): Promise<string | null> {
  try {
    return (await docker.getImage(tag).inspect()).Config.Labels?.[CONTENT_LABEL] ?? null
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null
    throw error
  }
}

/** The stand-ins and all that they import, as JavaScript by path below the repository. */
async function transpiled(): Promise<Map<string, string>> {
  const scripts = new Map<string, string>()
  const waiting = ENTRY_POINTS.map((path) => join(ROOT, path)).filter((path) => existsSync(path))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const name = relative(ROOT, path).replace(/\.ts$/, '.js')
    if (scripts.has(name)) continue
    const { outputText } = ts.transpileModule(await readFile(path, 'utf8'), {
      fileName: path,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    scripts.set(name, outputText)
    for (const [, imported] of outputText.matchAll(/\bfrom '(\.[^']+)\.js'/g)) waiting.push(resolve(dirname(path), `${imported}.ts`))
  }
  return new Map([...scripts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function archiveOf(content: string, scripts: Map<string, string>): Promise<string> {
  await mkdir(CACHE, { recursive: true })
  const archive = join(CACHE, `${content}.tar`)
  if (existsSync(archive)) return archive
  await forgetOldArchives()

  const work = await mkdtemp(join(CACHE, 'making-'))
  try {
    const root = join(work, 'root')
    const file = async (path: string, write: (target: string) => Promise<void>, mode: number) => {
      const target = join(root, path)
      await mkdir(dirname(target), { recursive: true })
      await write(target)
      await chmod(target, mode)
    }
    const text = (path: string, body: string) => file(path, (target) => writeFile(target, body), 0o644)

    await file('/usr/local/bin/node', (target) => copyFile(process.execPath, target), 0o755)
    for (const library of await librariesOf(process.execPath)) await file(library, (target) => copyFile(library, target), 0o755)
    await text('/etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\nengine:x:1000:1000:engine:/tmp:/sbin/nologin\n')
    await text('/etc/group', 'root:x:0:\nengine:x:1000:\n')
    await text('/etc/nsswitch.conf', 'hosts: files dns\n')
    await text('/app/package.json', '{"type":"module"}\n')
    for (const [path, body] of scripts) await text(`/app/${path}`, body)
    await mkdir(join(root, 'tmp'))
    await chmod(join(root, 'tmp'), 0o1777)

    await run('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', join(work, 'image.tar'), '.'])
    await rename(join(work, 'image.tar'), archive) // several test files may make the same one at once
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return archive
}

/** Shared libraries and the loader, by absolute path. */
export async function librariesOf(binary: string): Promise<string[]> {
  const { stdout } = await run('ldd', [binary])
  return stdout.split('\n').flatMap((line) => line.match(/(?:=> |^\s*)(\/\S+) \(0x/)?.[1] ?? [])
}

async function forgetOldArchives(): Promise<void> {
  for (const entry of await readdir(CACHE)) {
    const path = join(CACHE, entry)
    const age = await stat(path).catch(() => null) // another test file may be forgetting it too
    if (age !== null && Date.now() - age.mtimeMs > CACHE_AGE_MS) await rm(path, { recursive: true, force: true })
  }
}
