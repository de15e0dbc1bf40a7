/**
 * @module
 * Requests and answers of the older orchestrator, one file for each of its routes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const FOLDER = fileURLToPath(new URL('./recordings', import.meta.url))

const Answer = z.strictObject({ status: z.int(), body: z.json() })

const Exchange = z.strictObject({
  name: z.string(),
  /** What the world is like when it is asked. */
  state: z.enum(['usual', 'vpn-down', 'no-vpn', 'full', 'failing', 'bridge', 'analysing', 'silent']).default('usual'),
  request: z.strictObject({ method: z.enum(['GET', 'POST', 'DELETE']), path: z.string(), body: z.json().optional() }),
  answer: Answer,
  /** Paths at which our value is the recorded one, not only of its type. */
  same: z.array(z.string()).default([]),
  /** Where ours differs on purpose, and why; without a `body` it is a problem. */
  ours: z.strictObject({ status: z.int(), body: z.json().optional(), same: z.array(z.string()).default([]), why: z.string() }).optional(),
})
export type Exchange = z.infer<typeof Exchange>

const Recording = z.strictObject({
  /** As `docs/compatibility.md` names it. */
  route: z.string(),
  /** The older one wanted its key. */
  key: z.boolean(),
  exchanges: z.array(Exchange).min(1),
})
export type Recording = z.infer<typeof Recording>

export const RECORDINGS: readonly Recording[] = readdirSync(FOLDER)
  .toSorted()
  .map((file) => Recording.parse(JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8'))))
