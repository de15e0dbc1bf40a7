/**
 * @module
 * Which Berth a container belongs to, where `BERTH_INSTANCE` does not say it.
 */
import { createHash } from 'node:crypto'
import type { Values } from './variables.js'

export interface InstanceFacts {
  /** Of the Temporal server, see `temporalAddress`. */
  address: string
  namespace: string
  pool: string
}

/**
 * 12 hex characters. The same for the same three texts, for ever: containers carry it in a label, and it must outlive the database. Different for different ones.
 * Letter case of the address and the two usual names of this machine make no difference.
 */
export function instanceOf({ address, namespace, pool }: InstanceFacts): string {
  const server = address.toLowerCase().replace(/^localhost(?=:|$)/, '127.0.0.1')
  return createHash('sha256')
    .update(JSON.stringify([server, namespace, pool]))
    .digest('hex')
    .slice(0, 12)
}

type TemporalVariables = 'TEMPORAL_ADDRESS' | 'TEMPORAL_PORT' | 'TEMPORAL_PROFILE' | 'TEMPORAL_CONFIG_FILE'

/** Where the Temporal server is: its address where that is known, else what names it in Temporal's own configuration. */
export function temporalAddress(values: Pick<Values, TemporalVariables>): string {
  if (values.TEMPORAL_ADDRESS !== undefined) return values.TEMPORAL_ADDRESS
  const named = [values.TEMPORAL_PROFILE, values.TEMPORAL_CONFIG_FILE].filter((name) => name !== undefined)
  return named.length === 0 ? `127.0.0.1:${values.TEMPORAL_PORT}` : named.join(' of ')
}
