import { expect, it } from 'vitest'
import { limit } from '../../src/domain/limit.js'

it('runs so many at once, and the others in the order of their asking, also when some fail', async () => {
  const limited = limit(2)
  const begun: number[] = []
  const ends: ((fails: boolean) => void)[] = []
  const calls = [0, 1, 2, 3, 4].map((number) =>
    limited(async () => {
      begun.push(number)
      await new Promise<void>((resolve, reject) => {
        ends[number] = (fails) => (fails ? reject(new Error(`call ${number}`)) : resolve())
      })
      return number
    }),
  )
  const settled = Promise.allSettled(calls)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  await turn()
  expect(begun).toEqual([0, 1])
  ends[1]?.(true)
  await turn()
  expect(begun).toEqual([0, 1, 2])
  ends[0]?.(false)
  ends[2]?.(false)
  await turn()
  expect(begun).toEqual([0, 1, 2, 3, 4])
  ends[3]?.(false)
  ends[4]?.(true)
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected'])
})
