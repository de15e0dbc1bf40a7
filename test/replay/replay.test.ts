/**
 * Histories of real runs, kept in `histories`, are replayed with the present workflows: a change that would stop running workflows fails here.
 * `BERTH_RECORD_HISTORIES=1 npx vitest run test/workflows` writes them anew.
 */
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, test } from 'vitest'
import { keptHistories, keptHistory as read } from '../support/histories.js'
import { installRuntime, workflowBundle } from '../support/temporal.js'

type History = ReturnType<typeof read>

const names = keptHistories()

beforeAll(() => installRuntime())

/** What went wrong with each history, `null` where nothing did. */
async function replayed(histories: Record<string, History>): Promise<Record<string, string | null>> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url))
  const results = Worker.runReplayHistories(
    { workflowBundle: await workflowBundle(workflowsPath) },
    Object.entries(histories).map(([workflowId, history]) => ({ workflowId, history })),
  )
  const found: Record<string, string | null> = {}
  for await (const { workflowId, error } of results) found[workflowId] = error ? `${error.name}: ${error.message}` : null
  return found
}

const typeOf = ({ events }: History): string | null | undefined => events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name

describe('kept histories', () => {
  test('are there for every type of workflow, and small', () => {
    expect(new Set(names.map((name) => typeOf(read(name))))).toEqual(new Set(['forwardedLease', 'engine', 'fleet', 'watch']))
    for (const name of names) expect(read(name).events?.length, name).toBeLessThan(250)
  })

  test('are replayed by the present workflows', async () => {
    const found = await replayed(Object.fromEntries(names.map((name) => [name, read(name)])))
    expect(found).toEqual(Object.fromEntries(names.map((name) => [name, null])))
  })
})

describe('replaying', () => {
  /** The first event of a kind, which must be there. */
  function eventOf<T>(history: History, pick: (event: NonNullable<History['events']>[number]) => T | null | undefined): T {
    const found = (history.events ?? []).map(pick).find((value) => value !== null && value !== undefined)
    if (found === null || found === undefined) throw new Error('the history has no such event')
    return found
  }

  test('notices that a workflow would call another activity', async () => {
    const history = read('engine-running')
    eventOf(history, (event) => event.activityTaskScheduledEventAttributes).activityType = { name: 'another' }
    expect((await replayed({ changed: history })).changed).toMatch(/determinism/i)
  })

  test('notices that a workflow would no longer wait', async () => {
    const history = read('engine-backing-off')
    const started = (history.events ?? []).findIndex((event) => event.timerStartedEventAttributes)
    history.events?.splice(started, 1)
    expect((await replayed({ changed: history })).changed).not.toBeNull()
  })
})
