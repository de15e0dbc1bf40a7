/** What tests do with the fleet of a pool. */
import type { FleetPolicy } from '../../src/domain/fleet.js'
import type { EngineView } from '../../src/domain/views.js'
import * as messages from '../../workflows/messages.js'
import { eventually, POLICY, type Pool } from '../support/temporal.js'

let requests = 0
export const provision = (
  pool: Pool,
  changes: Partial<{ requestId: string; hostPort: number | null }> = {},
): Promise<messages.FleetAnswer> =>
  pool.fleet.executeUpdate(messages.provisionEngine, {
    args: [{ requestId: `r${++requests}`, labels: { app: 'x' }, environment: { A: 'b' }, hostPort: null, ...changes }],
  })
export const remove = (pool: Pool, engineId: string, requestId = `r${++requests}`): Promise<messages.FleetAnswer> =>
  pool.fleet.executeUpdate(messages.deleteEngine, { args: [{ requestId, engineId }] })
export const scale = (pool: Pool, wanted: number): Promise<messages.FleetAnswer> =>
  pool.fleet.executeUpdate(messages.scale, { args: [{ requestId: `r${++requests}`, wanted }] })
export const configure = (pool: Pool, changes: Partial<FleetPolicy>): Promise<void> =>
  pool.fleet.signal(messages.configureFleet, { policy: { ...POLICY, ...changes } })

export const idOf = (answer: messages.FleetAnswer): string => {
  if (answer.kind !== 'engine') throw new Error(`no engine: ${JSON.stringify(answer)}`)
  return answer.engineId
}

/** The fleet once it has exactly so many engines, each with a container that is not on its way out. */
export const grown = (pool: Pool, count: number): Promise<EngineView[]> =>
  eventually(async () => {
    const { engines } = await pool.fleetView()
    return engines.length === count && engines.every((engine) => engine.phase === 'starting' || engine.phase === 'running') ? engines : null
  })
export const ids = (engines: EngineView[]): string[] => engines.map(({ engineId }) => engineId)
