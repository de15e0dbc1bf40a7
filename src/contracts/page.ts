/**
 * @module
 * Lists that come in pages.
 */
import { z } from 'zod'

/** `limit` and `cursor` of a list. */
export const PageQuery = z.object({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .default(100),
  /** `next_cursor` of the page before. */
  cursor: z.string().nullable().default(null),
})

/** One page; `next_cursor` goes on where it ends, `null` at the end. */
export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next_cursor: z.string().nullable() })
