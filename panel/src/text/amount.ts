/**
 * @module
 * Bytes and speeds as people read them.
 */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.4 MB`; an amount that nobody knows is a dash. */
export function bytes(amount: number | null): string {
  if (amount === null) return '–'
  const power = amount < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(amount) / 3))
  const scaled = amount / 1000 ** power
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power]}`
}

/** Engines count kilobytes a second. */
export const speed = (kilobytes: number | null): string => (kilobytes === null ? '–' : `${bytes(kilobytes * 1000)}/s`)

/** `1 stream`, `2 streams`. */
export const count = (amount: number, one: string, many = `${one}s`): string => `${amount} ${amount === 1 ? one : many}`

/** What is agreed to when streams stop. */
export const cutting = (streams: number): string => `Cut ${streams === 1 ? 'this stream' : `these ${streams} streams`}`
