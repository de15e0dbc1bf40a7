/**
 * @module
 * Looks at Docker's list of running forwarded containers, at least fifty times a second.
 */
import { Agent, request as ask } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Cleanup } from '../bench/cleanup.js'
import { LABEL } from '../src/domain/labels.js'
import { now } from './clock.js'

const LOOPS = 2
const PAUSE_MS = 12
const List = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) }))

/** More than one container ran in one list. */
export interface Double {
  at: number
  ids: string[]
  ports: (string | null)[]
}

export interface SamplerReport {
  samples: number
  /** Of the time in which the daemon answered. */
  perSecond: number
  /** In the worst of the seconds in which it answered throughout. */
  worstSecond: number
  doubles: Double[]
}

/** Samples one daemon until `stop`. What cannot be asked is no sample. */
export class Sampler {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: LOOPS })
  readonly #path: string
  readonly #doubles: Double[] = []
  readonly #perSecond = new Map<number, { samples: number; failed: boolean }>()
  readonly #began = now()
  #running = true
  #loops: Promise<void>[] = []
  #ended: number | null = null

  constructor(
    private readonly socketPath: string,
    managed: { key: string; value: string },
    private readonly onDouble: (double: Double) => void,
  ) {
    const filters = { label: [`${LABEL.forwarded}=true`, `${managed.key}=${managed.value}`], status: ['running', 'paused'] }
    this.#path = `/containers/json?filters=${encodeURIComponent(JSON.stringify(filters))}`
  }

  async start(cleanup: Cleanup): Promise<void> {
    this.#loops = Array.from({ length: LOOPS }, () => this.#loop())
    await cleanup.make(
      'sampling',
      async () => this,
      () => this.stop(),
    )
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#ended ??= now()
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }

  report(): SamplerReport {
    const first = Math.floor(this.#began / 1000)
    const last = Math.floor((this.#ended ?? now()) / 1000)
    const whole = [...this.#perSecond].filter(([second, { failed }]) => second > first && second < last && !failed)
    const samples = [...this.#perSecond.values()].reduce((sum, second) => sum + second.samples, 0)
    const counted = whole.reduce((sum, [, second]) => sum + second.samples, 0)
    return {
      samples,
      perSecond: whole.length === 0 ? 0 : counted / whole.length,
      worstSecond: Math.min(...whole.map(([, second]) => second.samples)),
      doubles: this.#doubles,
    }
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      const at = now()
      const found = await this.#list().catch(() => null)
      const second = Math.floor(now() / 1000)
      const entry = this.#perSecond.get(second) ?? { samples: 0, failed: false }
      this.#perSecond.set(second, { samples: entry.samples + (found === null ? 0 : 1), failed: entry.failed || found === null })
      if (found !== null && found.length > 1) {
        const double = { at, ids: found.map(({ Id }) => Id), ports: found.map(({ Labels }) => Labels[LABEL.p2pPort] ?? null) }
        this.#doubles.push(double)
        this.onDouble(double)
      }
      await delay(PAUSE_MS)
    }
  }

  async #list(): Promise<z.output<typeof List>> {
    const body = await new Promise<string>((resolve, reject) => {
      const asked = ask({ socketPath: this.socketPath, path: this.#path, agent: this.#agent, timeout: 2_000 }, (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => (text += chunk))
        answer.once('error', reject)
        answer.once('end', () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(`status ${answer.statusCode}`))))
      })
      asked.once('timeout', () => asked.destroy(new Error('no answer')))
      asked.once('error', reject)
      asked.end()
    })
    return List.parse(JSON.parse(body))
  }
}
