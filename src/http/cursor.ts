/**
 * @module
 * Where a page of the lease's history goes on. Callers hand a cursor back as it is and know nothing of its inside.
 */
import { invalid } from './body.js'

/** The page after this one begins before `epoch`. */
export function writeCursor(epoch: number): string {
  return Buffer.from(String(epoch)).toString('base64url')
}

/** The epoch before which the page begins. Only what `writeCursor` writes is taken. */
export function readCursor(cursor: string): number {
  const inside = cursor.length <= 32 ? Buffer.from(cursor, 'base64url').toString('latin1') : ''
  const epoch = Number(inside)
  if (!/^\d{1,15}$/.test(inside) || writeCursor(epoch) !== cursor) {
    throw invalid([{ pointer: 'cursor', detail: 'must be the next_cursor of the page before, or be left out for the first page' }])
  }
  return epoch
}
