/**
 * @module
 * Server-sent events from a response's body: the browser's own reader cannot send a key in a header.
 */

export interface Message {
  event: string
  data: string
  id: string | null
}

/**
 * Makes a reader that is fed text as it comes and tells of whole messages.
 *
 * 1. A message may come in any number of pieces; lines may end with LF, CR or CRLF, also cut between the two.
 * 2. Comments and fields that are not known are skipped; a message without data is none.
 */
export function messageReader(onMessage: (message: Message) => void): (text: string) => void {
  let rest = ''
  let event = ''
  let data: string[] = []
  let id: string | null = null

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) onMessage({ event: event || 'message', data: data.join('\n'), id })
      event = ''
      data = []
      return
    }
    const colon = text.indexOf(':')
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') id = value
  }

  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const each of lines) line(each)
  }
}

/** Reads a body to its end. `onPiece` tells of whatever came, comments too: the connection lives. */
export async function readMessages(
  body: ReadableStream<Uint8Array>,
  { onMessages, onPiece }: { onMessages: (messages: Message[]) => void; onPiece: () => void },
): Promise<void> {
  const decoder = new TextDecoder()
  let messages: Message[] = []
  const feed = messageReader((message) => messages.push(message))
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onPiece()
    feed(decoder.decode(value, { stream: true }))
    if (messages.length > 0) onMessages(messages)
    messages = []
  }
}
