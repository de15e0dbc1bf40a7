/**
 * @module
 * Another Berth on the same Docker daemon that holds the port of the same VPN.
 */
import type { ContainerRuntime, ManagedContainer } from '../src/docker/runtime.js'
import { LABEL } from '../src/domain/labels.js'
import type { VpnLocator } from './vpn-locator.js'

/**
 * Says who holds the port of this VPN for another Berth, or is about to with a container that it has created; `null` when nobody does. Whoever has created a
 * container asks before it starts it: of two that do so at once at least one sees the other, and gives way. Rejects with `RuntimeError` when Docker cannot be asked.
 */
export async function foreignHolder(runtime: Pick<ContainerRuntime, 'others'>, vpn: VpnLocator): Promise<string | null> {
  if (vpn.name === null) return null
  const holder = (await runtime.others()).find(
    (container) => (runs(container) || container.state === 'created') && isForwardedBehind(container, vpn),
  )
  return holder ? textOf(holder, vpn.name) : null
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
