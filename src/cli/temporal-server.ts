/**
 * @module
 * The Temporal server that `berth up` runs on this machine.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.js'
import { UI_PORT_OFFSET } from './addresses.js'

const TYPE_NAMES: Record<string, string> = {
  KEYWORD: 'Keyword',
  BOOL: 'Bool',
  INT: 'Int',
  TEXT: 'Text',
  DOUBLE: 'Double',
  DATETIME: 'Datetime',
}

/**
 * One machine with few workflows needs no partitions, and a task finds its worker sooner without them.
 *
 * The signals that one run takes are one task when they come at once: of 10,000, the default, a worker is longer at it than a task may take, again and again. Those
 * above are refused until the run has continued as new.
 *
 * A workflow that is busy keeps one query waiting and takes ten updates by default, and refuses the others: those who ask would have to ask again.
 */
const DYNAMIC_VALUES = [
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  'history.maximumSignalsPerExecution=1000',
  'history.MaxBufferedQueryCount=100',
  'history.maxInFlightUpdates=100',
]

export interface TemporalServerOptions {
  /** Path of the `temporal` binary. */
  binary: string
  dataDir: string
  port: number
  namespace: string
}

/** The command line: an SQLite file in WAL mode that loses nothing committed over a power cut, search attributes known from the start. */
export function temporalArguments({ dataDir, port, namespace }: TemporalServerOptions): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(port + UI_PORT_OFFSET)],
    ...['--db-filename', join(dataDir, 'temporal.db')],
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...DYNAMIC_VALUES.flatMap((value) => ['--dynamic-config-value', value]),
    ...['--namespace', namespace, '--log-level', 'error'],
    ...SEARCH_ATTRIBUTES.flatMap((key) => ['--search-attribute', `${key.name}=${TYPE_NAMES[key.type] ?? 'Keyword'}`]),
  ]
}

/** Resolves when the server answers; rejects after `withinMs`. */
export async function untilTemporalAnswers(port: number, withinMs: number): Promise<void> {
  const connection = Connection.lazy({ address: `127.0.0.1:${port}` })
  const deadline = Date.now() + withinMs
  try {
    while (true) {
      try {
        await connection.withDeadline(Date.now() + 1_000, () => connection.workflowService.getSystemInfo({}))
        return
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`Temporal does not answer on port ${port} within ${withinMs / 1000} s`, { cause: error })
        await delay(50)
      }
    }
  } finally {
    await connection.close()
  }
}

/** Remembers which process serves this data folder. */
export function writePid(dataDir: string, pid: number): void {
  writeFileSync(join(dataDir, 'temporal.pid'), String(pid))
}

/** Forgets it. */
export function removePid(dataDir: string): void {
  rmSync(join(dataDir, 'temporal.pid'), { force: true })
}

/**
 * Ends a Temporal server that an earlier, killed `berth up` left on this data folder; `false` when there is none. It is told by its pid file
 * and by its command line naming the same database, so that no other process is ever ended.
 */
export async function endLeftBehind(dataDir: string): Promise<boolean> {
  const file = join(dataDir, 'temporal.pid')
  if (!existsSync(file)) return false
  const pid = Number(readFileSync(file, 'utf8'))
  if (!Number.isInteger(pid) || pid <= 1 || !serves(pid, join(dataDir, 'temporal.db'))) return false
  process.kill(pid, 'SIGTERM')
  const killAt = Date.now() + 5_000
  while (serves(pid, join(dataDir, 'temporal.db'))) {
    if (Date.now() > killAt) process.kill(pid, 'SIGKILL')
    await delay(50)
  }
  return true
}

function serves(pid: number, database: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(database)
  } catch {
    return false
  }
}
