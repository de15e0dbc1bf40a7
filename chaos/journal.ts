/**
 * @module
 * What the campaign did and saw, line by line, in a file that outlives it unless all was well.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { now } from './clock.js'

/** The event log of one campaign. */
export class Journal {
  readonly folder: string
  readonly path: string
  readonly began = now()
  readonly #lines: { at: number; line: string }[] = []
  readonly #file: WriteStream

  constructor(
    seed: number,
    private readonly echo: boolean,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), 'berth-chaos-'))
    this.path = join(this.folder, `chaos-${seed}.log`)
    this.#file = createWriteStream(this.path, { flags: 'a' })
  }

  /** `kind` is one word: what wrote the line. */
  write(kind: string, text: string, at = now()): void {
    const line = `${((at - this.began) / 1000).toFixed(3).padStart(9)} ${new Date(at).toISOString()} ${kind.padEnd(9)} ${text}`
    this.#lines.push({ at, line })
    this.#file.write(`${line}\n`)
    if (this.echo && (kind === 'fault' || kind === 'campaign' || kind === 'violation')) process.stdout.write(`${line}\n`)
  }

  /** Lines within so many milliseconds of a time, at most `most` of them, those nearest to it. */
  around(at: number, within = 3_000, most = 40): string[] {
    return this.#lines
      .filter((entry) => Math.abs(entry.at - at) <= within)
      .toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))
      .slice(0, most)
      .toSorted((a, b) => a.at - b.at)
      .map(({ line }) => line)
  }

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#file.end(resolve))
  }

  /** Deletes the folder, with all that was kept beside the log. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
