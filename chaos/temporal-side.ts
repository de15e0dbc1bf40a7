/**
 * @module
 * The campaign's own client of Temporal: signals by hand, and everything that is kept in histories.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { loadConfig } from '../src/config/environment.js'
import { fleetWorkflowId, leaseWorkflowId, watchWorkflowId } from '../src/temporal/names.js'
import { configureFleet } from '../workflows/messages.js'
import { textOf } from './secrets.js'

const NAMESPACE = 'berth'

/** One server, which may be away. */
export class TemporalSide {
  readonly #connection: Connection
  readonly #client: Client

  /** `env`: as Berth was started. */
  constructor(
    port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.#connection = Connection.lazy({ address: `127.0.0.1:${port}`, connectTimeout: 5_000 })
    this.#client = new Client({ connection: this.#connection, namespace: NAMESPACE })
  }

  /** As `temporal workflow signal` sends it; resolves with how many were taken. */
  async forceElection(times: number): Promise<number> {
    const handle = this.#client.workflow.getHandle(leaseWorkflowId('default', 0))
    const sent = Array.from({ length: times }, (_, index) =>
      this.#connection.withDeadline(Date.now() + 10_000, () => handle.signal('forceElection', { reason: `by hand ${index}` })),
    )
    const results = await Promise.allSettled(sent)
    return results.filter(({ status }) => status === 'fulfilled').length
  }

  /** As a worker that was started with another `FORWARDED_ROTATE_EVERY` tells the fleet, which knows no least period; `null`: as Berth was started. */
  async rotateEvery(milliseconds: number | null): Promise<void> {
    const { fleet, engines, gluetun } = loadConfig(this.env)
    const policy = {
      ...fleet,
      rotateEveryMs: milliseconds ?? fleet.rotateEveryMs,
      httpPorts: engines.httpPorts,
      httpsPorts: engines.httpsPorts,
      vpnEnabled: true,
      vpnContainer: gluetun.containerName,
    }
    await this.#client.workflow.getHandle(fleetWorkflowId('default')).signal(configureFleet, { policy })
  }

  /** Ends these at once. */
  async terminate(...workflows: ('lease' | 'fleet' | 'watch')[]): Promise<void> {
    const ids = { lease: leaseWorkflowId('default', 0), fleet: fleetWorkflowId('default'), watch: watchWorkflowId('default') }
    await this.#connection.withDeadline(Date.now() + 10_000, () =>
      Promise.all(workflows.map((workflow) => this.#client.workflow.getHandle(ids[workflow]).terminate('by hand'))),
    )
  }

  /** The text of every history that is kept, ended runs too. */
  async histories(): Promise<{ name: string; events: number; text: string }[]> {
    const found: { name: string; events: number; text: string }[] = []
    for await (const { workflowId, runId, memo } of this.#client.workflow.list()) {
      const history = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory()
      const text = `${textOf(history)}\n${textOf(memo)}`
      found.push({ name: `${workflowId} ${runId}`, events: history.events?.length ?? 0, text })
    }
    return found
  }

  /** Writes the history of every workflow into a folder, in the form in which `test/replay` keeps them. */
  async keepHistories(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true })
    for await (const { workflowId, runId } of this.#client.workflow.list()) {
      const { events } = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory()
      const lines = (events ?? []).map((event) => JSON.stringify(event))
      writeFileSync(join(folder, `${workflowId.replaceAll('/', '_')}-${runId}.json`), `{"events":[\n${lines.join(',\n')}\n]}\n`)
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
