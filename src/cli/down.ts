/**
 * @module
 * `berth down`: no engine is left.
 */
import { Client, Connection } from '@temporalio/client'
import { loadConfig } from '../config/environment.js'
import { temporalTarget } from '../temporal/connection.js'
import { createGateway } from '../temporal/gateway.js'

/** Removes every engine of the pool and makes none until a worker starts again. Needs a running worker. */
export async function down(): Promise<void> {
  const config = loadConfig(process.env)
  const target = temporalTarget(config.temporal)
  const connection = Connection.lazy(target.options)
  try {
    await createGateway(new Client({ connection, namespace: target.namespace }), config.pool).park()
    console.log('berth: every engine is removed; none is made until a worker starts again')
  } finally {
    await connection.close()
  }
}
