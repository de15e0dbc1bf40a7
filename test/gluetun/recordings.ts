/**
 * @module
 * Exchanges recorded from four versions of Gluetun, from `test/data/gluetun`.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { GLUETUN_VERSIONS } from '../../src/simulator/gluetun-stand-in.js'

const recording = z.strictObject({
  version: z.enum(GLUETUN_VERSIONS),
  auth: z.enum(['default', 'none', 'apikey', 'basic', 'config']),
  state: z.string(),
  method: z.string(),
  path: z.string(),
  request: z.string().optional(),
  status: z.number(),
  contentType: z.string().optional(),
  body: z.string(),
  location: z.string().optional(),
})

export interface Recording {
  method: string
  path: string
  /** Credentials that were sent. */
  headers: Record<string, string>
  sent: string | null
  /** The answer is that at the end of the redirect to `location`. */
  redirectFollowed: boolean
  status: number
  contentType: string | null
  /** Without the newline at its end. */
  body: string
  location: string | null
  wwwAuthenticate: string | null
}

export interface RecordedSet {
  version: (typeof GLUETUN_VERSIONS)[number]
  auth: z.infer<typeof recording>['auth']
  state: string
  recordings: Recording[]
}

/** All recorded exchanges, by version, control server's authentication and state of the VPN, in the order of recording. */
export function loadRecordings(): RecordedSet[] {
  const sets = new Map<string, RecordedSet>()
  for (const version of GLUETUN_VERSIONS) {
    const lines = readFileSync(new URL(`../data/gluetun/${version}.jsonl`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
    for (const line of lines) {
      const { auth, state, ...exchange } = recording.parse(JSON.parse(line))
      const key = `${version} | ${auth} | ${state}`
      const set = sets.get(key) ?? { version, auth, state, recordings: [] }
      sets.set(key, set)
      set.recordings.push(toRecording(exchange))
    }
  }
  return [...sets.values()]
}

function toRecording(line: Omit<z.infer<typeof recording>, 'version' | 'auth' | 'state'>): Recording {
  const request = line.request ?? ''
  const header = /(X-API-Key|Authorization): (.+)$/.exec(request)
  const basic = /^-u (.+)$/.exec(request)
  const [body = '', wwwAuthenticate = null] = line.body.split(/\s+Www-Authenticate: /)
  return {
    method: line.method,
    path: line.path,
    headers:
      header?.[1] && header[2] ? { [header[1].toLowerCase()]: header[2] } : basic?.[1] ? { authorization: `Basic ${btoa(basic[1])}` } : {},
    sent: line.method === 'GET' || request === '' ? null : request,
    redirectFollowed: request.startsWith('-L '),
    status: line.status,
    contentType: line.contentType ?? null,
    body,
    location: line.location ?? null,
    wwwAuthenticate,
  }
}
