import { describe, expect, test } from 'vitest'
import { type Message, messageReader, readMessages } from '../../panel/src/api/event-stream.js'

function read(...pieces: string[]): Message[] {
  const messages: Message[] = []
  const feed = messageReader((message) => messages.push(message))
  for (const piece of pieces) feed(piece)
  return messages
}

const sent = 'id: 7\nevent: lease.changed\ndata: {"epoch":\ndata: 7}\n\n'
const message = { event: 'lease.changed', data: '{"epoch":\n7}', id: '7' }

describe('events as they come over the wire', () => {
  test('a message has its type, its id and all of its data', () => {
    expect(read(sent)).toEqual([message])
  })

  test('a message may be cut anywhere', () => {
    for (let cut = 0; cut <= sent.length; cut++) expect(read(sent.slice(0, cut), sent.slice(cut)), `cut at ${cut}`).toEqual([message])
    expect(read(...sent.split(''))).toEqual([message])
  })

  test('lines may end with CRLF, also cut between the two', () => {
    const crlf = sent.replaceAll('\n', '\r\n')
    expect(read(crlf, sent)).toEqual([message, message])
    expect(read(...crlf.split(''))).toEqual([message])
  })

  test('comments and messages without data are none', () => {
    expect(read(': still here\n\nevent: x\n\nretry: 3000\n\n')).toEqual([])
  })

  test('a space after the colon is no part of the value, a second one is', () => {
    expect(read('data:a\n\ndata:  b\n\n').map(({ data }) => data)).toEqual(['a', ' b'])
  })

  test('a letter of several bytes may be cut as well, and comments count as signs of life', async () => {
    const bytes = new TextEncoder().encode(': x\n\ndata: Zürich\n\n')
    const told: Message[] = []
    let pieces = 0
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    await readMessages(body, { onMessages: (messages) => told.push(...messages), onPiece: () => pieces++ })
    expect(told.map(({ data }) => data)).toEqual(['Zürich'])
    expect(pieces).toBe(bytes.length)
  })
})
