/**
 * @module
 * `POST /containers/{id}/wait`: the head at once, the exit code when it is known.
 */
import type { SimulatedContainer } from './docker-container.js'
import type { Reply } from './docker-reply.js'

export function waitForContainer(container: SimulatedContainer, query: URLSearchParams): Reply {
  const condition = query.get('condition')
  const { run, state } = container
  const done = condition === 'removed' ? container.removed : (run?.ended ?? Promise.resolve())
  return {
    status: 200,
    type: 'application/json',
    stream: (response) => {
      void done.then(() => {
        const error = state.error === '' ? null : { Message: state.error }
        response.end(`${JSON.stringify({ Error: error, StatusCode: state.exitCode })}\n`)
      })
    },
  }
}
