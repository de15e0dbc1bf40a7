/**
 * @module
 * Somebody who removes whichever container is forwarded.
 */
import type Docker from 'dockerode'

/** Removes it at once; nothing happens when there is none, or when somebody else is faster. */
export async function killForwarded(docker: Docker): Promise<void> {
  const [container] = await docker.listContainers({ filters: JSON.stringify({ label: ['acestream.forwarded=true'] }) })
  if (!container) return
  await docker
    .getContainer(container.Id)
    .remove({ force: true })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404 && error.statusCode !== 409) throw error
    })
}
