/**
 * @module
 * Provisioning of one engine.
 */
import { z } from 'zod'
import { printable } from './text.js'

const few = (record: Record<string, string>): boolean => Object.keys(record).length <= 64

/** All of it is optional, and so is the body. Fields that are not known are ignored, as clients send some (`image`). */
export const ProvisionBody = z.object(
  {
    labels: z
      .record(
        z
          .string()
          .min(1, 'must not be empty')
          .max(128, 'must be at most 128 characters long')
          .refine((name) => printable(name) && !name.includes('='), 'must not hold control characters or ='),
        z
          .string('must be a string')
          .max(1024, 'must be at most 1024 characters long')
          .refine(printable, 'must not hold control characters'),
        'must be an object of strings',
      )
      .refine(few, 'must have at most 64 entries')
      .default({}),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be a variable name: letters, digits and underscores, no digit first'),
        z
          .string('must be a string')
          .max(8192, 'must be at most 8192 characters long')
          .refine((text) => !text.includes('\0'), 'must not hold a NUL character'),
        'must be an object of strings',
      )
      .refine(few, 'must have at most 64 entries')
      .default({}),
    /** A wish; without one a free port is taken. */
    host_port: z
      .int('must be a whole number from 1 to 65535, or null')
      .min(1, 'must be a whole number from 1 to 65535, or null')
      .max(65_535, 'must be a whole number from 1 to 65535, or null')
      .nullable()
      .default(null),
  },
  'must be an object',
)
export type ProvisionBody = z.output<typeof ProvisionBody>

export const Provisioned = z.object({
  container_id: z.string(),
  container_name: z.string(),
  host_http_port: z.int(),
  container_http_port: z.int(),
  container_https_port: z.int(),
})
export type Provisioned = z.infer<typeof Provisioned>
