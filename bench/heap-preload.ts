/**
 * @module
 * Loaded by every process of a measured Berth: on SIGUSR2 it collects its garbage and writes what memory it then uses to a file named by its process id.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

const folder = process.env.BENCH_HEAP_FOLDER

if (folder !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const file = join(folder, String(process.pid))
  process.on('SIGUSR2', () => {
    collect()
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.new`, file)
  })
}
