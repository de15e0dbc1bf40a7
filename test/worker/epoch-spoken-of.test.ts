import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { epochSpokenOf } from '../../worker/epoch-spoken-of.js'

const payloads = (...values: unknown[]) => ({ payloads: values.map((value) => ({ data: Buffer.from(JSON.stringify(value)) })) })

/** A lease of which this is known. */
function leaseWith(events: object[], status = 'TERMINATED'): Pick<WorkflowHandle, 'describe' | 'fetchHistory'> {
  return {
    describe: async () => ({ status: { name: status } }) as Awaited<ReturnType<WorkflowHandle['describe']>>,
    fetchHistory: async () => ({ events }),
  }
}

const begun = (carried: object) => ({ workflowExecutionStartedEventAttributes: { input: payloads({ pool: 'default', carried }) } })
const answered = (answer: object) => ({ workflowExecutionUpdateCompletedEventAttributes: { outcome: { success: payloads(answer) } } })
const told = (signal: object) => ({ signalExternalWorkflowExecutionInitiatedEventAttributes: { input: payloads(signal) } })

describe('the highest epoch that a lease which has ended spoke of', () => {
  it.each<[what: string, events: object[], epoch: number]>([
    ['it was begun with', [begun({ state: { epoch: 7, holder: { epoch: 6 } } })], 7],
    ['it was begun with, as one that a container was seen with', [begun({ state: { epoch: 7, seenEpoch: 12 } })], 12],
    ['it granted', [begun({ state: { epoch: 7 } }), answered({ kind: 'granted', epoch: 8 }), answered({ kind: 'refused' })], 8],
    ['it told an engine of', [told({ epoch: 31, reason: 'elected' }), answered({ kind: 'granted', epoch: 30 })], 31],
    ['none, when it never granted', [begun({}), answered({ kind: 'refused' })], 0],
  ])('is what %s', async (_, events, epoch) => {
    expect(await epochSpokenOf(leaseWith(events))).toBe(epoch)
  })

  it('is not what others said to it', async () => {
    const asked = { workflowExecutionUpdateAcceptedEventAttributes: { acceptedRequest: { input: { args: payloads({ epoch: 900 }) } } } }
    const signalled = { workflowExecutionSignaledEventAttributes: { input: payloads({ epoch: 901 }) } }
    expect(await epochSpokenOf(leaseWith([asked, signalled, answered({ kind: 'granted', epoch: 3 })]))).toBe(3)
  })

  it('is not asked for while it runs, and there is none where there was no lease', async () => {
    expect(await epochSpokenOf(leaseWith([answered({ epoch: 3 })], 'RUNNING'))).toBe(0)
    const missing = () => Promise.reject(new WorkflowNotFoundError('no such workflow', 'forwarded-lease/default/0', undefined))
    expect(await epochSpokenOf({ describe: missing, fetchHistory: missing })).toBe(0)
  })

  it('is not known while Temporal does not answer', async () => {
    const unavailable = () => Promise.reject(new Error('14 UNAVAILABLE'))
    await expect(epochSpokenOf({ describe: unavailable, fetchHistory: unavailable })).rejects.toThrow('UNAVAILABLE')
  })
})
