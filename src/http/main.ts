/**
 * @module
 * The API process: HTTP over a Temporal connection. It never has the Docker socket.
 */
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { Client, Connection } from '@temporalio/client'
import { loadConfig } from '../config/environment.js'
import { createLogger } from '../log.js'
import { untilAskedToStop } from '../stop.js'
import { temporalTarget } from '../temporal/connection.js'
import { createGateway } from '../temporal/gateway.js'
import { createApp } from './app.js'
import { LiveFeed } from './live-feed.js'

/** Where the build puts it, as seen from the compiled file. */
const PANEL = fileURLToPath(new URL('../../panel', import.meta.url))

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const logger = createLogger('api', config.logLevel)
  const target = temporalTarget(config.temporal)
  const connection = Connection.lazy(target.options)
  const client = new Client({ connection, namespace: target.namespace })
  const controlPlane = createGateway(client, config.pool, config.streams)
  const feed = new LiveFeed({ controlPlane, config, now: Date.now })
  feed.start()
  const app = createApp({ controlPlane, config, environment: process.env, feed, panelFolder: PANEL, logger })
  const server = serve({ fetch: app.fetch, hostname: config.http.host, port: config.http.port }, () => {
    logger.info({ host: config.http.host, port: config.http.port }, 'the API listens')
    process.send?.({ kind: 'ready' })
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE'
    logger.fatal(taken ? `${config.http.host}:${config.http.port} is in use: set APP_PORT to a free port` : error.message)
    process.exit(taken ? 98 : 1)
  })
  await untilAskedToStop()
  feed.stop()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  const force = setTimeout(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
  }, 2_000)
  await closed
  clearTimeout(force)
  await connection.close()
}

try {
  await main()
} catch (error) {
  const text = error instanceof Error ? error.message : String(error)
  createLogger('api', 'fatal').fatal({ err: error }, `the API cannot run: ${text}`)
  process.exit(1)
}
process.exit()
