import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveEvent } from '../../src/contracts/live.js'
import type { LiveFeed } from '../../src/http/live-feed.js'
import { engineView, leaseView, snapshotOf } from './fake-control-plane.js'
import { setUp } from './set-up.js'

/** Reads events of one answer. */
class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''
  constructor(readonly response: Response) {
    if (response.body === null) throw new Error('there is no body')
    this.#reader = response.body.getReader()
  }

  /** The next event; heartbeats and settings are passed over. */
  async next(): Promise<LiveEvent> {
    while (true) {
      const end = this.#text.indexOf('\n\n')
      if (end === -1) {
        const { value, done } = await this.#reader.read()
        if (done) throw new Error('the stream has ended')
        this.#text += new TextDecoder().decode(value)
        continue
      }
      const lines = this.#text.slice(0, end).split('\n')
      this.#text = this.#text.slice(end + 2)
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const data = field('data')
      if (data === undefined) continue
      const event = LiveEvent.parse(JSON.parse(data))
      if (field('id') !== event.id || field('event') !== event.type)
        throw new Error(`the fields differ from the data: ${lines.join(' | ')}`)
      return event
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel()
  }
}

describe('the event stream', () => {
  let feed: LiveFeed | undefined
  const open: EventReader[] = []
  afterEach(async () => {
    vi.restoreAllMocks()
    await Promise.all(open.splice(0).map((reader) => reader.close()))
    feed?.stop()
  })

  function running() {
    const all = setUp()
    feed = all.feed
    feed.start()
    const follow = async (lastId?: string): Promise<EventReader> => {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) }
      const reader = new EventReader(await all.app.request('/api/v1/events', { headers }))
      open.push(reader)
      return reader
    }
    return { ...all, follow }
  }

  it('begins with all that is known, and can pass proxies', async () => {
    const { controlPlane, follow } = running()
    controlPlane.current = snapshotOf({ engines: [engineView()] })
    const reader = await follow()
    const first = await reader.next()
    expect(first.type === 'state' && first.data.engines.map(({ engine_id }) => engine_id)).toEqual(['e-1'])
    expect(Object.fromEntries(reader.response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
  })

  it('tells every reader each change once and in order', async () => {
    const { controlPlane, follow } = running()
    const readers = await Promise.all(Array.from({ length: 20 }, () => follow()))
    await Promise.all(readers.map((reader) => reader.next()))
    const ids: string[] = []
    for (let epoch = 18; epoch < 23; epoch++) {
      controlPlane.current = snapshotOf({ lease: leaseView({ epoch }) })
      const told = await Promise.all(readers.map((reader) => reader.next()))
      expect(told.map((event) => event.type === 'lease.changed' && event.data.epoch)).toEqual(readers.map(() => epoch))
      expect(new Set(told.map(({ id }) => id)).size).toBe(1)
      ids.push(told[0]?.id ?? '')
    }
    expect(new Set(ids).size).toBe(5)
  })

  it('goes on after the event that a reader had last, and leaves out none', async () => {
    const { controlPlane, follow } = running()
    const first = await follow()
    const { id } = await first.next()
    for (const epoch of [18, 19, 20]) {
      controlPlane.current = snapshotOf({ lease: leaseView({ epoch }) })
      await first.next()
    }
    const second = await follow(id)
    const told = [await second.next(), await second.next(), await second.next()]
    expect(told.map((event) => event.type === 'lease.changed' && event.data.epoch)).toEqual([18, 19, 20])
  })

  it('begins anew for a reader whose last event is not known', async () => {
    const { follow } = running()
    const reader = await follow('another-7')
    expect((await reader.next()).type).toBe('state')
  })

  it('says when what it tells of is old, and when it is not any more', async () => {
    const { controlPlane, follow } = running()
    const reader = await follow()
    await reader.next()
    controlPlane.current = { ...snapshotOf(), stale: true }
    expect(await reader.next()).toMatchObject({ type: 'freshness', data: { stale: true } })
    controlPlane.current = snapshotOf()
    expect(await reader.next()).toMatchObject({ type: 'freshness', data: { stale: false } })
  })

  it('shows the latest changes in pages to those who do not follow', async () => {
    const { app, controlPlane, follow } = running()
    const reader = await follow()
    await reader.next()
    for (const epoch of [18, 19, 20]) {
      controlPlane.current = snapshotOf({ lease: leaseView({ epoch }) })
      await reader.next()
    }
    const epochs = async (query: string) => {
      const page = (await (await app.request(`/api/v1/events?${query}`)).json()) as {
        items: { data: { epoch: number } }[]
        next_cursor: string | null
      }
      return { epochs: page.items.map(({ data }) => data.epoch), cursor: page.next_cursor }
    }
    const first = await epochs('limit=2')
    expect(first.epochs).toEqual([20, 19])
    expect(await epochs(`limit=2&cursor=${first.cursor}`)).toEqual({ epochs: [18], cursor: null })
  })

  it('leaves nothing behind of a reader that is cut off at once, as too much waits for it, and then hangs up', async () => {
    const { controlPlane, follow, feed } = running()
    const reader = await follow()
    const { id } = await reader.next()
    const problem = { code: 'no-forwarded', detail: 'x'.repeat(1024 * 1024) }
    for (let epoch = 18; epoch < 25; epoch++) {
      controlPlane.current = snapshotOf({ lease: leaseView({ epoch, condition: problem }) })
      await reader.next()
    }
    const [begun, ended, unfollow] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval'), vi.fn<() => void>()]
    const original = feed.follow.bind(feed)
    vi.spyOn(feed, 'follow').mockImplementation(async (lastId, onEvent) => {
      const stop = await original(lastId, onEvent)
      return () => {
        unfollow()
        stop()
      }
    })
    const late = await follow(id)
    const heartbeat: unknown = begun.mock.results[0]?.value
    expect(ended.mock.calls).toContainEqual([heartbeat])
    for (const epoch of [18, 19, 20]) expect(await late.next()).toMatchObject({ type: 'lease.changed', data: { epoch } })
    await late.close()
    expect(unfollow).toHaveBeenCalledTimes(1)
  })
})
