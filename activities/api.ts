/**
 * @module
 * The activities as workflows see them: pure interfaces, so that nothing of Node reaches workflow code.
 */
import type { LogLine } from '../src/domain/views.js'
import type { EngineInput, Provisioned } from '../src/domain/engine.js'
import type { SurveyedContainer } from '../src/domain/lease-state.js'

export interface ProvisionInput {
  engine: EngineInput
  /** The container that it has or had. */
  containerId: string | null
  /** The epoch that it holds or held, `null` when it was not forwarded. */
  epoch: number | null
  /** Why the former container is given up; `null` at the first provisioning. */
  reason: string | null
  /** The fleet chose it to become forwarded: keep the present container when the lease says no. */
  nominated: boolean
  /** Make a follower without asking the lease, handing back what it holds: it failed too often to be trusted with the port. */
  follower: boolean
}

export interface EngineActivities {
  /** Leaves exactly one started container of this engine, forwarded if the lease grants it, and removes every other of this engine. */
  provision(input: ProvisionInput): Promise<Provisioned>
  /**
   * Leaves no container of this engine, and hands back the lease if it held it. Resolves only when they are seen gone. `leaseOnly`: hands back the lease, and
   * removes no more than the containers of its epoch and lower ones; a container that runs and that the lease recovered for this engine, which knows another one
   * (`containerId`) or none, is left as it is: provisioning takes it over.
   */
  retire(input: { engineId: string; pool: string; reason: string; leaseOnly?: boolean; containerId?: string | null }): Promise<void>
}

export interface LeaseActivities {
  /**
   * All containers with the forwarded label of this lease, with the port that each was started with; what Gluetun forwards if that decides between
   * several; and the other Berth that holds the port on this daemon, if one does.
   */
  survey(input: { pool: string; index: number }): Promise<{ survey: SurveyedContainer[]; port: number | null; conflict: string | null }>
  /** Removes every forwarded container of ours with this or a lower epoch, until a list shows none. */
  fence(input: { pool: string; index: number; epoch: number }): Promise<void>
  /** Removes containers with the forwarded label by id; `held`: `RECONCILE_DRY_RUN` keeps it from that. */
  removeForwarded(input: { pool: string; index: number; containerIds: string[] }): Promise<'removed' | 'held'>
}

export interface TellActivities {
  /** Signals a workflow; one that does not exist, or has ended, is a failure that is not tried again. May be repeated, and late: what takes the signal has to bear both. */
  tellWorkflow(input: { workflowId: string; signal: string; argument: unknown }): Promise<void>
}

export interface FleetActivities {
  /** Starts these engines' workflows; those that run already go on. */
  startEngines(input: { engines: EngineInput[] }): Promise<void>
}

export interface WatchActivities {
  /** Watches Docker, the engines and the VPN, and signals what changes. Ends by itself after half a day. */
  watchPool(input: { pool: string }): Promise<void>
}

export interface LogActivities {
  /** The last lines that a container of ours wrote, oldest first; at most some 200,000 characters, the newest. */
  readLogs(input: { containerId: string; tail: number }): Promise<LogLine[]>
}

export interface EnvironmentActivities {
  /** What a container of ours was made with, by name, secrets masked. */
  readEnvironment(input: { containerId: string }): Promise<Record<string, string>>
}

export type Activities = LogActivities &
  EnvironmentActivities &
  EngineActivities &
  LeaseActivities &
  TellActivities &
  FleetActivities &
  WatchActivities
