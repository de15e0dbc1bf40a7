/**
 * @module
 * Filter and order of the list of engines, as they stand in the address.
 */

export const enginesOrders = ['port', 'engine', 'state', 'streams', 'age'] as const
export type EnginesOrder = (typeof enginesOrders)[number]

export const enginesFilters = ['forwarded', 'healthy', 'unhealthy', 'busy', 'free', 'moving'] as const
export type EnginesFilter = (typeof enginesFilters)[number]

export interface EnginesSearch {
  q?: string
  show?: EnginesFilter
  by?: EnginesOrder
  down?: true
}

/** What is not known is left out: an old or mistyped address shows the whole list. */
export function readEnginesSearch({ q, show, by, down }: Record<string, unknown>): EnginesSearch {
  return {
    ...(typeof q === 'string' && q !== '' ? { q } : typeof q === 'number' ? { q: String(q) } : {}),
    ...(isOneOf(enginesFilters, show) ? { show } : {}),
    ...(isOneOf(enginesOrders, by) ? { by } : {}),
    ...(down === true ? { down } : {}),
  }
}

function isOneOf<T extends string>(known: readonly T[], value: unknown): value is T {
  return known.some((each) => each === value)
}
