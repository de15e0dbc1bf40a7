import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { leaseWorkflowId } from '../../src/temporal/names.js'
import { Berth, eventually } from '../support/world.js'

const SIGNALS = 3_000
const SENDERS = 50

let berth: Berth
let connection: Connection
beforeAll(async () => {
  berth = await Berth.demo()
  await berth.start()
  await berth.settled(3)
  connection = await Connection.connect({ address: `127.0.0.1:${berth.temporalPort}` })
})
afterAll(async () => {
  await connection?.close()
  await berth?.discard()
})

it(`${SIGNALS} elections forced by signal, as fast as they can be sent, leave a lease that works: those above what a run takes are refused`, async () => {
  const lease = new Client({ connection, namespace: 'berth' }).workflow.getHandle(leaseWorkflowId('default', 0))
  const { epoch } = await berth.lease()
  let sent = 0
  const refusals = new Set<string>()
  const send = async (): Promise<void> => {
    while (sent < SIGNALS) {
      sent += 1
      await lease.signal('forceElection', { reason: 'one of many' }).catch((error: unknown) => {
        refusals.add(String(error instanceof Error ? (error.cause ?? error) : error))
      })
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, send))
  for (const refusal of refusals) expect(refusal).toContain('limit for signal')
  const after = await eventually('a holder that nobody unseats any more', async () => {
    const { holder, ...view } = await berth.lease()
    return holder?.phase === 'active' && holder.epoch > epoch ? { ...view, holder } : null
  })
  await berth.settled(3)
  const { status } = await berth.send('POST', '/lease/elect', { reason: 'after the flood' })
  expect(status).toBe(202)
  await eventually('the election has been won', async () => {
    const { holder } = await berth.lease()
    return holder?.phase === 'active' && holder.epoch > after.holder.epoch ? true : null
  })
})
