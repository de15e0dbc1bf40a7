/**
 * @module
 * `GET /containers/json` with its filters.
 */
import type { SimulatedContainer } from './docker-container.js'
import { DaemonError } from './docker-errors.js'
import { matchesAny, matchesLabels, parseFilters } from './docker-filters.js'
import type { Filters } from './docker-filters.js'
import { normalizeImage } from './docker-images.js'

const FILTERS = ['label', 'name', 'id', 'status', 'ancestor', 'exited', 'health']
const STATUSES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']

/** The containers that the query asks for: without `all` and without a filter on status, those that run. */
export function selectContainers(containers: readonly SimulatedContainer[], query: URLSearchParams): SimulatedContainer[] {
  const filters = parseFilters(query.get('filters'))
  for (const name of filters.keys()) if (!FILTERS.includes(name)) throw new DaemonError(400, `Invalid filter '${name}'`)
  for (const status of filters.get('status') ?? []) {
    if (!STATUSES.includes(status)) throw new DaemonError(400, `Invalid filter 'status=${status}'`)
  }
  const limit = Number(query.get('limit') ?? '0')
  const all = isTrue(query.get('all')) || limit > 0 || filters.has('status') || filters.has('exited')
  const selected = containers.filter((container) => (all || container.run !== null) && matches(container, filters))
  return limit > 0 ? selected.slice(0, limit) : selected
}

function matches(container: SimulatedContainer, filters: Filters): boolean {
  const { state } = container
  return (
    matchesLabels(filters.get('label'), container.labels) &&
    matchesAny(filters.get('name'), (name) => matchesName(name, container.name)) &&
    matchesAny(filters.get('id'), (id) => container.id.startsWith(id)) &&
    matchesAny(filters.get('status'), (status) => state.status === status) &&
    matchesAny(
      filters.get('ancestor'),
      (image) => normalizeImage(container.image) === normalizeImage(image) || container.imageId === image,
    ) &&
    matchesAny(filters.get('exited'), (code) => state.status === 'exited' && state.exitCode === Number(code)) &&
    matchesAny(filters.get('health'), (health) => (state.health ?? 'none') === health)
  )
}

/** A regular expression on the name, with or without its leading slash. */
function matchesName(pattern: string, name: string): boolean {
  try {
    const expression = new RegExp(pattern)
    return expression.test(`/${name}`) || expression.test(name)
  } catch {
    return name.includes(pattern)
  }
}

/** What the daemon takes for true in a query. */
export function isTrue(value: string | null): boolean {
  return value !== null && !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase())
}
