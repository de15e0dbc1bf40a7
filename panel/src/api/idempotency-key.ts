/**
 * @module
 * What makes a repeated change have one effect.
 */

/** Random enough to be nobody else's. `crypto.randomUUID` exists on https and localhost only. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
