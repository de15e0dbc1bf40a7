/**
 * @module
 * What the labels say of a lease that starts from nothing: the containers that run as forwarded ones, and with which port.
 */
import type { ContainerRuntime, ManagedContainer } from '../src/docker/runtime.js'
import type { SurveyedContainer } from '../src/domain/lease-state.js'
import { engineIdOf } from '../src/domain/reconcile.js'
import { isForwardedOf, type LeaseScope } from './fence.js'
import { foreignHolder } from './lease-conflict.js'
import type { VpnLocator } from './vpn-locator.js'

export interface SurveyDeps {
  runtime: Pick<ContainerRuntime, 'list' | 'inspect' | 'others'>
  vpn: VpnLocator
  /** What Gluetun forwards now, `null` when it cannot be learned soon. */
  forwardedPort: () => Promise<number | null>
  /** Whether an engine answers. */
  answers: (container: ManagedContainer) => Promise<boolean>
}

/**
 * 1. Containers of older orchestrators name their port in no label: it is read from what they were configured with.
 * 2. Gluetun and the engines are asked only when there is something to choose between.
 */
export async function surveyForwarded(
  scope: LeaseScope,
  deps: SurveyDeps,
): Promise<{ survey: SurveyedContainer[]; port: number | null; conflict: string | null }> {
  await deps.vpn.find(0)
  const found = (await deps.runtime.list({ forwardedOnly: true })).filter((container) => isForwardedOf(scope, container))
  const running = found.filter(isRunning)
  const choice = running.length > 1
  const [survey, port, foreign] = await Promise.all([
    Promise.all(found.map((container) => surveyed(container, deps, choice && isRunning(container)))),
    choice || running.some((container) => container.engine.epoch === null) ? deps.forwardedPort() : null,
    foreignHolder(deps.runtime, deps.vpn),
  ])
  return { survey, port, conflict: foreign }
}

/** One forwarded container as the lease looks at it. */
export async function surveyed(
  container: ManagedContainer,
  { runtime, answers }: Pick<SurveyDeps, 'runtime' | 'answers'>,
  ask: boolean,
): Promise<SurveyedContainer> {
  const inspected = isRunning(container) ? await runtime.inspect(container.id) : null
  return {
    containerId: container.id,
    name: container.name,
    engineId: engineIdOf(container),
    epoch: container.engine.epoch,
    p2pPort: inspected?.configuredP2pPort ?? container.engine.p2pPort,
    running: isRunning(container),
    healthy: ask ? await answers(container) : null,
    createdAt: container.createdAt,
  }
}

function isRunning(container: ManagedContainer): boolean {
  return container.state === 'running' || container.state === 'paused'
}
