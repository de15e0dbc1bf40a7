/**
 * @module
 * Where the daemon listens, from `DOCKER_HOST`.
 */

export type DockerAddress = { kind: 'socket'; path: string } | { kind: 'tcp'; host: string; port: number }

const DEFAULT_SOCKET = '/var/run/docker.sock'
const PLAIN_PORT = 2375

/** `null` and the empty string are Docker's default socket. Throws `TypeError`, naming the accepted forms, for any other form than `unix://` and `tcp://`. */
export function parseDockerHost(dockerHost: string | null): DockerAddress {
  if (dockerHost === null || dockerHost === '') return { kind: 'socket', path: DEFAULT_SOCKET }
  if (dockerHost.startsWith('unix://')) {
    const path = dockerHost.slice('unix://'.length)
    return { kind: 'socket', path: path === '' ? DEFAULT_SOCKET : path }
  }
  const url = dockerHost.startsWith('tcp://') ? URL.parse(dockerHost.replace(/^tcp:/, 'http:')) : null
  if (url === null || url.hostname === '' || (url.pathname !== '/' && url.pathname !== '')) {
    throw new TypeError(`DOCKER_HOST is "${dockerHost}": it must be unix:///path/to/docker.sock or tcp://host:port`)
  }
  // As a http:// URL, port 80 would be the one left out.
  const port = /:(\d+)\/?$/.exec(dockerHost)?.[1]
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port: port === undefined ? PLAIN_PORT : Number(port) }
}

/** As `DOCKER_HOST` has it. */
export function formatDockerAddress(address: DockerAddress): string {
  if (address.kind === 'socket') return `unix://${address.path}`
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
