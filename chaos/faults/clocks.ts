/**
 * @module
 * Row 24: clocks of Berth's processes jump, drift and disagree. Nobody may be elected for it.
 */
import { type Fault, ORDINARY } from '../fault.js'

const HOUR = 3_600
const DAY = 24 * HOUR

const CALM = { ...ORDINARY, row: 24, touches: ['everything'], calm: true, hidesPort: false } as const

const jump = (name: string, seconds: number): Fault => ({
  ...CALM,
  name: `the clock jumps ${name}`,
  holds: [3_000, 10_000],
  inject: async ({ berth: { clock } }) => {
    clock.set(seconds)
    return async () => clock.set(0)
  },
})

export const clockFaults: readonly Fault[] = [
  jump('an hour ahead', HOUR),
  jump('an hour back', -HOUR),
  jump('a day ahead', DAY),
  jump('a day back', -DAY),
  {
    ...CALM,
    name: 'the clock gains a minute in six seconds, and is set right again',
    holds: [0, 2_000],
    inject: async ({ berth: { clock }, wait }) => {
      for (let seconds = 1; seconds <= 60; seconds += 1) {
        clock.set(seconds)
        await wait(100)
      }
      return async () => clock.set(0)
    },
  },
  {
    ...CALM,
    name: 'the second worker’s clock is a day ahead',
    holds: [3_000, 10_000],
    calm: false,
    touches: ['worker', 'second'],
    inject: async ({ berth }) => {
      berth.secondClock.set(DAY)
      await berth.startSecond()
      return async () => {
        await berth.stopSecond()
        berth.secondClock.set(0)
      }
    },
  },
]
