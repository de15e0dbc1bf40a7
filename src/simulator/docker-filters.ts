/**
 * @module
 * The `filters` query parameter, in both of its forms: `{"label":["a=b"]}` and `{"label":{"a=b":true}}`.
 */
import { z } from 'zod'
import { DaemonError } from './docker-errors.js'

const Filters = z.record(z.string(), z.union([z.array(z.string()), z.record(z.string(), z.boolean())]))

/** Filter names with the values asked for; a name that was not given has none. */
export type Filters = ReadonlyMap<string, readonly string[]>

export function parseFilters(parameter: string | null): Filters {
  if (parameter === null || parameter === '') return new Map()
  let raw: unknown
  try {
    raw = JSON.parse(parameter)
  } catch {
    throw new DaemonError(500, `invalid character '${parameter.slice(0, 1)}' looking for beginning of value`)
  }
  const parsed = Filters.safeParse(raw)
  if (!parsed.success) throw new DaemonError(400, 'invalid filter')
  return new Map(Object.entries(parsed.data).map(([name, values]) => [name, Array.isArray(values) ? values : Object.keys(values)]))
}

/** Every wanted `key` or `key=value` is among the labels. */
export function matchesLabels(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (wanted ?? []).every((label) => {
    const at = label.indexOf('=')
    const key = at < 0 ? label : label.slice(0, at)
    return Object.hasOwn(labels, key) && (at < 0 || labels[key] === label.slice(at + 1))
  })
}

/** No value is wanted, or one of them is `matched`. */
export function matchesAny(wanted: readonly string[] | undefined, matched: (value: string) => boolean): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some(matched)
}
