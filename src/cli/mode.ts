/**
 * @module
 * Whether `berth up` runs the real thing or the demo.
 */
import { request } from 'node:http'

export interface Mode {
  demo: boolean
  /** One line for the person. */
  because: string
}

/** The socket of a Docker daemon that nobody configured otherwise. */
export const DEFAULT_SOCKET = '/var/run/docker.sock'

/**
 * The demo runs when asked for, or when nothing says that a real Docker is wanted and none answers. A Docker that is named and does not
 * answer is waited for, not replaced by a demo.
 */
export async function chooseMode(
  asked: boolean,
  env: NodeJS.ProcessEnv,
  ping: (socket: string) => Promise<string | null> = pingSocket,
): Promise<Mode> {
  if (asked) return { demo: true, because: 'asked for with --demo' }
  if (env.DOCKER_HOST) return { demo: false, because: `Docker at ${env.DOCKER_HOST}` }
  const failure = await ping(DEFAULT_SOCKET)
  if (failure === null) return { demo: false, because: `Docker at ${DEFAULT_SOCKET}` }
  if (env.GLUETUN_CONTAINER_NAME) {
    return { demo: false, because: `GLUETUN_CONTAINER_NAME is set, so Docker is waited for: ${failure}` }
  }
  return { demo: true, because: `${failure}; set DOCKER_HOST, or start Docker, for the real thing` }
}

/** `null` when a Docker daemon answers, else why it does not. */
async function pingSocket(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const ask = request({ socketPath, path: '/_ping', timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? null : `${socketPath} answers ${response.statusCode}`)
    })
    ask.on('timeout', () => ask.destroy(new Error('no answer within 1 s')))
    ask.on('error', (error: NodeJS.ErrnoException) => resolve(`${socketPath}: ${reasonOf(error)}`))
    ask.end()
  })
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no Docker socket'
  if (error.code === 'EACCES') return 'this user may not use the Docker socket (add it to the group docker)'
  if (error.code === 'ECONNREFUSED') return 'nobody listens on the Docker socket'
  return error.message
}
