/**
 * @module
 * Which methods a path knows, for `Allow`.
 */

/** Methods of the routes that match `path`, `HEAD` with `GET`; empty when the path is not known at all. */
export function allowedMethods(routes: readonly { method: string; path: string }[], path: string): string[] {
  const methods = new Set<string>()
  for (const route of routes) {
    if (route.method === 'ALL' || route.path.includes('*') || !matches(route.path, path)) continue
    methods.add(route.method)
    if (route.method === 'GET') methods.add('HEAD')
  }
  return [...methods].toSorted()
}

function matches(route: string, path: string): boolean {
  const wanted = route.split('/')
  const asked = path.replace(/(.)\/$/, '$1').split('/')
  return (
    wanted.length === asked.length && wanted.every((part, index) => part === asked[index] || (part.startsWith(':') && asked[index] !== ''))
  )
}
