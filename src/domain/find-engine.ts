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

/**
 * The engine that a player means: by container id, else by the address that it dials, else by a port that only one engine has, as a player may know the host
 * by another name.
 */
export function findPlayer(
  engines: readonly EngineView[],
  at: { containerId: string | null; host: string; port: number },
): EngineView | undefined {
  const named = at.containerId === null ? undefined : findEngine(engines, at.containerId)
  if (named !== undefined) return named
  const onPort = engines.filter((engine) => engine.hostHttpPort === at.port)
  const exact = onPort.find((engine) => engine.host === at.host)
  return exact ?? (onPort.length === 1 ? onPort[0] : undefined)
}
