import { expect, it } from 'vitest'
import { readLogLines } from '../../src/docker/log-lines.js'

const frame = (kind: number, text: string): Buffer => {
  const payload = Buffer.from(text)
  const header = Buffer.alloc(8)
  header.writeUInt8(kind, 0)
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}
const AT = '2026-01-31T12:00:00.123456789Z'

it('each line of a log has its stream and its time, and none of its control characters', () => {
  const bytes = Buffer.concat([frame(1, `${AT} started\u001b[31m\n`), frame(2, `${AT} a\n${AT} b\n`)])
  expect(readLogLines(bytes)).toEqual([
    { at: '2026-01-31T12:00:00.123Z', stream: 'stdout', text: 'started[31m' },
    { at: '2026-01-31T12:00:00.123Z', stream: 'stderr', text: 'a' },
    { at: '2026-01-31T12:00:00.123Z', stream: 'stderr', text: 'b' },
  ])
})

it('a line that was written in parts is one, and one without an end is there', () => {
  expect(readLogLines(Buffer.concat([frame(1, `${AT} one`), frame(1, ' line')]))).toMatchObject([{ text: 'one line' }])
})

it('what is cut off, or is no frame, is left out', () => {
  const whole = frame(1, `${AT} whole\n`)
  expect(readLogLines(Buffer.concat([whole, frame(1, `${AT} cut\n`).subarray(0, 20)]))).toMatchObject([{ text: 'whole' }])
  expect(readLogLines(Buffer.from('plain text of a terminal'))).toEqual([])
  expect(readLogLines(Buffer.alloc(0))).toEqual([])
})
