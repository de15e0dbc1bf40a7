/** Fleets that tests start from. */
import { addEngine, type FleetState, initialFleet } from '../../src/domain/fleet.js'
import type { EngineView } from '../../src/domain/views.js'
import { anEngine, anEngineInput, frozen, POLICY } from './samples.js'

/** What an engine is asked for with. */
export const wish = (engineId: string, port: number | null = null) => ({ engineId, labels: {}, environment: {}, port, adopt: null })

/** One engine more, with ports of its own. */
export function add(state: FleetState, engineId: string, port: number | null = null, now = 0): FleetState {
  const added = addEngine(frozen(state), wish(engineId, port), now)
  if ('failure' in added) throw new Error(added.failure)
  return added.state
}

/** The same fleet with something of one engine changed. */
export const set = (state: FleetState, engineId: string, change: Partial<FleetState['engines'][string]>): FleetState => {
  const engine = state.engines[engineId]
  if (!engine) throw new Error(`no engine ${engineId}`)
  return { ...state, engines: { ...state.engines, [engineId]: { ...engine, ...change } } }
}

/** A fleet of started engines with these views. */
export function fleetOf(views: Record<string, Partial<EngineView>>, change: Partial<FleetState> = {}): FleetState {
  let state: FleetState = { ...initialFleet('default', POLICY), listed: true, ...change }
  for (const [engineId, view] of Object.entries(views)) {
    state = add(state, engineId)
    const { httpPort, httpsPort } = state.engines[engineId]?.view ?? anEngineInput(engineId)
    state = set(state, engineId, { started: true, view: anEngine(engineId, { httpPort, httpsPort, ...view }) })
  }
  return state
}
