/**
 * @module
 * Berth's HTTP API as a client with the key asks it.
 */
import { z } from 'zod'

export const EngineAnswer = z.object({
  engine_id: z.string(),
  container_id: z.string().nullable(),
  container_name: z.string().nullable(),
  host: z.string(),
  port: z.number(),
  forwarded: z.boolean(),
  forwarded_port: z.number().nullable(),
  health_status: z.string(),
  phase: z.string(),
  lease_epoch: z.number().nullable(),
})
export type EngineAnswer = z.output<typeof EngineAnswer>
export const Engines = z.array(EngineAnswer)

export interface Answer {
  /** 0: no answer. */
  status: number
  text: string
  /** It says itself that it may be old. */
  stale: boolean
  milliseconds: number
}

/** Never rejects: no answer is an answer with status 0. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  async ask(
    method: string,
    path: string,
    { body, headers = {}, withinMs = 30_000 }: { body?: unknown; headers?: Record<string, string>; withinMs?: number } = {},
  ): Promise<Answer> {
    const began = performance.now()
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(withinMs),
      })
      const text = await response.text()
      const stale = response.headers.has('x-berth-stale')
      return { status: response.status, text, stale, milliseconds: performance.now() - began }
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      return { status: 0, text: cause, stale: false, milliseconds: performance.now() - began }
    }
  }

  /** The answer of a GET in its shape; rejects when there is none. */
  async get<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    const { status, text } = await this.ask('GET', path, { withinMs: 5_000 })
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text.slice(0, 200)}`)
    return shape.parse(JSON.parse(text))
  }
}
