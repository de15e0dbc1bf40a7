/**
 * @module
 * An engine's state in words.
 */
import type { EngineState, Operation } from '../api/contracts.js'
import type { Tone } from '../parts/dot.js'

const MOVING = {
  provisioning: { tone: 'busy', text: 'Provisioning' },
  starting: { tone: 'busy', text: 'Starting' },
  'backing-off': { tone: 'bad', text: 'Waits to retry' },
  removing: { tone: 'busy', text: 'Removing' },
} as const

const HEALTH = {
  healthy: { tone: 'good', text: 'Healthy' },
  unhealthy: { tone: 'bad', text: 'Unhealthy' },
  unknown: { tone: 'idle', text: 'Not probed yet' },
} as const

const ASKED = { provision: 'Provisioning', restart: 'Restarting', remove: 'Removing' } as const

/** What was asked for here and is not done yet comes before what the engine tells. */
export function engineState(
  engine: Pick<EngineState, 'phase' | 'health_status' | 'draining'>,
  operation?: Operation,
): { tone: Tone; text: string } {
  if (engine.draining && engine.phase === 'running') return { tone: 'busy', text: 'Draining' }
  if (operation?.status === 'running') return { tone: 'busy', text: ASKED[operation.kind] }
  return engine.phase === 'running' ? HEALTH[engine.health_status] : MOVING[engine.phase]
}
