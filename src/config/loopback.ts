/**
 * @module
 * Which addresses only this machine can reach.
 */

/** True for `localhost`, names below it, 127.0.0.0/8 and ::1, with or without brackets. False for every other name: it may resolve to anything. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  if (name === '::1' || name === '0:0:0:0:0:0:0:1') return true
  const mapped = name.replace(/^::ffff:/, '')
  return /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(mapped)
}
