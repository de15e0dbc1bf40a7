/**
 * @module
 * How one environment variable's text becomes a value. Each message completes the sentence "<variable> …".
 */
import { isIP } from 'node:net'
import { z } from 'zod'

/** Both ends belong to it. */
export interface PortRange {
  from: number
  to: number
}

/** How many ports a range holds. */
export const portCount = (range: PortRange): number => range.to - range.from + 1

const parsed = <T>(read: (text: string) => T | undefined, rule: string) =>
  z.string().transform((text, context): T => {
    const value = read(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })

/** Decimal digits only: no sign, fraction or exponent. */
export const integer = (from: number, to: number) =>
  parsed((text) => within(/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN, from, to), `must be a whole number from ${from} to ${to}`)

/** Decimal digits with at most one point. */
export const decimal = (from: number, to: number) =>
  parsed(
    (text) => within(/^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN, from, to),
    `must be a number from ${from} to ${to}`,
  )

/** A TCP port that may be listened on. */
export const port = (to = 65_535) => integer(1, to)

/** `19000-19999`. */
export const portRange = () =>
  parsed((text): PortRange | undefined => {
    const [, from, to] = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text) ?? []
    const range = { from: Number(from), to: Number(to) }
    return range.from >= 1024 && range.to <= 65_535 && range.from <= range.to ? range : undefined
  }, 'must be two ports from 1024 to 65535, the lower one first, with a hyphen between them')

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A whole number with a unit, or alone for seconds, in milliseconds; `null` for `off` and for none of any unit. Letter case does not matter. */
export const duration = (least: `${number}${keyof typeof UNIT_MS}`, most: `${number}${keyof typeof UNIT_MS}`) => {
  const [from = 0, to = 0] = [least, most].map(milliseconds)
  return parsed((text): number | null | undefined => {
    const ms = text.toLowerCase() === 'off' ? 0 : milliseconds(text)
    return ms === 0 ? null : within(ms, from, to)
  }, `must be off, or a whole number of seconds, or one with a unit as in 90s, 30m, 6h or 1d, from ${least} to ${most}`)
}

function milliseconds(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text.toLowerCase()) ?? []
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', '1'].map((word) => [word, true] as const),
  ...['false', 'no', '0'].map((word) => [word, false] as const),
])

/** Letter case does not matter. */
export const boolean = () => parsed((text) => BOOLEANS.get(text.toLowerCase()), 'must be true, yes or 1, or false, no or 0')

/** Text of one form. */
export const matching = (pattern: RegExp, rule: string) => z.string().regex(pattern, rule)

/** One of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` })

/** What an HTTP header may carry as a secret. */
export const secret = () => matching(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 printable ASCII characters without spaces')

const entriesOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** IP addresses or networks in CIDR notation between commas or white space, each with its prefix length. */
export const networks = () =>
  parsed((text) => {
    const read = entriesOf(text).map((entry) => {
      const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
      if (isIP(address) === 0 || address.includes('%')) return undefined
      const bits = isIP(address) === 4 ? 32 : 128
      return Number(prefix ?? bits) <= bits ? `${address}/${prefix ?? bits}` : undefined
    })
    return read.every((network) => network !== undefined) ? read : undefined
  }, 'must be IP addresses or networks such as 172.16.0.0/12, separated by commas')

/** Sources of a content security policy's `frame-ancestors`: `none`, or `self` and origins between commas or white space. */
export const frameAncestors = () =>
  parsed((text) => {
    const words = entriesOf(text).map((word) => word.toLowerCase().replace(/^'(none|self)'$/, '$1'))
    if (words.length === 1 && words[0] === 'none') return ["'none'"]
    const fine = words.every((word) => word === 'self' || /^https?:\/\/(\*\.)?[a-z0-9_][a-z0-9_.-]*(:(\d{1,5}|\*))?$/.test(word))
    return fine && words.length > 0 ? words.map((word) => (word === 'self' ? "'self'" : word)) : undefined
  }, 'must be none, or self and origins such as https://home.example, separated by commas')

/** An http or https address without user, query or fragment; a trailing slash is dropped. */
export const httpAddress = () =>
  parsed((text) => {
    if (!URL.canParse(text)) return undefined
    const url = new URL(text)
    const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
    return bare && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, '') : undefined
  }, 'must be an http:// or https:// address without user, password, query or fragment')

function within(value: number, from: number, to: number): number | undefined {
  return value >= from && value <= to ? value : undefined
}
