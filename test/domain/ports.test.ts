import { expect, it } from 'vitest'
import { forwardedOne, lowestFree } from '../../src/domain/ports.js'

const RANGE = { from: 10, to: 12 }

it('gives the lowest port that is not taken, both ends included', () => {
  expect(lowestFree(RANGE, new Set())).toBe(10)
  expect(lowestFree(RANGE, new Set([10, 12]))).toBe(11)
  expect(lowestFree(RANGE, new Set([10, 11]))).toBe(12)
})

it('gives none when all are taken, and none of an empty range', () => {
  expect(lowestFree(RANGE, new Set([10, 11, 12]))).toBeNull()
  expect(lowestFree({ from: 5, to: 4 }, new Set())).toBeNull()
})

it('takes the port in use of several forwarded ones while it is among them, else the lowest', () => {
  expect(forwardedOne([12, 11], 12)).toBe(12)
  expect(forwardedOne([12, 11], 10)).toBe(11)
  expect(forwardedOne([12, 11], null)).toBe(11)
  expect(forwardedOne([], 12)).toBeNull()
})
