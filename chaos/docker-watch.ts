/**
 * @module
 * Everything that the daemon itself tells of its containers, past every fault: events, and what each container of ours was configured with.
 */
import { request as ask } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { z } from 'zod'
import type { Cleanup } from '../bench/cleanup.js'
import { LABEL } from '../src/domain/labels.js'
import { readEngineSettings } from '../src/simulator/engine-settings.js'
import { now } from './clock.js'
import { statusOf } from './foreign-guard.js'
import type { Journal } from './journal.js'
import { type ContainerRuns, DockerEvent } from './runs.js'

const QUIET_ACTIONS = ['exec_create', 'exec_start', 'exec_die', 'attach', 'resize']

/** Follows one daemon from `start` on, through its restarts. */
export class DockerWatch {
  readonly #ending = new AbortController()
  /** Nanoseconds of the newest event. */
  #newest = 0n
  #loop: Promise<void> = Promise.resolve()
  /** Streams that had to be opened again. */
  reconnects = 0

  constructor(
    private readonly docker: Docker,
    private readonly socketPath: string,
    readonly runs: ContainerRuns,
    private readonly journal: Journal,
    private readonly onEvent: (event: DockerEvent) => void,
  ) {}

  async start(cleanup: Cleanup): Promise<void> {
    this.#newest = BigInt(Math.floor(now())) * 1_000_000n
    this.#loop = this.#follow()
    await cleanup.make(
      'following Docker’s events',
      async () => this,
      async () => {
        this.#ending.abort()
        await this.#loop
      },
    )
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        await this.#read()
      } catch {
        // The daemon is away: one of the faults.
      }
      if (signal.aborted) return
      this.reconnects += 1
      await delay(50, undefined, { signal }).catch(() => undefined)
      await this.#closeMissing().catch(() => undefined)
    }
  }

  async #read(): Promise<void> {
    const since = `${this.#newest / 1_000_000_000n}.${String(this.#newest % 1_000_000_000n).padStart(9, '0')}`
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }))
    const path = `/events?since=${since}&filters=${filters}`
    await new Promise<void>((resolve, reject) => {
      const asked = ask({ socketPath: this.socketPath, path, signal: this.#ending.signal }, (answer) => {
        const lines = createInterface({ input: answer })
        for (const source of [answer, lines]) source.on('error', () => undefined)
        lines.on('line', (line) => this.#take(line))
        // A broken answer closes without an end, and then readline does not close.
        for (const source of [answer, lines]) source.once('close', () => resolve())
      })
      asked.once('error', reject)
      asked.end()
    })
  }

  #take(line: string): void {
    const newest = /"timeNano":(\d+)/.exec(line)?.[1]
    if (newest !== undefined && BigInt(newest) > this.#newest) this.#newest = BigInt(newest)
    const event = DockerEvent.parse(JSON.parse(line))
    if (!this.runs.take(event)) return
    this.onEvent(event)
    const facts = this.runs.facts(event.id)
    if (facts !== undefined && !QUIET_ACTIONS.includes(event.action)) {
      const epoch = facts.forwarded ? ` epoch=${facts.epoch} engine=${facts.engineId}` : ''
      const exit = event.attributes['exitCode'] === undefined ? '' : ` exit=${event.attributes['exitCode']}`
      this.journal.write(
        'docker',
        `${event.action} ${facts.name} ${event.id.slice(0, 12)}${epoch}${exit}${facts.managed ? '' : ' (foreign)'}`,
        event.at,
      )
    }
    if (event.action === 'create' && facts?.managed === true) void this.#learnPort(event.id)
  }

  /** The P2P port that it was configured with, in whichever way an engine takes it. */
  async #learnPort(id: string): Promise<void> {
    const facts = this.runs.facts(id)
    try {
      const { Config } = await this.docker.getContainer(id).inspect()
      const environment = Object.fromEntries(Config.Env.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]))
      if (facts !== undefined) facts.p2pPort = readEngineSettings(environment, Config.Cmd ?? []).p2pPort
    } catch {
      // Gone already, or the daemon is away: its label speaks for it.
    }
  }

  /** After a gap in the stream: what does not run any more has ended, when its end was not told of. */
  async #closeMissing(): Promise<void> {
    for (const id of this.runs.openIds()) {
      try {
        const { State } = await this.docker.getContainer(id).inspect()
        if (!State.Running) this.runs.ended(id, z.coerce.date().parse(State.FinishedAt).getTime())
      } catch (error) {
        if (statusOf(error) !== 404) throw error
        await delay(200) // its end may still come with the stream
        this.runs.ended(id, Number(this.#newest / 1_000_000n))
      }
    }
  }

  /** Containers that existed before the first event. */
  async learnPresent(): Promise<void> {
    for (const { Id, Names, Labels, State } of await this.docker.listContainers({ all: true })) {
      this.runs.learn(Id, (Names[0] ?? '').slice(1), Labels)
      if (State === 'running') this.runs.began(Id, now())
      if (Labels[LABEL.engineId] !== undefined) await this.#learnPort(Id)
    }
  }
}
