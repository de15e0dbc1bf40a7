/**
 * @module
 * `berth refresh`: every workflow goes on on the newest code.
 */
import { Client, Connection } from '@temporalio/client'
import { loadConfig } from '../config/environment.js'
import { temporalTarget } from '../temporal/connection.js'
import { createGateway } from '../temporal/gateway.js'

/** Makes every workflow of the pool continue as new: its history begins again, and no container is touched. Needs a running worker. */
export async function refresh(): Promise<void> {
  const config = loadConfig(process.env)
  const target = temporalTarget(config.temporal)
  const connection = Connection.lazy(target.options)
  try {
    const count = await createGateway(new Client({ connection, namespace: target.namespace }), config.pool).refresh()
    console.log(`berth: ${count} workflows were told to continue as new`)
  } finally {
    await connection.close()
  }
}
