/**
 * @module
 * How much memory a process of Berth uses once its garbage is collected.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Cleanup } from './cleanup.js'
import { until } from './until.js'

const PRELOAD = new URL('./heap-preload.js', import.meta.url)
const MIB = 1024 * 1024
const Usage = z.object({ rss: z.number(), heapUsed: z.number() })

export interface Memory {
  rssMiB: number
  heapMiB: number
}

/** Asks processes that were started with its `env`. */
export class HeapReports {
  private constructor(private readonly folder: string) {}

  /** Makes the folder that they write to; `cleanup` deletes it. */
  static async prepare(cleanup: Cleanup): Promise<HeapReports> {
    return cleanup.make(
      'the folder of memory reports',
      async () => new HeapReports(mkdtempSync(join(tmpdir(), 'berth-bench-heap-'))),
      async ({ folder }) => rmSync(folder, { recursive: true, force: true }),
    )
  }

  get env(): Record<string, string> {
    return { BENCH_HEAP_FOLDER: this.folder, NODE_OPTIONS: `--import=${PRELOAD.href}` }
  }

  /** What is left after a full collection. */
  async of(pid: number): Promise<Memory> {
    const file = join(this.folder, String(pid))
    rmSync(file, { force: true })
    process.kill(pid, 'SIGUSR2')
    await until('the process has told its memory', () => (existsSync(file) ? true : null))
    const { rss, heapUsed } = Usage.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { rssMiB: rss / MIB, heapMiB: heapUsed / MIB }
  }
}
