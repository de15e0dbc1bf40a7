import { describe, expect, it } from 'vitest'
import {
  addEngine,
  decide,
  engineChanged,
  engineGone,
  type FleetState,
  initialFleet,
  liveEngines,
  missing,
} from '../../src/domain/fleet.js'

const policy = {
  minReplicas: 1,
  maxReplicas: 3,
  httpPorts: { from: 19_000, to: 19_001 },
  httpsPorts: { from: 45_000, to: 45_010 },
  vpnEnabled: false,
  vpnContainer: null,
}

const NOW = 0

/** A fleet that knows of every container that runs. */
const listedFleet = (): FleetState => ({ ...initialFleet('default', policy), listed: true })

function add(state: FleetState, engineId: string): FleetState {
  const added = addEngine(state, { engineId, labels: {}, environment: {}, port: null, adopt: null }, 0)
  if ('failure' in added) throw new Error(added.failure)
  return added.state
}

function portTaken(state: FleetState, engineId: string): FleetState {
  const view = state.engines[engineId]?.view
  if (!view) throw new Error(`no engine ${engineId}`)
  const problem = { code: 'port-taken', detail: 'in use' }
  return engineChanged(state, { ...view, phase: 'backing-off', problem, revision: view.revision + 1 })
}

describe('an engine whose port somebody else on the host uses', () => {
  it('goes, and its successor gets another port', () => {
    const first = portTaken(add(listedFleet(), 'a'), 'a')
    expect(first.engines.a?.removing).toBe(true)
    expect(missing(first, NOW)).toBe(1)
    expect(add(first, 'b').engines.b?.input.httpPort).toBe(19_001)
    expect(decide(first, NOW)).toEqual([{ kind: 'start', input: first.engines.a?.input }])
  })

  it('leaves its port to be tried again when no other is left', () => {
    const both = portTaken(add(portTaken(add(listedFleet(), 'a'), 'a'), 'b'), 'b')
    const none = engineGone(engineGone(both, 'a', NOW), 'b', NOW)
    expect(liveEngines(none)).toEqual([])
    expect(none.avoided).toEqual([19_000, 19_001])
    const again = add(none, 'c')
    expect(again.engines.c?.input.httpPort).toBe(19_000)
    expect(portTaken(again, 'c').engines.c?.removing).toBe(false)
  })
})
