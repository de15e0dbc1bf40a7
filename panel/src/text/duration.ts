/**
 * @module
 * Durations and times as people read them.
 */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `850 ms`, `2.4 s`, `12 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms)
  if (length < SECOND) return `${Math.round(length)} ms`
  if (length < 10 * SECOND) return `${(length / SECOND).toFixed(1)} s`
  return elapsed(length)
}

/** The same in whole seconds, for what goes on while somebody looks. */
export function elapsed(ms: number): string {
  const length = Math.max(0, ms)
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`
  if (length < HOUR) return two(length, MINUTE, 'min', SECOND, 's')
  if (length < DAY) return two(length, HOUR, 'h', MINUTE, 'min')
  return two(length, DAY, 'd', HOUR, 'h')
}

function two(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small)
  return `${Math.floor(ms / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const calendar = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** Time of day, with the date when that is another day. */
export function moment(time: string): string {
  const date = new Date(time)
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : calendar.format(date)
}

export const fullMoment = (time: string): string => full.format(new Date(time))
