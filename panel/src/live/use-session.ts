/**
 * @module
 * What whoever looks may do.
 */
import { useQuery } from '@tanstack/react-query'
import type { Session } from '../api/contracts.js'
import { readSession } from '../api/requests.js'

export const useSession = () => useQuery<Session>({ queryKey: ['session'], queryFn: readSession, staleTime: 60_000 })

export interface Permission {
  allowed: boolean
  /** Why not, for whoever wonders what is missing. */
  reason: string | null
}

/** Whether whoever looks may change something. Not before it is known. */
export function usePermission(): Permission {
  const { data } = useSession()
  if (data === undefined) return { allowed: false, reason: 'Berth has not told yet what you may do' }
  if (data.role === 'operator' || data.role === 'admin') return { allowed: true, reason: null }
  if (data.role === 'viewer') return { allowed: false, reason: 'Your key may only look' }
  return { allowed: false, reason: 'Changes need a key: enter it at the top' }
}
