/**
 * @module
 * Giving up an engine, or only the port that it holds.
 */
import type { ContainerRuntime } from '../src/docker/runtime.js'
import { engineIdOf } from '../src/domain/reconcile.js'
import type { EngineActivities } from './api.js'
import { fenceEpoch } from './fence.js'
import type { LeaseClient } from './lease-client.js'

export interface RetireDeps {
  runtime: ContainerRuntime
  lease: LeaseClient
  /** Called between steps; throws when the attempt is to stop. */
  checkpoint: (step: string) => void
}

/**
 * Leaves no container of the engine, or with `leaseOnly` none that has the port.
 *
 * 1. The epoch that the engine holds is revoked first, and handed back when every container of it and of lower ones is seen gone.
 * 2. Safe to repeat after being cut off at any line.
 * 3. With `leaseOnly` a running container that the lease recovered for the engine, and that the engine does not know (`containerId`), is left with its epoch.
 */
export async function retireEngine(
  { engineId, pool, reason, leaseOnly = false, containerId = null }: Parameters<EngineActivities['retire']>[0],
  { runtime, lease, checkpoint }: RetireDeps,
): Promise<void> {
  const { holder } = await lease.view()
  const held = holder?.engineId === engineId ? holder : null
  const recovered = held?.phase === 'active' && held.containerId !== containerId ? held.containerId : null
  if (leaseOnly && recovered !== null && (await runtime.inspect(recovered))?.state === 'running') return
  if (held !== null) await lease.revoke({ epoch: held.epoch, reason, by: engineId })
  checkpoint('revoked')
  while (!leaseOnly) {
    const own = (await runtime.list()).filter((container) => engineIdOf(container) === engineId)
    if (own.length === 0) break
    await Promise.all(own.map((container) => runtime.remove(container.id)))
    checkpoint('removed')
  }
  if (held === null) return
  await fenceEpoch(runtime, { pool, index: 0 }, held.epoch, checkpoint)
  await lease.ended({ epoch: held.epoch, request: null })
}
