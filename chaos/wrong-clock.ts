/**
 * @module
 * A clock of Node processes that can be set while they run. Temporal and the Docker daemon keep the right time.
 */
import { renameSync, writeFileSync } from 'node:fs'

const PRELOAD = new URL('./clock-preload.js', import.meta.url)
/** Path of Debian's `libfaketimeMT.so.1` (package `libfaketime`): then the clock of native code is wrong too, not only JavaScript's. */
const LIBRARY = process.env.CHAOS_FAKETIME

/** The clock of every process that is started with its `env`. */
export class WrongClock {
  constructor(private readonly file: string) {
    this.set(0)
  }

  env(): NodeJS.ProcessEnv {
    if (LIBRARY === undefined) return { CHAOS_CLOCK_FILE: this.file, NODE_OPTIONS: `--import=${PRELOAD.href}` }
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** Wrong by so many seconds from now on; 0 sets it right. */
  set(seconds: number): void {
    const next = `${this.file}.next`
    writeFileSync(next, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
    renameSync(next, this.file)
  }
}
