/**
 * @module
 * How an engine is connected to its peers, in words.
 */
import type { EngineState } from '../api/contracts.js'

/** Its P2P port, and whether something listens on it. */
export function p2pPort({ forwarded_port: port, p2p_listening: listening }: EngineState): string {
  if (port === null) return 'none'
  return listening === null ? String(port) : `${port}, ${listening ? 'listening' : 'nothing listens'}`
}

/** The engine's own word, `null` when it gave none. */
export function p2pNetwork({ p2p_connected: connected }: EngineState): string | null {
  return connected === null ? null : connected ? 'connected' : 'not connected'
}

/** What has changed about it since, `null` when nothing that was known. */
export function p2pChange(now: EngineState, before: EngineState): string | null {
  if (before.p2p_listening !== false && now.p2p_listening === false) return `nothing listens on its P2P port ${now.forwarded_port}`
  if (before.p2p_listening === false && now.p2p_listening === true) return `listens on its P2P port ${now.forwarded_port}`
  if (before.p2p_connected !== false && now.p2p_connected === false) return 'has lost its P2P network'
  return before.p2p_connected === false && now.p2p_connected === true ? 'has its P2P network back' : null
}
