/**
 * @module
 * What the watcher tells the workflows.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { PortGeneration, SurveyedContainer } from '../../src/domain/lease-state.js'
import type { EngineView, FleetView, LeaseView, ReconcileView, VpnView } from '../../src/domain/views.js'
import { engineWorkflowId, fleetWorkflowId, leaseWorkflowId } from '../../src/temporal/names.js'
import { unstick } from '../unstick.js'
import * as messages from '../../workflows/messages.js'

/** Milliseconds for one question or signal. */
const DEADLINE_MS = 5_000

/** The workflows of one pool, as the watcher speaks to them. Signals to a workflow that does not exist are answered with `false`. */
export interface PoolFacts {
  fleet(): Promise<FleetView>
  lease(): Promise<LeaseView>
  engine(engineId: string): Promise<EngineView | null>
  /** Whether the engine's workflow goes on. One that is stuck is ended. */
  engineRuns(engineId: string): Promise<boolean>
  engineGone(engineId: string): Promise<boolean>
  containerLost(engineId: string, containerId: string, reason: string): Promise<boolean>
  healthChanged(engineId: string, report: messages.HealthReport): Promise<boolean>
  /** The engine does not know this session any more. */
  sessionUnknown(engineId: string, session: { containerId: string; streamId: string; playbackSessionId: string }): Promise<boolean>
  retryNow(engineId: string): Promise<boolean>
  revoke(epoch: number, reason: string): Promise<void>
  portObserved(port: number | null, generation: PortGeneration): Promise<boolean>
  vacant(epoch: number, preferred: string | null): Promise<boolean>
  found(container: messages.FoundContainer): Promise<boolean>
  /** Every running container has been told of. */
  listed(): Promise<boolean>
  /** A forwarded container runs that the lease did not clear to start. */
  forwardedFound(container: SurveyedContainer): Promise<boolean>
  /** No forwarded container runs that the lease did not clear. */
  noStrays(): Promise<boolean>
  conflict(text: string | null): Promise<boolean>
  reconcile(view: ReconcileView): Promise<boolean>
  vpnChanged(vpn: VpnView): Promise<boolean>
  dockerChanged(docker: { reachable: boolean; detail: string | null }): Promise<boolean>
}

/** Speaks to the workflows of `pool` through the worker's client. */
export function createPoolFacts(client: Client, pool: string): PoolFacts {
  const call = <T>(run: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + DEADLINE_MS, run)
  const told = async (run: () => Promise<void>): Promise<boolean> => {
    try {
      await call(run)
      return true
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw error
    }
  }
  const fleet = client.workflow.getHandle(fleetWorkflowId(pool))
  const lease = client.workflow.getHandle(leaseWorkflowId(pool, 0))
  const engine = (engineId: string) => client.workflow.getHandle(engineWorkflowId(pool, engineId))
  return {
    fleet: () => call(() => fleet.query(messages.fleetQuery)),
    lease: () => call(() => lease.query(messages.leaseQuery)),
    async engine(engineId) {
      try {
        return await call(() => engine(engineId).query(messages.engineQuery))
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null
        throw error
      }
    },
    engineRuns: async (engineId) => (await call(() => unstick(client, engineWorkflowId(pool, engineId)))) === 'goes-on',
    engineGone: (engineId) => told(() => fleet.signal(messages.engineGone, { engineId })),
    containerLost: (engineId, containerId, reason) => told(() => engine(engineId).signal(messages.containerLost, { containerId, reason })),
    healthChanged: (engineId, report) => told(() => engine(engineId).signal(messages.healthChanged, report)),
    sessionUnknown: (engineId, session) => told(() => engine(engineId).signal(messages.sessionUnknown, session)),
    retryNow: (engineId) => told(() => engine(engineId).signal(messages.retryNow)),
    async revoke(epoch, reason) {
      await call(() => lease.executeUpdate(messages.revoke, { args: [{ epoch, reason, by: null }] }))
    },
    portObserved: (port, generation) => told(() => lease.signal(messages.portObserved, { port, generation })),
    vacant: (epoch, preferred) => told(() => fleet.signal(messages.leaseVacant, { index: 0, epoch, excluded: null, preferred })),
    found: (container) => told(() => fleet.signal(messages.containerFound, container)),
    listed: () => told(() => fleet.signal(messages.containersListed)),
    forwardedFound: (container) => told(() => lease.signal(messages.forwardedFound, container)),
    noStrays: () => told(() => lease.signal(messages.noStrays)),
    conflict: (conflict) => told(() => lease.signal(messages.conflictObserved, { conflict })),
    reconcile: (view) => told(() => fleet.signal(messages.reconcileObserved, view)),
    vpnChanged: (vpn) => told(() => fleet.signal(messages.vpnChanged, vpn)),
    dockerChanged: (docker) => told(() => fleet.signal(messages.dockerChanged, docker)),
  }
}
