/**
 * @module
 * The workflow bundle of the tests: Berth's workflows, and one that stands in for any other workflow and keeps what it is told.
 */
import { condition, continueAsNew, defineQuery, setDefaultSignalHandler, setHandler, workflowInfo } from '@temporalio/workflow'

export * from '../../workflows/index.js'

/** One signal, as it arrived. */
export interface Told {
  signal: string
  argument: unknown
}

export const toldQuery = defineQuery<Told[]>('told')

/** Takes every signal and does nothing. */
export async function recorder(carried: Told[] = []): Promise<void> {
  const told = [...carried]
  setDefaultSignalHandler((signal, argument) => {
    told.push({ signal, argument })
  })
  setHandler(toldQuery, () => told)
  await condition(() => workflowInfo().continueAsNewSuggested)
  await continueAsNew<typeof recorder>(told)
}
