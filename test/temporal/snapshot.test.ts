import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BerthError } from '../../src/domain/errors.js'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { SnapshotCache } from '../../src/temporal/snapshot.js'
import { snapshotOf } from '../http/fake-control-plane.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** A cache whose reads answer what `answers` holds by then, and how often it has read. */
function cacheOf(first: Snapshot | Error) {
  const source = { answer: first, reads: 0 }
  const cache = new SnapshotCache(async () => {
    source.reads++
    if (source.answer instanceof Error) throw source.answer
    return source.answer
  })
  return { cache, source }
}

const gone = new BerthError('unavailable', 'no worker answers')

describe('a snapshot', () => {
  it('is read once for all who ask at once, and again when it is older than somebody bears', async () => {
    const { cache, source } = cacheOf(snapshotOf({}))
    await Promise.all([cache.get(100), cache.get(0), cache.get(50)])
    expect(source.reads).toBe(1)
    vi.advanceTimersByTime(100)
    await cache.get(100)
    expect(source.reads).toBe(1)
    await cache.get(99)
    expect(source.reads).toBe(2)
  })

  it('is read again after a change, however young it is', async () => {
    const { cache, source } = cacheOf(snapshotOf({}))
    await cache.get(100)
    cache.invalidate()
    await cache.get(100)
    expect(source.reads).toBe(2)
  })

  it('is the last one, marked stale, while reading fails; for a second nobody tries again', async () => {
    const { cache, source } = cacheOf(snapshotOf({}))
    await cache.get(0)
    source.answer = gone
    vi.advanceTimersByTime(10)
    expect(await cache.get(0)).toMatchObject({ stale: true })
    vi.advanceTimersByTime(1_000)
    expect(await cache.get(0)).toMatchObject({ stale: true })
    expect(source.reads).toBe(2)
    source.answer = snapshotOf({})
    vi.advanceTimersByTime(1)
    expect(await cache.get(0)).toMatchObject({ stale: false })
  })

  it('rejects with its reason when there never was one', async () => {
    const { cache } = cacheOf(gone)
    await expect(cache.get(0)).rejects.toBe(gone)
  })

  it('that must be fresh is never a stale one: it rejects with why reading fails, within the second too', async () => {
    const { cache, source } = cacheOf(snapshotOf({}))
    expect(await cache.fresh(0)).toMatchObject({ stale: false })
    source.answer = gone
    vi.advanceTimersByTime(10)
    await expect(cache.fresh(0)).rejects.toBe(gone)
    vi.advanceTimersByTime(500)
    await expect(cache.fresh(0)).rejects.toBe(gone)
    expect(source.reads).toBe(2)
  })
})
