/**
 * @module
 * One client that follows `GET /api/v1/events`.
 */
import { Agent, get, type IncomingMessage } from 'node:http'
import type { Cleanup } from './cleanup.js'

export interface Told {
  id: string
  /** Unix milliseconds at which it had arrived. */
  at: number
  /** JSON, kept where it was asked for. */
  data: string
}

/** Reads as it comes and keeps what was told; that a connection breaks is not mended. */
export class EventReader {
  readonly told: Told[] = []
  /** Why nothing more comes, `null` while it follows. */
  ended: string | null = null
  #text = ''

  private constructor(
    private readonly answer: IncomingMessage,
    private readonly agent: Agent,
    keepData: boolean,
  ) {
    answer.setEncoding('utf8')
    answer.on('data', (text: string) => this.#take(text, keepData))
    for (const event of ['end', 'error', 'close']) answer.once(event, () => (this.ended ??= event))
  }

  /** Resolves once it follows; `cleanup` closes it. */
  static async open(cleanup: Cleanup, url: string, { keepData = false } = {}): Promise<EventReader> {
    const agent = new Agent({ keepAlive: false })
    return cleanup.make(
      'a reader of events',
      () =>
        new Promise((resolve, reject) => {
          get(url, { agent, headers: { accept: 'text/event-stream' } }, (answer) => {
            if (answer.statusCode === 200) resolve(new EventReader(answer, agent, keepData))
            else reject(new Error(`GET ${url}: ${answer.statusCode}`))
          }).once('error', reject)
        }),
      async (reader) => reader.close(),
    )
  }

  close(): void {
    this.answer.destroy()
    this.agent.destroy()
  }

  #take(text: string, keepData: boolean): void {
    const at = Date.now()
    const blocks = (this.#text + text).split('\n\n')
    this.#text = blocks.pop() ?? ''
    for (const block of blocks) {
      const id = /^id: (.*)$/m.exec(block)?.[1]
      if (id === undefined) continue
      this.told.push({ id, at, data: keepData ? (/^data: (.*)$/m.exec(block)?.[1] ?? '') : '' })
    }
  }
}
