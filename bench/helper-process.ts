/**
 * @module
 * A part of the benchmark in a process of its own, so that it takes no time from the process that measures.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Cleanup } from './cleanup.js'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/** First argument of `bench/main.js` when it is to be such a part; the second is its name. */
export const HELPER = 'helper'
export const HELPERS = ['bare-route', 'simulated-docker'] as const
export type HelperName = (typeof HELPERS)[number]

const Answer = z.object({ answer: z.unknown() })

/** A running part; it answers one question after the other. */
export class HelperProcess {
  #asked: Promise<unknown> = Promise.resolve()

  private constructor(private readonly child: ChildProcess) {}

  /** Starts it; `cleanup` ends it. */
  static async start(name: HelperName, cleanup: Cleanup): Promise<HelperProcess> {
    return cleanup.make(
      `the process ${name}`,
      async () => new HelperProcess(fork(MAIN, [HELPER, name], { detached: true })),
      (helper) => helper.#stop(),
    )
  }

  /** Sends `question` and resolves with the answer. */
  async ask<T>(question: unknown, shape: z.ZodType<T>): Promise<T> {
    const answer = this.#asked.then(() => this.#askNow(question))
    this.#asked = answer.catch(() => undefined)
    return shape.parse(Answer.parse(await answer).answer)
  }

  #askNow(question: unknown): Promise<unknown> {
    const { child } = this
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message)
      })
      child.send({ question })
    })
  }

  async #stop(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    await ended
  }
}

/** In such a process: answers every question by `answer`. */
export function answerQuestions(answer: (question: unknown) => Promise<unknown>): void {
  process.on('message', (message) => {
    const { question } = z.object({ question: z.unknown() }).parse(message)
    void answer(question).then((given) => process.send?.({ answer: given }))
  })
}
