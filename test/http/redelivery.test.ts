import { beforeEach, describe, expect, it } from 'vitest'
import { Redelivery } from '../../src/http/redelivery.js'

describe('an answer that could not be delivered', () => {
  let now = 0
  let made = 0
  let redelivery: Redelivery<number>
  const make = async (): Promise<number> => ++made
  const ask = (key = 'a', hungUp = new AbortController()) => redelivery.ask(key, hungUp.signal, make)
  const lost = async (key = 'a'): Promise<void> => {
    const hungUp = new AbortController()
    const answer = redelivery.ask(key, hungUp.signal, make)
    hungUp.abort()
    await answer
  }

  beforeEach(() => {
    now = 1_000
    made = 0
    redelivery = new Redelivery(() => now)
  })

  it('is given to the next equal request within 30 s', async () => {
    await lost()
    now += 30_000
    expect(await ask()).toBe(1)
    expect(made).toBe(1)
  })

  it('is given to one request only', async () => {
    await lost()
    expect([await ask(), await ask()]).toEqual([1, 2])
  })

  it('is forgotten after 30 s', async () => {
    await lost()
    now += 30_001
    expect(await ask()).toBe(2)
  })

  it('is given to nobody once it is no longer true: the request is carried out', async () => {
    await lost()
    const asked: number[] = []
    const isGone = async (answer: number): Promise<boolean> => {
      asked.push(answer)
      return false
    }
    expect(await redelivery.ask('a', new AbortController().signal, make, isGone)).toBe(2)
    expect([asked, await redelivery.ask('a', new AbortController().signal, make, isGone)]).toEqual([[1], 3])
  })

  it('is not given to another request or client', async () => {
    await lost('a')
    expect(await ask('b')).toBe(2)
  })

  it('that is still being made is waited for, however often the client hangs up', async () => {
    let finish: (made: number) => void = () => undefined
    const slow = () => new Promise<number>((resolve) => ((finish = resolve), void ++made))
    for (let attempt = 0; attempt < 3; attempt++) {
      const hungUp = new AbortController()
      void redelivery.ask('a', hungUp.signal, slow)
      hungUp.abort()
    }
    const last = redelivery.ask('a', new AbortController().signal, slow)
    finish(7)
    expect(await last).toBe(7)
    expect(made).toBe(1)
  })

  it('is given to the next request also when the server learns of the loss only after that has come', async () => {
    const turns: (() => void)[] = []
    redelivery = new Redelivery(
      () => now,
      () => new Promise<void>((resolve) => turns.push(resolve)),
    )
    const turn = async (): Promise<void> => {
      for (const resolve of turns.splice(0)) resolve()
      await new Promise((resolve) => setImmediate(resolve))
    }
    let finish: (made: number) => void = () => undefined
    const slow = () => new Promise<number>((resolve) => ((finish = resolve), void ++made))
    const clients = [1, 2, 3].map(() => new AbortController())
    const answers = Promise.allSettled(clients.map(({ signal }) => redelivery.ask('a', signal, slow)))
    await turn()
    clients[1]?.abort()
    clients[0]?.abort()
    await turn()
    finish(7)
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await answers)[2]).toEqual({ status: 'fulfilled', value: 7 })
    expect(made).toBe(1)
    expect(await ask()).toBe(2)
  })

  it('that was a failure is given to nobody', async () => {
    const hungUp = new AbortController()
    const failed = redelivery.ask('a', hungUp.signal, () => Promise.reject(new Error('no')))
    hungUp.abort()
    await expect(failed).rejects.toThrow('no')
    expect(await ask()).toBe(1)
  })

  it('of clients that wait is not shared: each request is a wish of its own', async () => {
    expect(await Promise.all([ask(), ask()])).toEqual([1, 2])
  })
})
