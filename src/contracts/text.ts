/**
 * @module
 * Text that callers send.
 */
import { z } from 'zod'

/** Without control characters, which would spoil logs and terminals. */
export const printable = (text: string): boolean => !/\p{Cc}/u.test(text)

/** One line that says something and has a bound, as much of it is kept in histories. */
export const line = (longest: number) =>
  z
    .string('must be a string')
    .min(1, 'must not be empty')
    .max(longest, `must be at most ${longest} characters long`)
    .refine(printable, 'must not hold control characters')

/** A line that may be left out. Clients of older orchestrators also leave it out as `null` or as empty text. */
export const maybeLine = (longest: number) =>
  z
    .string('must be a string')
    .max(longest, `must be at most ${longest} characters long`)
    .refine(printable, 'must not hold control characters')
    .nullish()
    .transform((text) => text || null)
