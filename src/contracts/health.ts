/**
 * @module
 * Whether Berth itself lives and can work.
 */
import { z } from 'zod'

export const Alive = z.object({ status: z.literal('ok') })
export type Alive = z.infer<typeof Alive>

export const Ready = z.object({
  status: z.enum(['ready', 'not-ready']),
  /** Each part by its name, with what is wrong with it or worth knowing. */
  parts: z.record(z.string(), z.object({ ok: z.boolean(), code: z.string().nullable(), detail: z.string().nullable() })),
})
export type Ready = z.infer<typeof Ready>
