/**
 * @module
 * The keys of the API, as digests: from here on nobody knows what they are.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Role } from '../contracts/session.js'

/** One key: what its holder may do, and what the log calls them. */
export interface ApiKey {
  role: Role
  name: string
  /** SHA-256, hexadecimal. Enough for a key that is random; see ADR 18. */
  digest: string
}

export const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex')

/** Characters below which a key can be found by trying. */
export const SHORTEST_KEY = 16

const MAKE_ONE = '`openssl rand -hex 32` makes a key, `printf %s "$key" | sha256sum` its digest'

/**
 * `API_KEYS`: entries `role:name:key` or `role:key` between commas or white space, each key itself or as `sha256:<digest>`.
 *
 * 1. An entry that breaks a rule is told by its place in the list only: any part of it may be the key.
 * 2. An entry without a name is called after its role and its place.
 * 3. No key and no name is there twice.
 */
export const apiKeys = () =>
  z.string().transform((text, context): ApiKey[] => {
    const entries = text.split(/[\s,]+/).filter(Boolean)
    const keys: ApiKey[] = []
    const refuse = (rule: string) => {
      context.addIssue({ code: 'custom', message: rule, params: { fix: `API_KEYS=viewer:dashboard:<key>; ${MAKE_ONE}` } })
    }
    if (entries.length === 0) refuse('must hold at least one entry')
    for (const [index, entry] of entries.entries()) {
      const read = readEntry(entry, index + 1)
      if (typeof read === 'string') refuse(read)
      else if (keys.some(({ digest }) => digest === read.digest))
        refuse(`must not hold a key twice: that of entry ${index + 1} was there before`)
      else if (keys.some(({ name }) => name === read.name)) refuse(`must not use a name twice: that of entry ${index + 1} was there before`)
      else keys.push(read)
    }
    return keys
  })

/** The key, or the rule that the entry breaks. */
function readEntry(entry: string, place: number): ApiKey | string {
  const [, roleText, name, secret = ''] = /^([^:]*):(?:(?!sha256:)([^:]*):)?((?:sha256:)?[^:]*)$/.exec(entry) ?? []
  if (roleText === undefined) return `must be entries role:name:key or role:key, a key without colons: entry ${place} is neither`
  const role = Role.safeParse(roleText)
  if (!role.success) return `must begin each entry with one of the roles ${Role.options.join(', ')}: entry ${place} does not`
  if (name !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,31}$/.test(name)) {
    return `must have names of 1 to 32 letters, digits, dots, hyphens or underscores, a letter or digit first: entry ${place} has another one`
  }
  const named = { role: role.data, name: name ?? `${role.data}-${place}` }
  if (secret.startsWith('sha256:')) {
    const digest = secret.slice('sha256:'.length).toLowerCase()
    return /^[0-9a-f]{64}$/.test(digest)
      ? { ...named, digest }
      : `must have 64 hexadecimal digits after "sha256:", and entry ${place} has not`
  }
  if (secret.length < SHORTEST_KEY) return `must have keys of at least ${SHORTEST_KEY} characters: that of entry ${place} is shorter`
  if (!/^[\x21-\x7e]{1,512}$/.test(secret))
    return `must have keys of at most 512 printable ASCII characters: that of entry ${place} is another one`
  return { ...named, digest: digestOf(secret) }
}
