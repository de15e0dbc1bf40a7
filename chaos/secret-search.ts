/**
 * @module
 * I8: looks for secrets in everything that Berth answers, keeps and logs.
 */
import type { Api } from './api.js'
import type { BerthTree } from './berth-tree.js'
import { now } from './clock.js'
import { secretsIn } from './secrets.js'
import type { TemporalSide } from './temporal-side.js'
import type { Violations } from './violations.js'

const PATHS = ['/engines?all=true', '/lease', '/vpn/status', '/readyz', '/orchestrator/status', '/metrics']

export class SecretSearch {
  constructor(
    private readonly secrets: Readonly<Record<string, string>>,
    private readonly violations: Violations,
  ) {}

  async answers(api: Api): Promise<void> {
    for (const path of PATHS) this.#search((await api.ask('GET', path)).text, (name) => `GET ${path} shows the ${name}`)
  }

  /** Resolves with how many events were searched. */
  async histories(temporal: TemporalSide): Promise<number> {
    let searched = 0
    for (const { name, events, text } of await temporal.histories()) {
      searched += events
      this.#search(text, (secret) => `the history of ${name} holds the ${secret}`)
    }
    return searched
  }

  logs(berth: BerthTree): void {
    for (const { name, text } of berth.logs()) this.#search(text, (secret) => `${name} holds the ${secret}`)
  }

  #search(text: string, found: (secret: string) => string): void {
    for (const name of secretsIn(text, this.secrets)) this.violations.add({ invariant: 'I8', at: now(), what: found(name) })
  }
}
