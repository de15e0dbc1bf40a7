import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StreamSample } from '../../src/domain/views.js'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { StreamSamples } from '../../src/temporal/stream-samples.js'
import { engineView, snapshotOf, streamView } from '../http/fake-control-plane.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const sample = (ts: number): StreamSample => ({ ts, peers: 1, speedDown: 2, speedUp: 3, downloaded: 4, uploaded: 5, status: 'dl' })
/** One stream plays, and was last asked for at `ts`. */
const playing = (ts: number | null): Snapshot =>
  snapshotOf({ engines: [engineView({ streams: [streamView({ id: 's' })] })], samples: new Map(ts === null ? [] : [['s', sample(ts)]]) })
const times = (samples: StreamSamples, since: number | null = null): number[] => samples.since('s', since).map(({ ts }) => ts)

/** Reads what `next` says, each five seconds. */
function gathering(next: () => Snapshot, historyMax = 720) {
  let reads = 0
  const samples = new StreamSamples(
    async () => {
      reads += 1
      return next()
    },
    { collectEveryMs: 5_000, historyMax },
    Date.now,
  )
  return { samples, reads: () => reads }
}

describe('samples of a stream over time', () => {
  test('are each taken once, oldest first, from a time on', () => {
    const { samples } = gathering(snapshotOf)
    for (const ts of [null, 10, 10, 20, 15, 30]) samples.take(playing(ts))
    expect(times(samples)).toEqual([10, 20, 30])
    expect(times(samples, 10)).toEqual([20, 30])
    expect(samples.since('another', null)).toEqual([])
  })

  test('are the newest ones when there are too many', () => {
    const { samples } = gathering(snapshotOf, 3)
    for (let ts = 1; ts <= 10; ts++) samples.take(playing(ts))
    expect(times(samples)).toEqual([8, 9, 10])
  })

  test('are kept for ten minutes after the stream', () => {
    const { samples } = gathering(snapshotOf)
    samples.take(playing(1))
    vi.advanceTimersByTime(9 * 60_000)
    samples.take(snapshotOf())
    expect(times(samples)).toEqual([1])
    vi.advanceTimersByTime(2 * 60_000)
    samples.take(snapshotOf())
    expect(times(samples)).toEqual([])
  })
})

describe('reading', () => {
  test('goes on by itself while a stream plays, and stops with it', async () => {
    let plays = true
    const { samples, reads } = gathering(() => (plays ? playing(Date.now()) : snapshotOf()))
    samples.begin()
    await vi.advanceTimersByTimeAsync(21_000)
    expect(reads()).toBe(5)
    expect(times(samples)).toHaveLength(5)
    plays = false
    await vi.advanceTimersByTimeAsync(5_000)
    const before = reads()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(reads()).toBe(before)
  })

  test('begins with what others read', async () => {
    const { samples, reads } = gathering(() => playing(Date.now()))
    samples.take(playing(1))
    await vi.advanceTimersByTimeAsync(5_100)
    expect(reads()).toBe(1)
    expect(times(samples)).toHaveLength(2)
  })

  test('is tried again while nobody answers', async () => {
    let answers = false
    const { samples, reads } = gathering(() => {
      if (!answers) throw new Error('no worker')
      return playing(Date.now())
    })
    samples.begin()
    await vi.advanceTimersByTimeAsync(11_000)
    expect(reads()).toBe(3)
    answers = true
    await vi.advanceTimersByTimeAsync(5_000)
    expect(times(samples)).toHaveLength(1)
  })
})
