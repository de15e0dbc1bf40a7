/**
 * @module
 * What a container wrote, as Docker frames it: https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Container/operation/ContainerAttach
 */
import type { LogLine } from '../domain/views.js'

const HEADER_BYTES = 8
const STDERR = 2

/**
 * The lines of an answer of `GET /containers/{id}/logs?timestamps=true`, oldest first. Each frame is one write of the container: a byte for the stream, three of nothing,
 * four for the length. A frame that is cut off ends the reading; a line that was written in parts is one again.
 */
export function readLogLines(bytes: Buffer): LogLine[] {
  const open = new Map<number, string>()
  const lines: LogLine[] = []
  const take = (kind: number, text: string): void => {
    lines.push({ ...stamped(text), stream: kind === STDERR ? 'stderr' : 'stdout' })
  }
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const kind = bytes.readUInt8(at)
    const length = bytes.readUInt32BE(at + 4)
    const end = at + HEADER_BYTES + length
    if (kind > STDERR || end > bytes.length) break
    const parts = ((open.get(kind) ?? '') + bytes.toString('utf8', at + HEADER_BYTES, end)).split('\n')
    open.set(kind, parts.pop() ?? '')
    for (const part of parts) take(kind, part)
    at = end
  }
  for (const [kind, rest] of open) if (rest !== '') take(kind, rest)
  return lines
}

/** `2026-01-31T12:00:00.123456789Z text` */
function stamped(line: string): { at: string | null; text: string } {
  const [, at, text] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) ?(.*)$/s.exec(line) ?? []
  return at === undefined || text === undefined
    ? { at: null, text: printable(line) }
    : { at: new Date(at).toISOString(), text: printable(text) }
}

/** Without control characters, which would play with terminals; tabs stay. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\t]/gu, '')
