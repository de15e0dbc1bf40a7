/**
 * @module
 * Times on the wire.
 */
import { z } from 'zod'

/** RFC 3339 in UTC, with `Z`. */
export const Time = z.iso.datetime()

/** `null` when unknown; never an empty string, which makes clients drop the whole answer. */
export const MaybeTime = Time.nullable()

/** Unix milliseconds on the wire. */
export function toTime(ms: number): string
export function toTime(ms: number | null): string | null
export function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
