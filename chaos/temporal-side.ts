/**
 * @module
 * The campaign's own client of Temporal: signals by hand, and everything that is kept in histories.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { leaseWorkflowId } from '../src/temporal/names.js'
import { textOf } from './secrets.js'

const NAMESPACE = 'berth'

/** One server, which may be away. */
export class TemporalSide {
  readonly #connection: Connection
  readonly #client: Client

  constructor(port: number) {
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
