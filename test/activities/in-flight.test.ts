import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InFlight } from '../../activities/in-flight.js'

describe('a worker that is to stop', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  const waiting = (inFlight: InFlight) => {
    const state = { over: false }
    void inFlight.quiet({ forMs: 400, withinMs: 3_000 }).then(() => (state.over = true))
    return state
  }

  it('waits until nothing has been under way for a while', async () => {
    const state = waiting(new InFlight())
    await vi.advanceTimersByTimeAsync(399)
    expect(state.over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(state.over).toBe(true)
  })

  it('lets what begins meanwhile end, and what follows from it', async () => {
    const inFlight = new InFlight()
    const state = waiting(inFlight)
    await vi.advanceTimersByTimeAsync(300)
    let end = (): void => undefined
    const work = inFlight.track(() => new Promise<void>((resolve) => (end = resolve)))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(state.over).toBe(false)
    end()
    await work
    await vi.advanceTimersByTimeAsync(399)
    expect(state.over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(state.over).toBe(true)
  })

  it('waits no longer than it is given', async () => {
    const inFlight = new InFlight()
    void inFlight.track(() => new Promise(() => undefined))
    const state = waiting(inFlight)
    await vi.advanceTimersByTimeAsync(2_999)
    expect(state.over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(state.over).toBe(true)
  })
})
