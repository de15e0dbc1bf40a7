/**
 * @module
 * The engine stand-in as a process, for a container that takes the place of an engine image. Ports come from the environment or the arguments.
 *
 * Exits with 0 on SIGTERM or SIGINT, and with 1 when a port is in use.
 */
import { startEngine } from './engine-stand-in.js'
import { readEngineSettings } from './engine-settings.js'

const settings = readEngineSettings(process.env, process.argv.slice(2))

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))

if (settings.exitAfterMs !== null) setTimeout(() => process.exit(1), settings.exitAfterMs)

try {
  await startEngine({ host: '0.0.0.0', ...settings })
  process.stdout.write(`engine listens on http ${settings.httpPort}, p2p ${settings.p2pPort ?? 'none'}\n`)
} catch (cause) {
  process.stderr.write(`engine cannot listen: ${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exit(1)
}
