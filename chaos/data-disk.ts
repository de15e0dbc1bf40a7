/**
 * @module
 * The disk under Berth's data folder, with Temporal's database on it: one of its own in memory that can be full, where this process may mount one.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleanup } from '../bench/cleanup.js'

const SIZE = '2g'
const ROOM_BYTES = 64 * 1024 * 1024

export class DataDisk {
  private constructor(
    readonly folder: string,
    /** Why it is an ordinary folder, `null` when it is a disk. */
    private readonly obstacle: string | null,
  ) {}

  /** Unmounted and deleted at the end. */
  static async open(cleanup: Cleanup): Promise<DataDisk> {
    return cleanup.make(
      'the data disk',
      async () => DataDisk.#open(),
      async (disk) => disk.#close(),
    )
  }

  static #open(): DataDisk {
    const folder = mkdtempSync(join(tmpdir(), 'berth-chaos-data-'))
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return new DataDisk(folder, 'only root on Linux can mount a disk')
    try {
      mount('-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'tmpfs', folder)
      return new DataDisk(folder, null)
    } catch (error) {
      return new DataDisk(folder, `no disk can be mounted: ${error instanceof Error ? error.message.trim() : String(error)}`)
    }
  }

  /** Not one more page fits on it. Throws when it is an ordinary folder. */
  fill(): void {
    if (this.obstacle !== null) throw new Error(this.obstacle)
    const { bsize, blocks, bfree } = statfsSync(this.folder)
    // Somebody may write between these: a disk cannot be made smaller than what is on it.
    mount('-o', `remount,size=${(blocks - bfree) * bsize + ROOM_BYTES}`, this.folder)
    const block = Buffer.alloc(ROOM_BYTES)
    try {
      while (true) appendFileSync(this.#ballast, block)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }

  free(): void {
    if (this.obstacle !== null) return
    rmSync(this.#ballast, { force: true })
    mount('-o', `remount,size=${SIZE}`, this.folder)
  }

  get #ballast(): string {
    return join(this.folder, 'ballast')
  }

  #close(): void {
    if (this.obstacle === null) execFileSync('umount', ['--lazy', this.folder], { stdio: 'pipe' })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' })
}
