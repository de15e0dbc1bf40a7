/**
 * @module
 * Which engine a person or a client means.
 */
import type { EngineView } from './views.js'

/** By container id or a prefix of at least 12 digits that fits one only, by engine id, or by container name. */
export function findEngine(engines: readonly EngineView[], id: string): EngineView | undefined {
  const exact = engines.find((engine) => engine.containerId === id || engine.engineId === id || engine.containerName === id)
  if (exact !== undefined || !/^[0-9a-f]{12,64}$/.test(id)) return exact
  const [only, ...others] = engines.filter((engine) => engine.containerId?.startsWith(id))
  return others.length === 0 ? only : undefined
}
