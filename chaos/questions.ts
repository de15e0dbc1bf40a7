/**
 * @module
 * Questions and answers between the campaign and its part that stands in for the outside world.
 */
import { z } from 'zod'
import { STAND_IN_FAULTS } from '../src/simulator/gluetun-stand-in.js'

const everyRule = {
  method: z.string().optional(),
  path: z.string().optional(),
  probability: z.number().optional(),
  count: z.number().optional(),
}

/** A rule of the fault plan, with its path as text. */
export const Rule = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['refuse', 'black-hole', 'truncate', 'drop-reply', 'drop-event', 'swap-event']), ...everyRule }),
  z.object({ kind: z.literal('delay'), milliseconds: z.number(), ...everyRule }),
  z.object({ kind: z.literal('error'), status: z.number().optional(), message: z.string().optional(), ...everyRule }),
  z.object({ kind: z.enum(['cut-events', 'stall-events']), after: z.number().optional(), ...everyRule }),
])
export type Rule = z.output<typeof Rule>

export const Question = z.discriminatedUnion('ask', [
  /** Where things are; starts them at the first time. `target`: the real daemon's socket, `null` for a simulated one. */
  z.object({ ask: z.literal('start'), target: z.string().nullable(), seed: z.number(), password: z.string(), gluetunKey: z.string() }),
  z.object({ ask: z.literal('add-rule'), rule: Rule }),
  z.object({ ask: z.literal('remove-rule'), id: z.number() }),
  z.object({ ask: z.literal('break-streams'), how: z.enum(['cut', 'stall']) }),
  z.object({ ask: z.literal('daemon-down') }),
  z.object({ ask: z.literal('daemon-up'), killContainers: z.boolean() }),
  z.object({ ask: z.literal('end-process'), id: z.string(), exitCode: z.number(), outOfMemory: z.boolean() }),
  z.object({ ask: z.literal('hold-removal'), name: z.string(), how: z.enum(['in-progress', 'dead']) }),
  z.object({ ask: z.literal('release-removal') }),
  z.object({ ask: z.literal('gluetun-ports'), ports: z.array(z.number()) }),
  z.object({ ask: z.literal('gluetun-vpn'), state: z.enum(['up', 'down']) }),
  z.object({ ask: z.literal('gluetun-fault'), fault: z.enum(STAND_IN_FAULTS).nullable() }),
])
export type Question = z.output<typeof Question>

export const Started = z.object({
  /** What Berth is given. */
  proxySocket: z.string(),
  /** The daemon itself, without faults. */
  daemonSocket: z.string(),
  gluetunUrl: z.string().nullable(),
})
export const RuleAdded = z.object({ id: z.number() })
export const RuleRemoved = z.object({ hits: z.number() })
export const Done = z.null()
