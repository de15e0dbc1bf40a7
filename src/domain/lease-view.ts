/**
 * @module
 * The forwarded lease as it is shown.
 */
import type { LeaseState } from './lease-state.js'
import type { LeaseView, Problem } from './views.js'

/** What the lease's query answers. Its epoch does not go back when the workflow is begun anew: until it has found its holder it shows what it was told of. */
export function viewOf(state: LeaseState): LeaseView {
  const holder = state.holder
  return {
    pool: state.pool,
    index: state.index,
    enabled: state.enabled,
    recovering: state.recovering,
    epoch: state.epoch === 0 ? state.seenEpoch : state.epoch,
    port: state.port.value,
    portGeneration: state.port.generation,
    preferred: state.preferred,
    nominee: state.nominee,
    holder: holder && {
      engineId: holder.engineId,
      epoch: holder.epoch,
      port: holder.port,
      phase: holder.phase,
      containerId: holder.containerId,
      since: holder.since,
    },
    condition: conditionOf(state),
    log: state.log,
  }
}

function conditionOf(state: LeaseState): Problem | null {
  const holder = state.holder
  if (!state.enabled) return { code: 'disabled', detail: 'No VPN is configured: set GLUETUN_CONTAINER_NAME to have one engine forwarded.' }
  if (state.recovering) return { code: 'recovering', detail: 'Listing the containers with the forwarded label before anything is granted.' }
  if (state.conflict !== null) return { code: 'lease-conflict', detail: state.conflict }
  if (state.trouble !== null) return state.trouble
  if (!holder && state.port.value === null) {
    return { code: 'no-forwarded', detail: 'Gluetun forwards no port. An engine becomes forwarded by itself as soon as a port is there.' }
  }
  if (!holder) return { code: 'no-forwarded', detail: `Port ${state.port.value} is free and no engine has it; one is being chosen.` }
  if (holder.phase === 'granted')
    return { code: 'handing-over', detail: `Engine ${holder.engineId} is being started with port ${holder.port}.` }
  if (holder.phase === 'revoking') {
    return {
      code: 'handing-over',
      detail: `Engine ${holder.engineId} is losing port ${holder.port} (${holder.reason}); its container is being removed.`,
    }
  }
  if (state.port.value === null) {
    return {
      code: 'forwarded-without-port',
      detail: `Gluetun forwards no port now; engine ${holder.engineId} keeps its place and is made anew when another port comes.`,
    }
  }
  return null
}
