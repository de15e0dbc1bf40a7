/**
 * @module
 * One structured logger a process.
 */
import { type Logger, pino } from 'pino'

const SECRETS = [
  'apiKey',
  '*.apiKey',
  'authorization',
  '*.authorization',
  'password',
  '*.password',
  '["x-api-key"]',
  'headers["x-api-key"]',
]

/** JSON lines on standard error, so that standard output is the person's. Secrets are never written. */
export function createLogger(part: string, level: string): Logger {
  return pino(
    { level, base: { part }, redact: { paths: SECRETS, censor: '***' }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  )
}
