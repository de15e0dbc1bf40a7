/**
 * @module
 * Requests to the daemon with a deadline. Statuses are the caller's to judge; whatever is not an answer becomes `unreachable`.
 */
import type { IncomingMessage } from 'node:http'
import type { DockerAddress } from './docker-host.js'
import { timedOut, unreachable, unreadable } from './failures.js'

const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** Sends one request and resolves with its response, whatever the status, its body still to be read. Rejects with the connection's error. */
export type Dial = (request: DaemonRequest, signal: AbortSignal) => Promise<IncomingMessage>

export interface DaemonRequest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  query?: Record<string, string | Record<string, string[]>>
  body?: object
}

export interface DaemonAnswer {
  status: number
  /** Parsed JSON; `null` when there is none. */
  body: unknown
  /** The daemon's own words on a refusal. */
  message: string
}

export class DaemonClient {
  constructor(
    private readonly dial: Dial,
    private readonly address: DockerAddress,
  ) {}

  /** `doing` opens each error's message. Rejects with `RuntimeError` `unreachable` only. */
  async ask(doing: string, request: DaemonRequest, timeoutMs: number): Promise<DaemonAnswer> {
    const { status, bytes } = await this.read(doing, request, timeoutMs)
    const text = bytes.toString('utf8')
    return status < 400 ? { status, body: parse(doing, text), message: '' } : { status, body: null, message: messageIn(text) }
  }

  /** The same with the answer as it came, for what is no JSON. */
  async read(doing: string, request: DaemonRequest, timeoutMs: number): Promise<{ status: number; bytes: Buffer }> {
    const ending = new AbortController()
    const timer = setTimeout(() => ending.abort(), timeoutMs)
    const chunks: Buffer[] = []
    let size = 0
    try {
      const response = await this.dial(request, ending.signal)
      for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) throw new Error(`longer than ${MAX_ANSWER_BYTES} bytes`)
      }
      return { status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }
    } catch (error) {
      throw ending.signal.aborted ? timedOut(doing, this.address, timeoutMs) : unreachable(doing, this.address, error)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Yields once with `null` when the daemon has accepted the request, then each line of the answer. The answer must begin within `connectMs`, and a line follow
   * another within `silenceMs` (`null`: may take for ever). Rejects with `unreachable`, or with what `refused` makes of another status than 200.
   * Returns when `signal` aborts.
   */
  async *lines(
    doing: string,
    request: DaemonRequest,
    options: { connectMs: number; silenceMs: number | null; signal?: AbortSignal; refused: (answer: DaemonAnswer) => Error },
  ): AsyncGenerator<string | null, void> {
    const { signal, silenceMs } = options
    const ending = new AbortController()
    const abort = () => ending.abort()
    const unwanted = () => signal?.aborted === true
    if (unwanted()) return
    signal?.addEventListener('abort', abort, { once: true })
    let limit = options.connectMs
    let timer: NodeJS.Timeout | undefined = setTimeout(abort, limit)
    const heard = () => {
      clearTimeout(timer)
      limit = silenceMs ?? 0
      timer = silenceMs === null ? undefined : setTimeout(abort, silenceMs)
    }
    try {
      const response = await this.dial(request, ending.signal)
      heard()
      response.setEncoding('utf8')
      const accepted = response.statusCode === 200
      if (accepted) yield null
      let rest = ''
      for await (const chunk of response) {
        heard()
        rest += String(chunk)
        if (rest.length > MAX_ANSWER_BYTES) throw new Error(`a line longer than ${MAX_ANSWER_BYTES} bytes`)
        if (!accepted) continue
        const complete = rest.split('\n')
        rest = complete.pop() ?? ''
        for (const line of complete) if (line.trim() !== '') yield line
      }
      if (!accepted) throw options.refused({ status: response.statusCode ?? 0, body: null, message: messageIn(rest) })
      if (rest.trim() !== '') yield rest
    } catch (error) {
      if (unwanted()) return
      if (ending.signal.aborted) throw timedOut(doing, this.address, limit)
      if (error instanceof Error && error.name === 'RuntimeError') throw error
      throw unreachable(doing, this.address, error)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      ending.abort()
    }
  }
}

function parse(doing: string, text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(doing, 'it is not JSON')
  }
}

/** The daemon answers `{"message":"…"}`; a proxy in front of it may answer anything. */
function messageIn(text: string): string {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : text
  } catch {
    return text
  }
}
