/**
 * @module
 * Containers that are not Berth's: the same before and after, but for what the campaign does to them itself.
 */
import type Docker from 'dockerode'
import { now } from './clock.js'
import type { DockerEvent } from './runs.js'
import type { Violations } from './violations.js'

const TOUCHES = ['start', 'restart', 'stop', 'kill', 'die', 'pause', 'unpause', 'rename', 'update', 'destroy']

interface Watched {
  name: string
  status: string
  startedAt: string
}

/** Times in which a container was the campaign's to change; `to` is `null` while it is. */
interface Ours {
  from: number
  to: number | null
}

/** Holds a list of containers to what they were when they were put on it. */
export class ForeignGuard {
  readonly #watched = new Map<string, Watched>()
  readonly #ours = new Map<string, Ours[]>()

  constructor(
    private readonly docker: Docker,
    private readonly violations: Violations,
  ) {}

  async watch(id: string): Promise<void> {
    const { Name, State } = await this.docker.getContainer(id).inspect()
    this.#watched.set(id, { name: Name.slice(1), status: State.Status, startedAt: State.StartedAt })
  }

  unwatch(id: string): void {
    this.#watched.delete(id)
  }

  ids(): string[] {
    return [...this.#watched.keys()]
  }

  /** What happens to these meanwhile is the campaign's doing. What is left of them afterwards is the new state to be held. */
  async whileOurs<T>(ids: readonly string[], act: () => Promise<T>): Promise<T> {
    const windows = ids.map((id) => {
      const window: Ours = { from: now(), to: null }
      this.#ours.set(id, [...(this.#ours.get(id) ?? []), window])
      return window
    })
    try {
      return await act()
    } finally {
      for (const id of ids) if (this.#watched.has(id)) await this.watch(id).catch(() => this.unwatch(id))
      for (const window of windows) window.to = now()
    }
  }

  take(event: DockerEvent): void {
    const watched = this.#watched.get(event.id)
    if (watched === undefined || !TOUCHES.includes(event.action) || this.#isOurs(event.id, event.at)) return
    this.violations.add({ invariant: 'I7', at: event.at, what: `the foreign container ${watched.name} had the event ${event.action}` })
  }

  /** Looks at every one; rejects when Docker cannot be asked. */
  async check(): Promise<void> {
    for (const [id, before] of this.#watched) {
      const at = now()
      const found = await this.docker
        .getContainer(id)
        .inspect()
        .catch((error: unknown) => {
          if (statusOf(error) === 404) return null
          throw error
        })
      if (this.#isOurs(id, at) || this.#isOurs(id, now()) || !this.#watched.has(id) || this.#watched.get(id) !== before) continue
      const what = difference(before, found)
      if (what !== null) this.violations.add({ invariant: 'I7', at, what: `the foreign container ${before.name} ${what}` })
    }
  }

  #isOurs(id: string, at: number): boolean {
    return (this.#ours.get(id) ?? []).some(({ from, to }) => at >= from - 1 && (to === null || at <= to + 50))
  }
}

function difference(before: Watched, found: Docker.ContainerInspectInfo | null): string | null {
  if (found === null) return 'is gone'
  if (found.Name.slice(1) !== before.name) return `is called ${found.Name.slice(1)} now`
  if (found.State.Status !== before.status) return `is ${found.State.Status}, no longer ${before.status}`
  return found.State.StartedAt === before.startedAt ? null : 'was started again'
}

/** The status of Docker's refusal. */
export function statusOf(error: unknown): number | null {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : null
}
