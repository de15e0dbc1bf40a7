/**
 * @module
 * The images on the simulated host, and what becomes of a pull.
 */
import { createHash } from 'node:crypto'
import { DaemonError } from './docker-errors.js'

export interface Image {
  readonly id: string
  readonly tag: string
  readonly createdAt: Date
}

/** Names of images, with their tag and without Docker Hub's prefix: `busybox` is `busybox:latest`. */
export function normalizeImage(reference: string): string {
  const name = reference.replace(/^docker\.io\//, '').replace(/^library\//, '')
  return name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`
}

const REFERENCE = /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/

/** The images on the host. A pull succeeds at once for every name that is not `unpullable`. */
export class ImageStore {
  readonly #byTag = new Map<string, Image>()

  constructor(
    present: readonly string[],
    private readonly unpullable: readonly (string | RegExp)[],
  ) {
    for (const reference of present) this.#add(reference)
  }

  /** By reference or id, `null` when it is not on the host. Refuses what is no reference. */
  find(reference: string): Image | null {
    const byId = [...this.#byTag.values()].find((image) => image.id === reference || image.id === `sha256:${reference}`)
    if (byId !== undefined) return byId
    if (!REFERENCE.test(reference)) {
      const uppercase = /[A-Z]/.test(reference.replace(/:[^/]*$/, ''))
      throw new DaemonError(400, `invalid reference format${uppercase ? ': repository name must be lowercase' : ''}`)
    }
    return this.#byTag.get(normalizeImage(reference)) ?? null
  }

  pull(reference: string): Image {
    const present = this.find(reference)
    if (present !== null) return present
    const repository = normalizeImage(reference).replace(/:[^/]*$/, '')
    const refused = this.unpullable.some((name) =>
      typeof name === 'string' ? normalizeImage(name) === normalizeImage(reference) || name === repository : name.test(reference),
    )
    if (refused) {
      throw new DaemonError(
        404,
        `pull access denied for ${repository}, repository does not exist or may require 'docker login': ` +
          'denied: requested access to the resource is denied',
      )
    }
    return this.#add(reference)
  }

  #add(reference: string): Image {
    const tag = normalizeImage(reference)
    const image = { id: `sha256:${createHash('sha256').update(tag).digest('hex')}`, tag, createdAt: new Date() }
    this.#byTag.set(tag, image)
    return image
  }
}

/** `GET /images/{name}/json` */
export function viewImage(image: Image): unknown {
  return {
    Id: image.id,
    RepoTags: [image.tag],
    RepoDigests: [],
    Parent: '',
    Comment: '',
    Created: image.createdAt.toISOString(),
    DockerVersion: '',
    Author: '',
    Config: { Env: null, Cmd: ['/engine'], Entrypoint: null, Labels: null },
    Architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    Os: 'linux',
    Size: 1_982_277,
    VirtualSize: 1_982_277,
  }
}
