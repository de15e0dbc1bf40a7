import { expect, test } from 'vitest'
import * as messages from '../../workflows/messages.js'
import { runOf } from '../support/histories.js'
import { useTemporal } from '../support/temporal.js'

const server = useTemporal('time-skipping')

test('a run continues as new long before it is too long to be taken over, with all that it knows', async () => {
  const pool = await server.pool()
  await pool.startFleet({ minReplicas: 0, maxReplicas: 5 }, [], false)
  const first = await runOf(pool.fleet)
  let asked = 0
  while ((await runOf(pool.fleet)) === first) {
    const wanted = 1 + (asked++ % 2)
    await pool.fleet.executeUpdate(messages.scale, { args: [{ requestId: `r${asked}`, wanted }] })
    expect(asked).toBeLessThan(200)
  }
  const history = await pool.client.workflow.getHandle(pool.fleet.workflowId, first).fetchHistory()
  expect(history.events?.length).toBeLessThan(600)
  expect(await pool.fleetView()).toMatchObject({ wanted: 1 + ((asked - 1) % 2), listed: false })
})
