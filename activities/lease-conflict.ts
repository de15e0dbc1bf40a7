/**
 * @module
 * Another Berth on the same Docker daemon that holds the port of the same VPN.
 */
import type { ContainerRuntime, ManagedContainer } from '../src/docker/runtime.js'
import { LABEL } from '../src/domain/labels.js'
import type { VpnLocator } from './vpn-locator.js'

/** Says who holds the port of this VPN for another Berth, `null` when nobody does. Rejects with `RuntimeError` when Docker cannot be asked. */
export async function foreignHolder(runtime: Pick<ContainerRuntime, 'others'>, vpn: VpnLocator): Promise<string | null> {
  if (vpn.name === null) return null
  const holder = (await runtime.others()).find((container) => runs(container) && isForwardedBehind(container, vpn))
  return holder ? textOf(holder, vpn.name) : null
}

/**
 * The same, asked by somebody who has just created the container `ownId` and has not started it. Of two that were created and not started the older one
 * goes on, so that of two Berths that do this at once exactly one does.
 */
export async function foreignRival(
  runtime: Pick<ContainerRuntime, 'others' | 'inspect'>,
  vpn: VpnLocator,
  ownId: string,
): Promise<string | null> {
  if (vpn.name === null) return null
  const rivals = (await runtime.others()).filter((container) => isForwardedBehind(container, vpn))
  if (rivals.length === 0) return null
  const own = await runtime.inspect(ownId)
  const older = ({ id, createdAt }: ManagedContainer): boolean =>
    own === null || createdAt < own.createdAt || (createdAt === own.createdAt && id < ownId)
  const rival = rivals.find((container) => runs(container) || (container.state === 'created' && older(container)))
  return rival ? textOf(rival, vpn.name) : null
}

function isForwardedBehind({ engine, labels, networkMode }: ManagedContainer, vpn: VpnLocator): boolean {
  const same =
    networkMode === `container:${vpn.last()?.id}` || networkMode === `container:${vpn.name}` || labels[LABEL.vpnContainer] === vpn.name
  return engine.forwarded && same
}

function runs({ state }: ManagedContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}

function textOf({ name, id, engine }: ManagedContainer, vpn: string): string {
  const instance = engine.instance ?? 'unreadable'
  return `Container ${name} (${id.slice(0, 12)}) of another Berth (instance ${instance}) holds the forwarded port of ${vpn}: nobody is forwarded here and nothing of it is touched. If that Berth is gone for good, set BERTH_INSTANCE=${instance} here to take its containers over, or remove them.`
}
