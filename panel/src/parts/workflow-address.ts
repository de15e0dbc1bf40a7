/**
 * @module
 * Where Temporal's web UI shows an engine's workflow.
 */
import { useQuery } from '@tanstack/react-query'
import type { Settings } from '../api/contracts.js'
import { readSettings } from '../api/requests.js'
import { useFleet } from '../live/use-live.js'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
/** The web UI of the server that Berth starts itself listens that much above its port. */
const UI_ABOVE = 1000

/** `null` when it is not known: with another Temporal server, or seen from another machine, as the web UI listens on loopback only. */
export function useWorkflowAddress(engineId: string): string | null {
  const { data } = useQuery({ queryKey: ['settings'], queryFn: readSettings, staleTime: 60_000 })
  const pool = useFleet()?.pool
  if (data === undefined || pool === undefined || !LOOPBACK.includes(location.hostname)) return null
  return workflowAddress(data, `engine/${pool}/${engineId}`)
}

function workflowAddress(settings: Settings, workflowId: string): string | null {
  const value = (name: string): string | null => settings.find(({ variable }) => variable === name)?.value ?? null
  const set = (name: string): boolean => settings.some(({ variable, source }) => variable === name && source === 'environment')
  const port = Number(value('TEMPORAL_PORT'))
  const namespace = value('TEMPORAL_NAMESPACE')
  if (['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some(set) || !port || namespace === null) return null
  return `http://${location.hostname}:${port + UI_ABOVE}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`
}
