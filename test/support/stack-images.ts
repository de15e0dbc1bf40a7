/**
 * @module
 * The images that Dockerfile and docker-compose.yml name, made on the spot under those very names as none can be pulled on a build machine.
 *
 * Real in them: Node.js 24, npm, Temporal. Stand-ins: Gluetun and the engine. Not in them: the rest of Debian, so what a shell can do is little.
 */
import { execFile } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { defaultImage } from '../../src/engines/index.js'
import { GLUETUN_COMMAND, importEngineImage, librariesOf } from './images.js'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
/** The port on which the Gluetun stand-in takes orders. */
export const CONTROL_PORT = 9998

/** Reads the key of the first role out of the file that Gluetun would read, so that a key which does not arrive is found out. */
const GLUETUN_ENTRY = `
import { readFileSync } from 'node:fs'
const role = readFileSync(process.env.HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH, 'utf8')
const apikey = /^apikey = "(.+)"$/m.exec(role)[1]
process.env.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE = JSON.stringify({ auth: 'apikey', apikey })
await import('${GLUETUN_COMMAND[1]}')
`

/** Makes all of them on the daemon at `dockerHost`. */
export async function makeStackImages(dockerHost: string): Promise<void> {
  const docker = new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, '') })
  const engine = await importEngineImage(dockerHost, defaultImage('krinkuto11-amd64'))
  await inFolder((folder) => gluetun(docker, folder, engine))
  await inFolder((folder) => temporal(docker, folder))
  await inFolder((folder) => nodeBase(docker, folder))
}

/** `<name>:<tag>` that the file at the top level names with this name. */
async function named(file: string, name: string): Promise<string> {
  const text = await readFile(join(ROOT, file), 'utf8')
  const found = new RegExp(`${name}:[\\w.-]+`).exec(text)?.[0]
  if (found === undefined) throw new Error(`${file} names no image ${name}`)
  return found
}

async function gluetun(docker: Docker, folder: string, engine: string): Promise<void> {
  await writeFile(join(folder, 'gluetun.mjs'), GLUETUN_ENTRY)
  const ask = `fetch('http://127.0.0.1:${CONTROL_PORT}').then(() => process.exit(0), () => process.exit(1))`
  const lines = [
    `FROM ${engine}`,
    'USER 0:0',
    'COPY gluetun.mjs /app/gluetun.mjs',
    `ENV CONTROL_PORT=${CONTROL_PORT}`,
    `HEALTHCHECK --interval=5s --retries=3 CMD ${JSON.stringify(['node', '-e', ask])}`,
    'CMD ["node", "/app/gluetun.mjs"]',
  ]
  await build(docker, folder, ['gluetun.mjs'], lines, await named('docker-compose.yml', 'qmcgaw/gluetun'))
}

async function temporal(docker: Docker, folder: string): Promise<void> {
  const binary = process.env.BERTH_TEMPORAL_CLI
  if (!binary) throw new Error('BERTH_TEMPORAL_CLI names no temporal binary: run "npm test" once, it fetches one')
  await copyFile(binary, join(folder, 'temporal'))
  await chmod(join(folder, 'temporal'), 0o755)
  await mkdir(join(folder, 'home/temporal'), { recursive: true })
  // The server looks itself up.
  await writeFile(join(folder, 'passwd'), 'temporal:x:1000:1000::/home/temporal:/sbin/nologin\n')
  const lines = [
    'FROM scratch',
    'COPY temporal /usr/local/bin/temporal',
    'COPY passwd /etc/passwd',
    'COPY --chown=1000:1000 home /home',
    'ENV PATH=/usr/local/bin HOME=/home/temporal',
    'USER 1000:1000',
    'ENTRYPOINT ["temporal"]',
  ]
  await build(docker, folder, ['temporal', 'passwd', 'home'], lines, await named('docker-compose.yml', 'temporalio/temporal'))
}

/** Node.js of the image's major version, this machine's npm, its shell and its certificates. */
async function nodeBase(docker: Docker, folder: string): Promise<void> {
  const node = process.env.BERTH_IMAGE_NODE
  if (!node) throw new Error('BERTH_IMAGE_NODE names no Node.js 24: run "npm test" once, it fetches one')
  const root = join(folder, 'root')
  const place = async (from: string, to: string): Promise<void> => {
    await mkdir(dirname(join(root, to)), { recursive: true })
    await copyFile(from, join(root, to))
    await chmod(join(root, to), 0o755)
  }
  const programs = { '/usr/local/bin/node': node, '/bin/sh': '/bin/sh', '/usr/bin/env': '/usr/bin/env' }
  const bridge = `node_modules/@temporalio/core-bridge/releases/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu/index.node`
  for (const [to, from] of Object.entries(programs)) await place(from, to)
  for (const binary of [...Object.values(programs), join(ROOT, bridge)])
    for (const library of await librariesOf(binary)) await place(library, library)

  const npm = dirname(dirname(await realpath((await run('which', ['npm'])).stdout.trim())))
  await mkdir(join(root, 'usr/local/lib/node_modules'), { recursive: true })
  await cp(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  await place(CERTIFICATES, CERTIFICATES)
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  for (const path of ['tmp', 'root']) await mkdir(join(root, path))
  await chmod(join(root, 'tmp'), 0o1777)
  const archive = join(folder, 'image.tar')
  await run('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', archive, '.'])

  const [repo, tag] = (await named('Dockerfile', 'node')).split(':')
  const changes = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, 'CMD ["node"]'].join('\n')
  await finished(docker, await docker.importImage(archive, { repo, tag, changes }))
}

async function build(docker: Docker, folder: string, files: string[], lines: string[], tag: string): Promise<void> {
  await writeFile(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`)
  await finished(docker, await docker.buildImage({ context: folder, src: ['Dockerfile', ...files] }, { t: tag }))
}

async function finished(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((done, failed) => docker.modem.followProgress(progress, (error) => (error ? failed(error) : done())))
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-stack-image-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
