/**
 * @module
 * `ghcr.io/krinkuto11/aceserve`: the Android engine behind a Python launcher. It is not known to take an HTTPS port, so it is given none.
 */
import type { Variant } from './variant.js'

const COMMAND = [
  ...['python', 'main.py', '--bind-all'],
  ...['--live-cache-type', 'memory', '--live-mem-cache-size', '104857600'],
  ...['--disable-sentry', '--log-stdout', '--disable-upnp'],
]

export const aceserve: Variant = {
  image: () => 'ghcr.io/krinkuto11/aceserve:latest',
  containerConfig: ({ httpPort, p2pPort }) => ({
    environment: {},
    command: [...COMMAND, '--http-port', String(httpPort), ...(p2pPort === null ? [] : ['--port', String(p2pPort)])],
  }),
}
