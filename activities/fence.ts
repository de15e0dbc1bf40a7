/**
 * @module
 * Ending an epoch: removing its containers until none is seen.
 */
import type { ContainerRuntime, ManagedContainer } from '../src/docker/runtime.js'

/** Which forwarded containers belong to a lease. */
export interface LeaseScope {
  pool: string
  index: number
}

/** A forwarded container of this lease, of this pool or of none (older orchestrators wrote no pool). */
export function isForwardedOf(scope: LeaseScope, container: ManagedContainer): boolean {
  const { forwarded, pool, index } = container.engine
  return forwarded && index === scope.index && (pool === null || pool === scope.pool)
}

/**
 * Resolves when a list, taken after this call began, shows no forwarded container of this lease with this or a lower epoch.
 * The caller must have revoked `epoch` before: a container created later can then never be confirmed, so it is never started.
 * Rejects with `RuntimeError` when Docker cannot be asked; nothing may be concluded then.
 */
export async function fenceEpoch(
  runtime: Pick<ContainerRuntime, 'list' | 'remove'>,
  scope: LeaseScope,
  epoch: number,
  onProgress: (text: string) => void,
): Promise<void> {
  while (true) {
    const found = (await runtime.list({ forwardedOnly: true })).filter(
      (container) => isForwardedOf(scope, container) && (container.engine.epoch ?? 0) <= epoch,
    )
    if (found.length === 0) return
    onProgress(`removing ${found.map((container) => container.name).join(', ')}`)
    await Promise.all(found.map((container) => runtime.remove(container.id)))
  }
}
