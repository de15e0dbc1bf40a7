/**
 * @module
 * Asks an engine how a stream does.
 */
import { z } from 'zod'
import type { EngineView, StreamSample } from '../../src/domain/views.js'
import type { ProbeTarget } from './health.js'

/** What a stat URL was answered with. Only an engine that says so itself does not know a session. */
export type StatAnswer = { kind: 'sample'; sample: StreamSample } | { kind: 'unknown-session' } | { kind: 'failed' }

const MOST_BYTES = 64 * 1024
const TIMEOUT_MS = 3_000
const UNKNOWN_SESSION = 'unknown playback session id'

/** As some engines write it, and some collectors; what is of another type counts as not said. */
const count = z.number().transform(Math.round).refine(Number.isSafeInteger).nullish().catch(null)
const statistics = z
  .object({
    peers: count,
    speed_down: count,
    speedDown: count,
    speed_up: count,
    speedUp: count,
    downloaded: count,
    uploaded: count,
    status: z.string().max(32).nullish().catch(null),
  })
  .refine((said) => Object.values(said).some((value) => value !== null && value !== undefined))
const refusal = z.object({ response: z.null(), error: z.string() })
const wrapped = z.object({ response: z.object({}).loose() })

/**
 * Where a stream's statistics are to be asked, `null` when its URL is not one of this engine's.
 *
 * The URL came from a client, so its host is never dialled: path and query are asked at the address at which the watcher probes the engine, and only when host and
 * port are ones at which clients reach that engine.
 */
export function statLocation(
  statUrl: string,
  engine: Pick<EngineView, 'host' | 'httpPort' | 'hostHttpPort'>,
  target: Pick<ProbeTarget, 'address' | 'port'>,
): string | null {
  if (!URL.canParse(statUrl)) return null
  const url = new URL(statUrl)
  const hosts = [engine.host, 'localhost', '127.0.0.1', '::1', target.address].map((host) => host?.toLowerCase())
  const isTheirs =
    hosts.includes(url.hostname.replace(/^\[|\]$/g, '')) && [engine.httpPort, engine.hostHttpPort].includes(Number(url.port || 80))
  if (url.protocol !== 'http:' || url.username !== '' || url.password !== '' || !isTheirs) return null
  const address = target.address.includes(':') ? `[${target.address}]` : target.address
  return `http://${address}:${target.port}${url.pathname}${url.search}`
}

/** Never rejects. Ends within 3 s, reads 64 KiB at most and follows nothing. */
export async function askStatistics(location: string, now: () => number, signal: AbortSignal): Promise<StatAnswer> {
  try {
    const response = await fetch(location, { signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), signal]), redirect: 'error' })
    const text = await textOf(response)
    return response.ok ? readStatistics(JSON.parse(text), now()) : { kind: 'failed' }
  } catch {
    return { kind: 'failed' }
  }
}

/** What an engine's answer says: `{"response":{…}}`, or the same flat. */
export function readStatistics(body: unknown, ts: number): StatAnswer {
  const refused = refusal.safeParse(body)
  if (refused.success) return { kind: refused.data.error.toLowerCase() === UNKNOWN_SESSION ? 'unknown-session' : 'failed' }
  const inner = wrapped.safeParse(body)
  const said = statistics.safeParse(inner.success ? inner.data.response : body)
  if (!said.success) return { kind: 'failed' }
  const { peers = null, speed_down, speedDown, speed_up, speedUp, downloaded = null, uploaded = null, status = null } = said.data
  return {
    kind: 'sample',
    sample: { ts, peers, speedDown: speed_down ?? speedDown ?? null, speedUp: speed_up ?? speedUp ?? null, downloaded, uploaded, status },
  }
}

/** The body; rejects when it is longer than anything that an engine says of a stream. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
