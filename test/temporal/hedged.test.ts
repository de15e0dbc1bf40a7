import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hedged } from '../../src/temporal/hedged.js'

describe('a question whose answer is late', () => {
  const asked: { answer: (answer: string) => void; fail: (error: Error) => void }[] = []
  const ask = (): Promise<string> =>
    hedged(() => new Promise<string>((answer, fail) => asked.push({ answer, fail })), { afterMs: 300, most: 3 })

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    asked.length = 0
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is not asked again in time', async () => {
    const answer = ask()
    await vi.advanceTimersByTimeAsync(299)
    asked[0]?.answer('first')
    expect(await answer).toBe('first')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked).toHaveLength(1)
  })

  it('is asked again, and whichever answer comes first counts', async () => {
    const second = ask()
    await vi.advanceTimersByTimeAsync(301)
    expect(asked).toHaveLength(2)
    asked[1]?.answer('second')
    expect(await second).toBe('second')
    const first = ask()
    await vi.advanceTimersByTimeAsync(301)
    asked[2]?.answer('first')
    expect(await first).toBe('first')
  })

  it('is asked so many times and no more', async () => {
    const answer = ask()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked).toHaveLength(3)
    asked[0]?.answer('first')
    expect(await answer).toBe('first')
  })

  it('fails as soon as one fails, and what the others say later is nobody’s concern', async () => {
    const failure = ask().catch(String)
    await vi.advanceTimersByTimeAsync(301)
    asked[1]?.fail(new Error('no answer'))
    expect(await failure).toBe('Error: no answer')
    asked[0]?.fail(new Error('late'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(asked).toHaveLength(2)
  })
})
