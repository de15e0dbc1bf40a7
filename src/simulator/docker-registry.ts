/**
 * @module
 * Names and ids. A name belongs to one container from the moment somebody asks for it: this is the lock that Berth relies on.
 */
import { randomBytes } from 'node:crypto'
import { DaemonError, invalidName, nameTaken, noSuchContainer } from './docker-errors.js'
import type { SimulatedContainer } from './docker-container.js'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** The containers of the daemon by id and by name. */
export class ContainerRegistry {
  readonly #byId = new Map<string, SimulatedContainer>()
  readonly #idByName = new Map<string, string>()

  /** Takes the name for this id at once, or refuses: exactly one of any number of concurrent callers gets it. */
  reserve(name: string, id: string): void {
    if (!NAME.test(name)) throw invalidName(name)
    const holder = this.#idByName.get(name)
    if (holder !== undefined) throw nameTaken(name, holder)
    this.#idByName.set(name, id)
  }

  release(name: string): void {
    this.#idByName.delete(name)
  }

  add(container: SimulatedContainer): void {
    this.#byId.set(container.id, container)
  }

  delete(container: SimulatedContainer): void {
    this.#byId.delete(container.id)
    this.#idByName.delete(container.name)
  }

  /** Newest first. */
  all(): SimulatedContainer[] {
    return [...this.#byId.values()].reverse()
  }

  /** By full id, then by name, then by an id prefix that only one has. */
  find(reference: string): SimulatedContainer | null {
    const named = this.#idByName.get(reference.replace(/^\//, ''))
    const exact = this.#byId.get(reference) ?? (named === undefined ? undefined : this.#byId.get(named))
    if (exact !== undefined) return exact
    if (reference === '') return null
    const matches = [...this.#byId.values()].filter((container) => container.id.startsWith(reference))
    if (matches.length > 1) throw new DaemonError(500, `Multiple IDs found with provided prefix: ${reference}`)
    return matches[0] ?? null
  }

  get(reference: string): SimulatedContainer {
    const container = this.find(reference)
    if (container === null) throw noSuchContainer(reference)
    return container
  }
}

export const newId = (): string => randomBytes(32).toString('hex')

/** Like those that the daemon gives to a container without a name. */
export const randomName = (): string => `quiet_${randomBytes(4).toString('hex')}`
