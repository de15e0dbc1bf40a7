/** Engines that tests start from, and facts about them. */
import {
  type EngineState,
  type HealthFact,
  initialEngine,
  observe,
  provisioned,
  type Provisioned,
  provisioning,
} from '../../src/domain/engine.js'
import { anEngineInput, frozen } from './samples.js'

export const MINUTE = 60_000

export const made = (containerId: string, change: Partial<Provisioned> = {}): Provisioned => ({
  outcome: 'started',
  containerId,
  containerName: 'berth-a',
  image: 'engine:test',
  variant: 'krinkuto11-amd64',
  host: 'gluetun',
  vpnContainer: 'gluetun',
  forwarded: null,
  ...change,
})
export const FORWARDED = { forwarded: { epoch: 4, p2pPort: 51413 } }
export const PROBLEM = { code: 'unreachable', detail: 'Docker cannot be asked.' }

export const fresh = () => initialEngine(anEngineInput('a'), 0)
export const up = (change: Partial<Provisioned> = {}, now = 0) => provisioned(provisioning(fresh()), made('c1', change), now)
export const lostAt = (state: EngineState, now: number, reason = 'died') =>
  observe(frozen(state), { kind: 'container-lost', containerId: state.view.containerId ?? '', reason }, now)
export const health = (containerId: string, change: Partial<HealthFact> = {}): HealthFact => ({
  kind: 'health',
  containerId,
  health: 'healthy',
  version: '3.2.11',
  platform: 'linux',
  detail: null,
  replace: false,
  ...change,
})
