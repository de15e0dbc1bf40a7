/**
 * @module
 * Where the Gluetun container is now.
 */
import type { ContainerRuntime, VpnContainer } from '../src/docker/runtime.js'

/** Keeps the newest inspect of the Gluetun container, so that not every engine asks again. */
export interface VpnLocator {
  /** Name of the container; `null` when no VPN is configured. */
  readonly name: string | null
  /** Not older than `maxAgeMs`; `null` when there is no such container. Rejects with `RuntimeError` when Docker cannot be asked. */
  find(maxAgeMs: number): Promise<VpnContainer | null>
  /** The last answer, whatever its age. */
  last(): VpnContainer | null
}

/** A locator over the runtime; concurrent askers share one inspect. */
export function createVpnLocator(runtime: Pick<ContainerRuntime, 'inspectVpn'>, name: string | null): VpnLocator {
  let known: VpnContainer | null = null
  let knownAt = Number.NEGATIVE_INFINITY
  let pending: Promise<VpnContainer | null> | null = null
  const ask = async (container: string): Promise<VpnContainer | null> => {
    try {
      known = await runtime.inspectVpn(container)
      knownAt = performance.now()
      return known
    } finally {
      pending = null
    }
  }
  return {
    name,
    last: () => known,
    async find(maxAgeMs) {
      if (name === null) return null
      if (performance.now() - knownAt <= maxAgeMs) return known
      pending ??= ask(name)
      return pending
    },
  }
}
