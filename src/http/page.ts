/**
 * @module
 * Lists in pages. Callers hand a cursor back as it is and know nothing of its inside.
 */
import { invalid } from './body.js'

/**
 * One page of `all`, which is in the order of `keyOf`. What is added or removed between two pages moves none of the others: a cursor is the key of the last
 * item that was seen.
 */
export function pageOf<Item>(
  all: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: { limit: number; cursor: string | null },
): { items: Item[]; next_cursor: string | null } {
  const after = cursor === null ? null : readKey(cursor)
  const rest = after === null ? all : all.slice(all.findLastIndex((item) => keyOf(item) <= after) + 1)
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return { items, next_cursor: rest.length > limit && last !== undefined ? Buffer.from(keyOf(last)).toString('base64url') : null }
}

function readKey(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8')
  if (cursor.length > 4096 || key === '' || Buffer.from(key).toString('base64url') !== cursor)
    throw invalid([{ pointer: 'cursor', detail: 'must be the next_cursor of the page before, or be left out for the first page' }])
  return key
}
