import { describe, expect, it } from 'vitest'
import { Batch } from '../../src/temporal/batch.js'

const MOST = 100

/** Questions that are answered by hand: each who asked gets an answer of its own. */
class Questions {
  readonly asked: { key: string; items: string[]; answer: (answer: string) => void; fail: (error: Error) => void }[] = []
  readonly batch = new Batch<string, string>(
    (key, items) =>
      new Promise((resolve, fail) => {
        const answer = (given: string) => resolve(items.map((item) => `${given} for ${item}`))
        this.asked.push({ key, items, answer, fail })
      }),
    { most: MOST },
  )
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('those who ask the same at once', () => {
  it('share two questions, however many they are: the one under way, and the next', async () => {
    const { asked, batch } = new Questions()
    const answers = Array.from({ length: 100 }, (_, index) => batch.ask('elect', `r${index}`))
    await turn()
    expect(asked.map(({ items }) => items)).toEqual([['r0']])
    asked[0]?.answer('first')
    await turn()
    expect(asked[1]?.items).toHaveLength(99)
    asked[1]?.answer('second')
    expect(await Promise.all(answers)).toEqual(answers.map((_, index) => `${index === 0 ? 'first' : 'second'} for r${index}`))
    expect(asked).toHaveLength(2)
  })

  it('are asked for in the order in which they came, at most so many at once', async () => {
    const { asked, batch } = new Questions()
    const answers = Array.from({ length: 250 }, (_, index) => batch.ask('elect', `r${index}`))
    for (let question = 0; question < 4; question++) {
      await turn()
      asked[question]?.answer(`${question}`)
    }
    await Promise.all(answers)
    expect(asked.map(({ items }) => items.length)).toEqual([1, 100, 100, 49])
    expect(asked.flatMap(({ items }) => items)).toEqual(answers.map((_, index) => `r${index}`))
  })

  it('never get an answer to a question that was begun before they asked', async () => {
    const { asked, batch } = new Questions()
    const first = batch.ask('elect', 'a')
    await turn()
    const late = batch.ask('elect', 'b')
    asked[0]?.answer('old')
    expect(await first).toBe('old for a')
    await turn()
    asked[1]?.answer('new')
    expect(await late).toBe('new for b')
  })

  it('do not wait for those who ask something else', async () => {
    const { asked, batch } = new Questions()
    void batch.ask('elect a', 'r1')
    void batch.ask('elect b', 'r2')
    await turn()
    expect(asked.map(({ key }) => key)).toEqual(['elect a', 'elect b'])
  })

  it('all fail with a question that fails, and the next is asked all the same', async () => {
    const { asked, batch } = new Questions()
    const first = batch.ask('elect', 'a')
    await turn()
    const others = [batch.ask('elect', 'b'), batch.ask('elect', 'c')]
    asked[0]?.fail(new Error('no answer'))
    await expect(first).rejects.toThrow('no answer')
    await turn()
    asked[1]?.fail(new Error('again'))
    for (const other of others) await expect(other).rejects.toThrow('again')
    void batch.ask('elect', 'd')
    await turn()
    expect(asked[2]?.items).toEqual(['d'])
  })
})
