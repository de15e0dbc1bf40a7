/**
 * @module
 * Hono's router with one route before it.
 */
import type { Result, Router } from 'hono/router'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'

/**
 * Finds the busiest route at once, and everything else as Hono does.
 *
 * 1. That route has one handler, which runs alone: of what is registered for every path nothing stands before it. It may answer without a promise.
 * 2. It is registered once; a second time is an error, as that handler would never run.
 */
export class BusyRouter<T> implements Router<T> {
  readonly name = 'BusyRouter'
  readonly #rest = new SmartRouter<T>({ routers: [new RegExpRouter(), new TrieRouter()] })
  readonly #busiest: { method: string; path: string }
  #found: Result<T> | null = null

  constructor(busiest: { method: string; path: string }) {
    this.#busiest = busiest
  }

  add(method: string, path: string, handler: T): void {
    if (this.#isBusiest(method, path)) {
      if (this.#found !== null) throw new Error(`${method} ${path} has a handler already, which runs alone`)
      this.#found = [[[handler, {}]]]
    }
    this.#rest.add(method, path, handler)
  }

  match(method: string, path: string): Result<T> {
    return this.#found !== null && this.#isBusiest(method, path) ? this.#found : this.#rest.match(method, path)
  }

  #isBusiest(method: string, path: string): boolean {
    return path === this.#busiest.path && method === this.#busiest.method
  }
}
