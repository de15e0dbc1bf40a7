/**
 * @module
 * How much history Berth writes when nothing happens.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { Berth } from './berth.js'
import type { Cleanup } from './cleanup.js'
import { atMost, table, type Verdict } from './figures.js'
import { until } from './until.js'

const ENGINES = 3
const DAY_SECONDS = 86_400
const CALM_FOR_MS = 10_000

/** What `watch` writes when its activity ends by itself, by event type. It does so twice a day, which no measurement of a minute sees. */
const ROTATION = [
  ...['ActivityTaskStarted', 'ActivityTaskCompleted', 'WorkflowTaskScheduled', 'WorkflowTaskStarted', 'WorkflowTaskCompleted'],
  ...['WorkflowExecutionContinuedAsNew', 'WorkflowExecutionStarted', 'WorkflowTaskScheduled', 'WorkflowTaskStarted'],
  ...['WorkflowTaskCompleted', 'ActivityTaskScheduled'],
]
const ROTATIONS_A_DAY = 2

/** Events so far by workflow id, with the run that they are of. */
type Lengths = Map<string, { runId: string; length: number }>

/** Counts the events that all workflows write while nothing happens, and extrapolates to a day. */
export async function historyAtRest(berth: Berth, cleanup: Cleanup, seconds: number): Promise<Verdict[]> {
  console.log(`\nHistory at rest: ${ENGINES} engines, ${seconds} s`)
  await berth.settled(ENGINES)
  const connection = await cleanup.make(
    'the connection to Temporal',
    () => Connection.connect({ address: `127.0.0.1:${berth.temporalPort}` }),
    (made) => made.close(),
  )
  const client = new Client({ connection, namespace: 'berth' })
  const before = await untilCalm(client)
  const began = performance.now()
  await delay(seconds * 1000)
  const after = await lengths(client)
  const days = (performance.now() - began) / 1000 / DAY_SECONDS
  const written = await difference(client, before, after)

  const rotation = ROTATION.length * ROTATIONS_A_DAY
  const kinds = [...new Set([...written.keys()].map(kindOf))].toSorted()
  const of = (kind: string) => [...written].filter(([id]) => kindOf(id) === kind).map(([, events]) => events)
  const sum = (events: number[]) => events.reduce((total, each) => total + each, 0)
  const perDay = (kind: string) => Math.round(sum(of(kind)) / of(kind).length / days) + (kind === 'watch' ? rotation : 0)
  console.log(
    table(
      ['workflow', 'how many', 'events seen', 'per day each, extrapolated'],
      kinds.map((kind) => [
        kind,
        String(of(kind).length),
        String(sum(of(kind))),
        kind === 'watch' ? `${perDay(kind)}, of which ${rotation} calculated` : String(perDay(kind)),
      ]),
    ),
  )
  console.log(
    `  ${seconds} s stand for a day: one event seen counts as ${Math.round(1 / days)} a day. Calculated, not seen: watch begins anew every 12 hours (${ROTATION.length} events).`,
  )
  const still = perDay('engine') + perDay('forwarded-lease')
  return [
    atMost('history events a day: engine and lease', still, 0, String),
    atMost('history events a day: fleet and watch', perDay('fleet') + perDay('watch'), 199, String),
  ]
}

/** Resolves once nothing has been written for a while: what the start set off is over. */
async function untilCalm(client: Client): Promise<Lengths> {
  let last = await lengths(client)
  let since = performance.now()
  return until(
    'the workflows are at rest',
    async () => {
      const now = await lengths(client)
      if (JSON.stringify([...now]) !== JSON.stringify([...last])) since = performance.now()
      last = now
      return performance.now() - since >= CALM_FOR_MS ? now : null
    },
    { everyMs: 1_000, withinMs: 180_000 },
  )
}

async function lengths(client: Client): Promise<Lengths> {
  const found: Lengths = new Map()
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    const { runId, historyLength } = await client.workflow.getHandle(workflowId).describe()
    found.set(workflowId, { runId, length: historyLength })
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Events written between, by workflow id. A run that ended meanwhile is counted to its end; two ends are not expected at rest. */
async function difference(client: Client, before: Lengths, after: Lengths): Promise<Map<string, number>> {
  const written = new Map<string, number>()
  for (const [workflowId, { runId, length }] of after) {
    const former = before.get(workflowId)
    if (former === undefined) throw new Error(`${workflowId} began while all was to be at rest`)
    const ended =
      former.runId === runId ? length : length + (await client.workflow.getHandle(workflowId, former.runId).describe()).historyLength
    written.set(workflowId, ended - former.length)
  }
  return written
}

/** `engine/default/1a2b` is an `engine`. */
function kindOf(workflowId: string): string {
  return workflowId.slice(0, workflowId.indexOf('/'))
}
