/**
 * @module
 * Runs the steps of the set-up and says each in one line: mark, name, what was done, time.
 */
import { SetupFailure } from './failure.mjs'

const nameWidth = 16

/**
 * What a step answers.
 * @template T
 * @typedef {{ value?: T, detail?: string, upToDate?: boolean }} StepResult
 */

/** Reports steps to a stream. `quiet` leaves out the steps that had nothing to do. */
export class Steps {
  #stream
  #quiet

  /** @param {{ stream?: NodeJS.WritableStream & { isTTY?: boolean }, quiet?: boolean }} [options] */
  constructor({ stream = process.stdout, quiet = false } = {}) {
    this.#stream = stream
    this.#quiet = quiet
  }

  /**
   * Runs one step. A failure is reported here with its name, cause and fix, and then thrown on.
   * @template T
   * @param {string} name
   * @param {(say: (doing: string) => void) => Promise<StepResult<T>> | StepResult<T>} work `say` tells a waiting person what takes long
   * @returns {Promise<T>}
   */
  async run(name, work) {
    const started = performance.now()
    try {
      const { value, detail = '', upToDate = false } = await work((doing) => this.#announce(name, doing))
      if (!(upToDate && this.#quiet)) this.line('✓', name, detail || 'up to date', upToDate ? undefined : performance.now() - started)
      return value
    } catch (error) {
      this.line('✗', name, 'failed', performance.now() - started)
      const cause = error instanceof SetupFailure ? error.message : (error?.stack ?? String(error))
      this.#write(`  cause: ${indent(cause)}\n`)
      if (error instanceof SetupFailure) this.#write(`  fix:   ${indent(error.fix)}\n`)
      throw Object.assign(error, { reported: true })
    }
  }

  /** Prints one line in the shape of all others; without a duration the time is left out. */
  line(mark, name, detail, milliseconds) {
    const time = milliseconds === undefined ? '' : `  ${seconds(milliseconds)}`
    this.#write(`${mark} ${name.padEnd(nameWidth)}  ${detail}${time}\n`)
  }

  #announce(name, doing) {
    if (this.#stream.isTTY) this.line('…', name, doing)
  }

  #write(text) {
    this.#stream.write(text)
  }
}

/**
 * Runs a script's main function; a failed step has told its story already, anything else is shown with its stack.
 * @param {() => Promise<number>} main answers the exit code
 */
export async function runScript(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!error?.reported) console.error(error instanceof SetupFailure ? `${error.message}\nfix: ${error.fix}` : error)
    process.exitCode = 1
  }
}

/** `8412` as `8.4 s`. */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function indent(text) {
  return text.trim().replaceAll('\n', '\n         ')
}
