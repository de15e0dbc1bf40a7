/**
 * @module
 * The command line.
 */
import { existsSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { ConfigError } from '../config/environment.js'
import { api, worker } from './single.js'
import { demoKill, demoPort, demoVpn } from './demo.js'
import { healthcheck } from './healthcheck.js'
import { leaseCommand } from './lease.js'
import { StartError } from './start-error.js'

// What is set already counts more than the file.
if (existsSync('.env')) process.loadEnvFile('.env')

// Commands that need Temporal's client load it themselves: a health check runs every few seconds.
const program = new Command('berth')
  .description('Keeps AceStream engines alive behind a Gluetun VPN and gives the one forwarded port to exactly one of them.')
  .showHelpAfterError()
  .exitOverride()

program
  .command('up')
  .description('run everything on this machine: Temporal, worker and API')
  .option('--demo', 'with a simulated Docker, Gluetun and engines', false)
  .action(async (options: { demo: boolean }) => (await import('./up.js')).up(options))
program.command('api').description('run the HTTP API only').action(api)
program.command('worker').description('run a worker only, beside a Docker daemon').action(worker)
program
  .command('refresh')
  .description('after an upgrade: have every workflow continue as new, so that none replays old history; touches no container')
  .action(async () => (await import('./refresh.js')).refresh())
program
  .command('down')
  .description('remove every engine; Berth itself goes on until it is stopped')
  .action(async () => (await import('./down.js')).down())
program
  .command('healthcheck')
  .description('exit code 0 when the worker or the API of this container does its work, else 1')
  .action(async () => {
    process.exitCode = await healthcheck()
  })

program.addCommand(
  leaseCommand({
    env: process.env,
    say: (text) => console.log(text),
    complain: (text) => console.error(text),
    exitWith: (code) => {
      process.exitCode = code
    },
  }),
)

const demo = program.command('demo').description('play with a running demo')
demo.command('port').argument('<port>', 'the port that the VPN is to forward', port).action(demoPort)
demo.command('kill').argument('<engine>', 'engine id, container name or id, or a part of the name').action(demoKill)
demo.command('vpn').argument('<state>', 'up or down', state).action(demoVpn)

function port(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new InvalidArgumentError('A port is a whole number from 1 to 65535.')
  return number
}

function state(value: string): 'up' | 'down' {
  if (value !== 'up' && value !== 'down') throw new InvalidArgumentError('Say up or down.')
  return value
}

try {
  await program.parseAsync()
  process.exit()
} catch (error) {
  // Told already: help, or what is wrong with the arguments.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const expected = error instanceof ConfigError || error instanceof StartError || (error instanceof Error && error.name === 'BerthError')
  console.error(expected ? `berth: ${error.message}` : error)
  process.exit(error instanceof ConfigError ? 2 : 1)
}
