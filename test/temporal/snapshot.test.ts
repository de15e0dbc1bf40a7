import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { SnapshotCache } from '../../src/temporal/snapshot.js'
import type { EngineView } from '../../src/domain/views.js'
import { engineView, snapshotOf, streamView } from '../http/fake-control-plane.js'

/** Reads that are answered by hand; each snapshot is known by `takenAt`: which read it is of. */
class Reads {
  fleet: EngineView[] = []
  readonly begun: { answer: () => void; fail: (error: Error) => void }[] = []
  readonly cache = new SnapshotCache(
    () =>
      new Promise<Snapshot>((resolve, fail) => {
        const takenAt = this.begun.length
        this.begun.push({ answer: () => resolve(this.#of(takenAt)), fail })
      }),
  )

  #of(takenAt: number): Snapshot {
    const snapshot = snapshotOf({ takenAt })
    return { ...snapshot, fleet: { ...snapshot.fleet, engines: this.fleet } }
  }

  /** The newest read takes `tookMs` and is answered. */
  async answer(tookMs = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(tookMs)
    this.begun.at(-1)?.answer()
    await vi.advanceTimersByTimeAsync(0)
  }
}

describe('a snapshot', () => {
  let reads: Reads
  const which = async (snapshot: Promise<Snapshot>): Promise<number> => (await snapshot).takenAt

  beforeEach(() => {
    vi.useFakeTimers()
    reads = new Reads()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  async function first(tookMs = 0): Promise<void> {
    const got = reads.cache.get(250)
    await reads.answer(tookMs)
    await got
  }

  it('is read once for all who ask at once, and serves as long as each allows', async () => {
    const all = Promise.all(Array.from({ length: 50 }, () => which(reads.cache.get(250))))
    await reads.answer()
    expect(new Set(await all)).toEqual(new Set([0]))
    await vi.advanceTimersByTimeAsync(200)
    expect(await which(reads.cache.get(250))).toBe(0)
    const newer = which(reads.cache.get(100))
    await reads.answer()
    expect(await newer).toBe(1)
  })

  it('is read ahead of time, so that nobody waits while many ask', async () => {
    await first(20)
    const waited: boolean[] = []
    for (let now = 20; now < 2_000; now += 5) {
      let answered = false
      void reads.cache.get(250).then(() => (answered = true))
      await vi.advanceTimersByTimeAsync(0)
      waited.push(!answered)
      // Every read takes 20 ms.
      const begun = reads.begun.length
      await vi.advanceTimersByTimeAsync(5)
      if (begun > 1 && now % 20 === 0) reads.begun.at(-1)?.answer()
    }
    expect(waited.filter(Boolean)).toEqual([])
    expect(reads.begun.length).toBeLessThan(12)
  })

  it('is at hand exactly when nobody would wait for it', async () => {
    expect(reads.cache.atHand(250)).toBe(null)
    expect(reads.begun).toHaveLength(0)
    await first()
    expect(reads.cache.atHand(250)?.takenAt).toBe(0)
    await vi.advanceTimersByTimeAsync(251)
    expect([reads.cache.atHand(250), reads.cache.atHand(300)?.takenAt]).toEqual([null, 0])
    reads.cache.invalidate()
    expect(reads.cache.atHand(300)).toBe(null)
  })

  it('is not read while nobody asks', async () => {
    await first(20)
    await reads.cache.get(250)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads.begun).toHaveLength(1)
  })

  it('of before a change is given to nobody who asks after it, though its read is still under way', async () => {
    const before = which(reads.cache.get(250))
    reads.cache.invalidate()
    const after = which(reads.cache.get(250))
    await reads.answer()
    expect(await before).toBe(0)
    await reads.answer()
    expect(await after).toBe(1)
    expect(await which(reads.cache.get(250))).toBe(1)
  })

  it('is not waited for without end while changes go on', async () => {
    await first()
    reads.cache.invalidate()
    const got = which(reads.cache.get(250))
    reads.cache.invalidate()
    await reads.answer()
    expect(await got).toBe(1)
  })

  it('that cannot be read is the last one, marked stale, to all who wait, and is not tried again at once', async () => {
    await first()
    reads.cache.invalidate()
    const waiting = reads.cache.get(250)
    reads.cache.invalidate()
    const late = reads.cache.get(250)
    reads.begun.at(-1)?.fail(new Error('no worker'))
    expect([(await waiting).stale, (await late).stale, (await reads.cache.get(0)).stale]).toEqual([true, true, true])
    expect(reads.begun).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1_001)
    const again = reads.cache.get(250)
    await reads.answer()
    expect((await again).stale).toBe(false)
  })

  it('that was never read fails with the reason', async () => {
    const failed = reads.cache.get(250)
    reads.begun[0]?.fail(new Error('no worker'))
    await expect(failed).rejects.toThrow('no worker')
  })

  it('that must be fresh is never a stale one: who asks is told why reading fails, also while nobody tries again', async () => {
    await first()
    expect((await reads.cache.fresh(250)).stale).toBe(false)
    reads.cache.invalidate()
    const waiting = reads.cache.fresh(250)
    reads.begun.at(-1)?.fail(new Error('no worker'))
    await expect(waiting).rejects.toThrow('no worker')
    await expect(reads.cache.fresh(250)).rejects.toThrow('no worker')
    expect(reads.begun).toHaveLength(2)
  })

  describe('with what an engine has said of itself', () => {
    const playing = (snapshot: Snapshot): string[] => snapshot.fleet.engines.flatMap(({ streams }) => streams.map(({ id }) => id))
    const said = (engineId: string, revision: number, ...ids: string[]) =>
      engineView({ engineId, revision, streams: ids.map((id) => streamView({ id })) })
    const knowing = (...engines: EngineView[]): void => {
      reads.fleet = engines
    }

    beforeEach(async () => {
      knowing(said('e-1', 7), said('e-2', 7))
      await first()
    })

    it('shows it at once, without a read', async () => {
      reads.cache.noted(said('e-1', 8, 's'))
      reads.cache.noted(said('e-2', 8, 't'))
      expect(playing(await reads.cache.get(250))).toEqual(['s', 't'])
      reads.cache.noted(said('e-1', 7))
      expect(playing(await reads.cache.get(250))).toEqual(['s', 't'])
      expect(reads.begun).toHaveLength(1)
    })

    it('goes on showing it until the fleet knows of it, and then what the fleet says', async () => {
      const readAgain = async (): Promise<string[]> => {
        await vi.advanceTimersByTimeAsync(1_000)
        const again = reads.cache.get(250)
        await reads.answer()
        return playing(await again)
      }
      reads.cache.noted(said('e-1', 8, 's'))
      reads.cache.noted(said('e-2', 8, 't'))
      expect(await readAgain()).toEqual(['s', 't'])
      knowing(said('e-1', 9, 'u'), said('e-2', 7))
      expect(await readAgain()).toEqual(['u', 't'])
      knowing(said('e-1', 10), said('e-2', 8, 't'))
      expect(await readAgain()).toEqual(['t'])
      knowing(said('e-1', 10))
      expect(await readAgain()).toEqual([])
    })
  })
})
