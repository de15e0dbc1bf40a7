/**
 * @module
 * What a stream is called: a hash by its ends, an address as it is.
 */
import type { StreamState } from '../api/contracts.js'

export function streamName({ key }: Pick<StreamState, 'key'>): string {
  return /^[0-9a-f]{24,}$/i.test(key) ? `${key.slice(0, 8)}…${key.slice(-6)}` : key
}
