/**
 * @module
 * What the container of an engine was made with.
 */
import { z } from 'zod'

export const EngineEnvironment = z.object({
  container_id: z.string(),
  /** By name; what looks like a secret is masked. */
  environment: z.record(z.string(), z.string()),
})
export type EngineEnvironment = z.infer<typeof EngineEnvironment>
