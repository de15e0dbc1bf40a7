/**
 * @module
 * The campaign's end of the process in `outside.ts`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Cleanup } from '../bench/cleanup.js'
import type { Question } from './questions.js'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/** First argument of `chaos/main.js` when it is to be that process. */
export const OUTSIDE = 'outside'

const Answer = z.object({ id: z.number(), given: z.unknown().optional(), failure: z.string().optional() })

/** Takes many questions at once. It ends with this process, however that ends. */
export class OutsideProcess {
  readonly #waiting = new Map<number, (answer: z.output<typeof Answer>) => void>()
  #next = 1

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      const answer = Answer.parse(message)
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
    child.once('exit', (code) => {
      for (const [id, tell] of this.#waiting) tell({ id, failure: `the process has ended with ${code}` })
      this.#waiting.clear()
    })
  }

  static async start(cleanup: Cleanup): Promise<OutsideProcess> {
    return cleanup.make(
      'the outside world',
      async () => new OutsideProcess(fork(MAIN, [OUTSIDE], { detached: true })),
      (outside) => outside.#stop(),
    )
  }

  async ask<T>(question: Question, shape: z.ZodType<T>): Promise<T> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null || !child.connected) throw new Error('the outside world has ended')
    const id = this.#next++
    const answer = await new Promise<z.output<typeof Answer>>((resolve) => {
      this.#waiting.set(id, resolve)
      child.send({ id, question })
    })
    if (answer.failure !== undefined) throw new Error(`${question.ask}: ${answer.failure}`)
    return shape.parse(answer.given)
  }

  async #stop(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(kill)
  }
}
