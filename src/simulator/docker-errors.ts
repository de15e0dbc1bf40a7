/**
 * @module
 * What a Docker daemon refuses, with its status and its words (20.10).
 */

/** A refusal that the client gets as `{"message": …}`. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError'
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export const noSuchContainer = (reference: string): DaemonError => new DaemonError(404, `No such container: ${reference}`)

export const notRunning = (id: string): DaemonError => new DaemonError(409, `Container ${id} is not running`)

export const removalInProgress = (reference: string): DaemonError =>
  new DaemonError(409, `removal of container ${reference} is already in progress`)

export const nameTaken = (name: string, id: string): DaemonError =>
  new DaemonError(
    409,
    `Conflict. The container name "/${name}" is already in use by container "${id}". ` +
      'You have to remove (or rename) that container to be able to reuse that name.',
  )

export const invalidName = (name: string): DaemonError =>
  new DaemonError(400, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`)

export const pageNotFound = (): DaemonError => new DaemonError(404, 'page not found')
