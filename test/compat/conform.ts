/**
 * @module
 * Whether an answer of ours can be read by a client that was written for a recorded one.
 */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** Names of fields that hold a time, also where the recording has none. */
const TIME_NAME = /(_at|_seen|_usage|_cleanup|^created|^ts|^timestamp|^last_check|^last_health_check|^last_failure(_time)?)$/

/** What the older orchestrator too answered `null` for while it did not know. */
const NULLABLE: ReadonlySet<string> = new Set([
  ...['version', 'platform', 'engine_variant', 'vpn_container', 'forwarded_port', 'image'],
  ...['public_ip', 'provider', 'country', 'city', 'region'],
  ...['peers', 'speed_down', 'speed_up', 'downloaded', 'uploaded'],
  'recovery_eta_seconds',
])

/**
 * Everything in which `ours` is not what `recorded` promises, each with its path.
 *
 * 1. Every field of the recorded answer is there, with the same JSON type; fields more are fine.
 * 2. A time has its zone, or is `null`; so may be what `NULLABLE` names, and nothing else.
 * 3. Where the recording has `null`, any value will do.
 * 4. A recorded array with an item has items in ours too, each like the recorded one.
 */
export function differences(recorded: Json, ours: Json | undefined, path = '', name = ''): string[] {
  const here = path === '' ? 'the answer' : path
  if (ours === undefined) return [`${here} is missing`]
  if (TIME_NAME.test(name)) {
    return ours === null || (typeof ours === 'string' && RFC3339.test(ours))
      ? []
      : [`${here} is ${JSON.stringify(ours)}, not a time with its zone`]
  }
  if (recorded === null) return []
  const [wanted, found] = [typeOf(recorded), typeOf(ours)]
  if (found === 'null' && NULLABLE.has(name)) return []
  if (wanted !== found) return [`${here} is ${found}, not ${wanted}`]
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    const [sample] = recorded
    if (sample === undefined) return []
    if (ours.length === 0) return [`${here} is empty`]
    return ours.flatMap((item, index) => differences(sample, item, join(path, String(index))))
  }
  if (isObject(recorded) && isObject(ours)) {
    return Object.entries(recorded).flatMap(([key, value]) => differences(value, ours[key], join(path, key), key))
  }
  return []
}

/** What is at `path` (`0.labels`), `undefined` where there is nothing; `length` is that of an array. */
export function at(value: Json, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((inner, key) => {
    if (Array.isArray(inner)) return key === 'length' ? inner.length : inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}

export type { Json }

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeOf(value: Json): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
