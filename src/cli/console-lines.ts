/**
 * @module
 * What a person sees of the parts' logs and messages.
 */
import { kindOf } from './part.js'

/** Pino's number for a warning. */
const WARN = 40

interface LogLine {
  level?: number
  msg?: string
  code?: string
  error?: string
  method?: string
  path?: string
  err?: { message?: string }
}

/** Warnings and errors of a part's structured log, as a person reads them; `null` for the rest. */
export function worthSaying(name: string, line: string): string | null {
  if (!line.startsWith('{')) return `${name}: ${line}`
  try {
    const { level, msg, code, error, method, path, err } = JSON.parse(line) as LogLine
    if ((level ?? 0) < WARN) return null
    const details = [method && path ? `${method} ${path}` : null, error ?? err?.message ?? null].filter((detail) => detail !== null)
    return [`${name}: ${msg ?? ''}${code ? ` [${code}]` : ''}`, ...details].join(': ')
  } catch {
    return `${name}: ${line}`
  }
}

/** Who was just started with the forwarded port; `null` for any other message. */
export function forwardedLine(message: unknown): string | null {
  if (kindOf(message) !== 'forwarded') return null
  const { engineId, port, epoch, containerName } = message as { engineId: string; port: number; epoch: number; containerName: string }
  return `berth: forwarded is engine ${engineId} on port ${port} (epoch ${epoch}, container ${containerName})`
}
