/**
 * @module
 * The file that keeps what the parts of `berth up` write.
 */
import { createWriteStream, type WriteStream } from 'node:fs'

/** A file that could not be written is tried again at the first line after this long. Milliseconds. */
const TRY_AGAIN_MS = 1_000

/**
 * Appends lines to a file.
 *
 * 1. It never throws, and a full disk ends nobody: lines that cannot be written are left out.
 * 2. `onTrouble` hears once that it cannot be written, and again only after it could.
 */
export class LogFile {
  #stream: WriteStream | null = null
  #triedAt = Number.NEGATIVE_INFINITY
  #troubled = false

  constructor(
    private readonly path: string,
    private readonly onTrouble: (why: string) => void,
  ) {}

  write(line: string): void {
    this.#opened()?.write(`${line}\n`, (error) => {
      if (!error) this.#troubled = false
    })
  }

  /** Resolves when everything that can be written is in the file. */
  async end(): Promise<void> {
    const stream = this.#stream
    if (stream === null) return
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    stream.end()
    await closed
  }

  #opened(): WriteStream | null {
    if (this.#stream !== null || performance.now() - this.#triedAt < TRY_AGAIN_MS) return this.#stream
    this.#triedAt = performance.now()
    const stream = createWriteStream(this.path, { flags: 'a' })
    stream.once('error', (error) => {
      if (!this.#troubled) this.onTrouble(error.message)
      this.#troubled = true
      this.#stream = null
    })
    this.#stream = stream
    return stream
  }
}
