/**
 * @module
 * Proof that at most one forwarded container runs: samples of Docker's list, and its own event log replayed.
 */
import type Docker from 'dockerode'

const FORWARDED = 'acestream.forwarded=true'

export interface SamplerReport {
  seconds: number
  samples: number
  perSecond: number
  /** Most forwarded containers seen running in one list. */
  mostRunning: number
  /** Most forwarded containers running at one instant by Docker's events. */
  mostByEvents: number
  /** Starts of forwarded containers by Docker's events. */
  starts: number
}

/** Throws when two forwarded containers ever ran at once, or when it was not looked at often enough to know. */
export function verifyExclusive(report: SamplerReport): void {
  const text = JSON.stringify(report)
  if (report.mostRunning > 1 || report.mostByEvents > 1) throw new Error(`two forwarded containers ran at once: ${text}`)
  if (report.seconds >= 1 && report.perSecond < 50) throw new Error(`fewer than 50 samples a second: ${text}`)
}

/** Watches one daemon until `stop`. */
export class ForwardedSampler {
  readonly #docker: Docker
  readonly #began = Date.now()
  readonly #since = Math.floor(Date.now() / 1000) - 1
  #samples = 0
  #most = 0
  #running = true
  readonly #loops: Promise<void>[]

  constructor(docker: Docker) {
    this.#docker = docker
    this.#loops = [this.#sample(), this.#sample()]
  }

  /** Ends sampling and replays Docker's events of the whole time. The daemon must answer. */
  async stop(): Promise<SamplerReport> {
    this.#running = false
    await Promise.all(this.#loops)
    const seconds = (Date.now() - this.#began) / 1000
    const { most, starts } = await this.#replay()
    return { seconds, samples: this.#samples, perSecond: this.#samples / seconds, mostRunning: this.#most, mostByEvents: most, starts }
  }

  async #sample(): Promise<void> {
    const filters = JSON.stringify({ label: [FORWARDED], status: ['running', 'paused'] })
    while (this.#running) {
      try {
        const running = await this.#docker.listContainers({ filters })
        this.#samples += 1
        this.#most = Math.max(this.#most, running.length)
      } catch {
        // The daemon itself may be one of the things that a test takes away: no sample then.
      }
      await new Promise((resolve) => setTimeout(resolve, 8))
    }
  }

  async #replay(): Promise<{ most: number; starts: number }> {
    const until = Math.ceil(Date.now() / 1000) + 1
    const stream = await this.#docker.getEvents({
      since: this.#since,
      until,
      filters: JSON.stringify({ type: ['container'], label: [FORWARDED], event: ['start', 'die'] }),
    })
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    const events = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as { Action: string; id: string; timeNano: number })
      .toSorted((a, b) => a.timeNano - b.timeNano)
    const up = new Set<string>()
    let most = 0
    for (const event of events) {
      if (event.Action === 'start') up.add(event.id)
      else up.delete(event.id)
      most = Math.max(most, up.size)
    }
    return { most, starts: events.filter((event) => event.Action === 'start').length }
  }
}
