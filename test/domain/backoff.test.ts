import { expect, it } from 'vitest'
import { backoffMs } from '../../src/domain/backoff.js'

it('does not wait after the first failure, then one second doubling up to a minute', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(backoffMs)).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
})

it('stays at a minute however long it goes on', () => {
  expect([50, 1_000, Number.MAX_SAFE_INTEGER].map(backoffMs)).toEqual([60_000, 60_000, 60_000])
})
