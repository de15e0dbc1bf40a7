/**
 * @module
 * A real Docker daemon for tests, in a folder and on a bridge of its own. Several may run at once, beside any daemon that is already there.
 *
 * What keeps them apart: own socket, data root, exec root and containerd; own bridge and address range; no iptables chains (published ports go through
 * Docker's userland proxy); no `/etc/docker/daemon.json`. What a killed test process left behind is removed by the next start.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Debian's package, then Docker's own. */
const DOCKERD_PATHS = ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd']
const IP_PATHS = ['/sbin/ip', '/usr/sbin/ip', '/bin/ip', '/usr/bin/ip']
const FOLDER_PREFIX = 'berth-dockerd-'
const START_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 30_000

export interface DockerdOptions {
  /**
   * Lets the daemon write its iptables chains: needed only where containers on user-defined networks must reach each other although another daemon on the host
   * forbids forwarding. Daemons with this set must not run at the same time: `stop` puts back the rules as they were at the start.
   */
  iptables?: boolean
}

export interface Dockerd {
  readonly socketPath: string
  /** `unix://…`, as `DOCKER_HOST` takes it. */
  readonly dockerHost: string
  /** Of the present process; another one after `restart`. */
  readonly pid: number
  /** False where the host allows no bridges: containers then have `none`, `host` and `container:` networks only. */
  readonly bridge: boolean
  /** Folder of the daemon; its log is `log` in it. */
  readonly folder: string
  /** Removes all containers, ends the daemon and deletes everything that it made. Safe to repeat, also after `kill`. */
  stop(): Promise<void>
  /** SIGKILL of the daemon alone: its containers stay, as in a crash. Resolves when the process has ended. */
  kill(): Promise<void>
  /**
   * Ends the daemon if it runs (its containers by SIGKILL, itself by SIGTERM) and starts it again on the same data. Resolves when it answers.
   * After `kill` it finds its containers running and stops them, 10 s for each that ignores SIGTERM.
   */
  restart(): Promise<void>
}

/** Why no daemon can be started here, in one sentence; `null` when one can (Docker may still have to be installed). */
export function whyNoDockerd(): string | null {
  if (process.platform !== 'linux') return `a Docker daemon of its own needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'a Docker daemon of its own needs root'
  if (firstOf(DOCKERD_PATHS) === null && !existsSync('/usr/bin/apt-get'))
    return 'there is no dockerd, and no apt-get to install docker.io with'
  return null
}

/**
 * Starts a daemon and resolves when it answers. Installs Debian's `docker.io` when there is none.
 * Rejects with the end of the daemon's log when it does not come up within 60 s.
 */
export async function startDockerd(options: DockerdOptions = {}): Promise<Dockerd> {
  const obstacle = whyNoDockerd()
  if (obstacle !== null) throw new Error(obstacle)
  const binary = await installDocker()
  await sweepLeftovers()

  const folder = await mkdtemp(join(tmpdir(), FOLDER_PREFIX))
  await writeFile(join(folder, 'daemon.json'), '{}')
  await writeFile(join(folder, 'owner'), JSON.stringify({ pid: process.pid, started: processStart(process.pid) }))
  const bridge = await createBridge()
  await writeFile(join(folder, 'bridge'), bridge ?? '')
  if (options.iptables === true) await writeFile(join(folder, 'iptables'), (await run('iptables-save')).stdout)

  const socketPath = join(folder, 'docker.sock')
  const iptables = options.iptables === true
  let daemon: ChildProcess
  try {
    daemon = await launch(binary, folder, socketPath, bridge, iptables)
  } catch (error) {
    await endFolder(folder, bridge)
    throw error
  }

  let stopped = false
  const atExit = () => {
    if (daemon.pid !== undefined && daemon.exitCode === null) process.kill(daemon.pid, 'SIGTERM')
  }
  process.once('exit', atExit)

  const launchAgain = async () => {
    daemon = await launch(binary, folder, socketPath, bridge, iptables)
  }
  return {
    socketPath,
    dockerHost: `unix://${socketPath}`,
    get pid() {
      return pidOf(daemon)
    },
    bridge: bridge !== null,
    folder,
    async stop() {
      if (stopped) return
      stopped = true
      process.off('exit', atExit)
      if (ended(daemon)) {
        // A daemon that comes back after a crash gives each orphan its 10 s to stop: they go first.
        for (const pid of processesOf(folder).filter((pid) => !isDockerProcess(pid))) signal(pid, 'SIGKILL')
        await launchAgain()
      }
      await removeAllContainers(socketPath)
      await removeNetworks(socketPath)
      await terminate(daemon)
      await endFolder(folder, bridge)
    },
    async kill() {
      if (ended(daemon)) return
      const gone = exitOf(daemon)
      daemon.kill('SIGKILL')
      await gone
    },
    async restart() {
      if (stopped) throw new Error('restarting a daemon that was stopped: start a new one')
      if (!ended(daemon)) await killAllContainers(socketPath)
      await terminate(daemon)
      await launchAgain()
    },
  }
}

async function launch(binary: string, folder: string, socketPath: string, bridge: string | null, iptables: boolean): Promise<ChildProcess> {
  const name = folder.slice(folder.lastIndexOf('/') + 1).toLowerCase()
  await forgetDeadContainerd(folder)
  const log = openSync(join(folder, 'log'), 'a')
  const daemon = spawn(
    binary,
    [
      `--host=unix://${socketPath}`,
      `--data-root=${join(folder, 'data')}`,
      `--exec-root=${join(folder, 'exec')}`,
      `--pidfile=${join(folder, 'pid')}`,
      `--config-file=${join(folder, 'daemon.json')}`,
      // Matter only beside a system-wide containerd, which every daemon would otherwise share under one name.
      `--containerd-namespace=${name}`,
      `--containerd-plugins-namespace=${name}-plugins`,
      // No `--default-address-pool`: with it a restarted daemon removes the host's docker0, whosever that is. So does `--bridge=none`.
      `--bridge=${bridge ?? 'none'}`,
      `--iptables=${iptables}`,
      '--ip6tables=false',
      `--ip-masq=${iptables}`,
      '--ip-forward=false',
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  const failed = new Promise<never>((_, reject) => daemon.once('error', reject))
  const up = async () => {
    const deadline = Date.now() + START_DEADLINE_MS
    while (!(await answers(socketPath))) {
      if (ended(daemon)) throw new Error(`dockerd ended with ${daemon.exitCode ?? daemon.signalCode}: ${await logEnd(folder)}`)
      if (Date.now() > deadline) {
        await terminate(daemon)
        throw new Error(`dockerd did not answer within ${START_DEADLINE_MS} ms: ${await logEnd(folder)}`)
      }
      await delay(25)
    }
  }
  await Promise.race([up(), failed])
  return daemon
}

/** containerd dies with a killed dockerd; a zombie of it counts as running to the next one, which then waits for it in vain. */
async function forgetDeadContainerd(folder: string): Promise<void> {
  const pidFile = join(folder, 'exec', 'containerd', 'containerd.pid')
  if (!existsSync(pidFile)) return
  const pid = Number(await readFile(pidFile, 'utf8'))
  const deadline = Date.now() + 1_000
  while (Date.now() < deadline) {
    const [state] = statOf(pid)
    if (state === undefined || state === 'Z') return rm(pidFile, { force: true })
    await delay(20)
  }
}

/** Resolves with the status and body of one request to the daemon. */
function ask(socketPath: string, method: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: STOP_DEADLINE_MS, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${STOP_DEADLINE_MS} ms`)))
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function answers(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false
  try {
    return (await ask(socketPath, 'GET', '/_ping')).status === 200
  } catch {
    return false // not yet listening
  }
}

async function removeAllContainers(socketPath: string): Promise<void> {
  const listed = async () => JSON.parse((await ask(socketPath, 'GET', '/containers/json?all=1')).body) as { Id: string }[]
  const deadline = Date.now() + STOP_DEADLINE_MS
  for (let left = await listed(); left.length > 0; left = await listed()) {
    if (Date.now() > deadline)
      throw new Error(`${left.length} containers could not be removed: ${left.map(({ Id }) => Id.slice(0, 12)).join(', ')}`)
    await Promise.all(left.map(({ Id }) => ask(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`)))
  }
}

/** With their bridges, which would outlive the daemon. */
async function removeNetworks(socketPath: string): Promise<void> {
  const networks = JSON.parse((await ask(socketPath, 'GET', '/networks')).body) as { Id: string; Name: string }[]
  const own = networks.filter(({ Name }) => !['bridge', 'host', 'none'].includes(Name))
  await Promise.all(own.map(({ Id }) => ask(socketPath, 'DELETE', `/networks/${Id}`)))
}

async function killAllContainers(socketPath: string): Promise<void> {
  const running = JSON.parse((await ask(socketPath, 'GET', '/containers/json')).body) as { Id: string }[]
  await Promise.all(running.map(({ Id }) => ask(socketPath, 'POST', `/containers/${Id}/kill`)))
}

async function terminate(daemon: ChildProcess): Promise<void> {
  if (ended(daemon)) return
  const gone = exitOf(daemon)
  daemon.kill('SIGTERM')
  const late = setTimeout(() => daemon.kill('SIGKILL'), STOP_DEADLINE_MS)
  await gone
  clearTimeout(late)
}

/** Ends what still runs out of the folder (containerd, shims and their containers after a crash), unmounts and deletes it, and removes the bridge. */
async function endFolder(folder: string, bridge: string | null): Promise<void> {
  await endProcessesOf(folder)
  for (const mount of mountsUnder(folder)) await run('umount', ['--lazy', mount])
  await removeControlGroups(folder)
  const rules = join(folder, 'iptables')
  if (existsSync(rules)) await run('iptables-restore', [rules])
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  if (bridge !== null) await removeBridge(bridge)
}

/** Those of containers that no daemon removed any more. */
async function removeControlGroups(folder: string): Promise<void> {
  const containers = join(folder, 'data', 'containers')
  if (!existsSync(containers)) return
  const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((controller) => join('/sys/fs/cgroup', controller))]
  for (const id of readdirSync(containers)) {
    for (const group of roots.map((root) => join(root, 'docker', id)).filter((path) => existsSync(path))) await rmdir(group)
  }
}

async function endProcessesOf(folder: string): Promise<void> {
  const deadline = Date.now() + STOP_DEADLINE_MS
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) {
    if (Date.now() > deadline) throw new Error(`processes of ${folder} do not end: ${left.join(', ')}`)
    for (const pid of left) signal(pid, 'SIGKILL')
    await delay(20)
  }
}

/** Processes with the folder in their command line, and all that descends from them. */
function processesOf(folder: string): number[] {
  const parents = new Map<number, number>()
  const found = new Set<number>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const [state, parent] = statOf(pid)
    if (state === undefined || state === 'Z') continue
    parents.set(pid, Number(parent))
    if (
      procFile(pid, 'cmdline')
        .split('\0')
        .some((word) => word.includes(`${folder}/`)) &&
      isDockerProcess(pid)
    )
      found.add(pid)
  }
  for (let grown = true; grown; ) {
    grown = false
    for (const [pid, parent] of parents) {
      if (!found.has(pid) && found.has(parent)) grown = Boolean(found.add(pid))
    }
  }
  return [...found]
}

/** Somebody reading the daemon's log has the folder in the command line too. */
function isDockerProcess(pid: number): boolean {
  try {
    return /\/(dockerd|containerd|containerd-shim[\w.-]*|runc|docker-proxy)( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`))
  } catch {
    return false // ended meanwhile
  }
}

function mountsUnder(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)
}

/** Folders whose test process is gone are somebody's killed run. */
async function sweepLeftovers(): Promise<void> {
  for (const entry of readdirSync(tmpdir())) {
    if (!entry.startsWith(FOLDER_PREFIX)) continue
    const folder = join(tmpdir(), entry)
    try {
      const owner = JSON.parse(await readFile(join(folder, 'owner'), 'utf8')) as { pid: number; started: string }
      if (processStart(owner.pid) === owner.started) continue
      const bridge = await readFile(join(folder, 'bridge'), 'utf8').catch(() => '')
      // Another test file may be sweeping the same folder.
      await rm(join(folder, 'owner'))
      await endFolder(folder, bridge === '' ? null : bridge)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Makes a bridge with the first /24 of a free range and resolves with its name, or with `null` where the host allows none. */
async function createBridge(): Promise<string | null> {
  const taken = (await run('ip', ['-4', '-o', 'addr'])).stdout
  const routes = (await run('ip', ['-4', 'route'])).stdout
  const first = Math.floor(Math.random() * 100)
  for (let i = 0; i < 100; i += 1) {
    const number = 130 + ((first + i) % 100)
    const range = `10.${number}`
    if (`${taken}\n${routes}`.includes(` ${range}.`) || routes.includes(`\n${range}.`)) continue
    const name = `berth${number}`
    try {
      // Fails when the name exists: the name is the lock on the address range.
      await run('ip', ['link', 'add', 'name', name, 'type', 'bridge'])
    } catch (error) {
      if (String(error).includes('File exists')) continue
      return null // no bridges here
    }
    await run('ip', ['addr', 'add', `${range}.0.1/24`, 'dev', name])
    await run('ip', ['link', 'set', name, 'up'])
    return name
  }
  throw new Error('all 100 address ranges of test daemons are taken: see `ip link` for bridges named berth…')
}

async function removeBridge(name: string): Promise<void> {
  await run('ip', ['link', 'del', name]).catch((error: unknown) => {
    if (!String(error).includes('Cannot find device')) throw error
  })
}

/** Resolves with the path of dockerd. */
async function installDocker(): Promise<string> {
  const present = firstOf(DOCKERD_PATHS)
  if (present !== null && firstOf(IP_PATHS) !== null) return present
  const packages = [...(present === null ? ['docker.io'] : []), 'iproute2']
  process.stderr.write(`installing ${packages.join(' and ')} with apt-get: the tests of the Docker adapter need a real daemon\n`)
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 1 << 26 }
  // Another test file may be installing it too.
  const lock = ['-o', 'DPkg::Lock::Timeout=300']
  await run('apt-get', [...lock, 'update'], options)
  await run('apt-get', [...lock, 'install', '-y', ...packages], options)
  const installed = firstOf(DOCKERD_PATHS)
  if (installed === null) throw new Error(`docker.io was installed and there is still none of ${DOCKERD_PATHS.join(', ')}`)
  return installed
}

function firstOf(paths: string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null
}

function pidOf(daemon: ChildProcess): number {
  if (daemon.pid === undefined) throw new Error('dockerd was not started')
  return daemon.pid
}

function ended(daemon: ChildProcess): boolean {
  return daemon.exitCode !== null || daemon.signalCode !== null
}

function exitOf(daemon: ChildProcess): Promise<void> {
  return new Promise((resolve) => daemon.once('exit', () => resolve()))
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Start time in clock ticks: with the pid it names one process for ever. Empty when there is none. */
function processStart(pid: number): string {
  return statOf(pid)[19] ?? ''
}

/** State, parent and what follows in `/proc/<pid>/stat`; empty when there is no such process. */
function statOf(pid: number): string[] {
  const stat = procFile(pid, 'stat')
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return '' // ended meanwhile
  }
}

async function logEnd(folder: string): Promise<string> {
  return (await readFile(join(folder, 'log'), 'utf8')).split('\n').slice(-12).join('\n')
}
