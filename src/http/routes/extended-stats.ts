/**
 * @module
 * `GET /streams/{id}/extended-stats`: what the engine knows of the content of a stream.
 */
import type { Handler } from 'hono'
import { z } from 'zod'
import { BerthError } from '../../domain/errors.js'
import { findEngine } from '../../domain/find-engine.js'
import { type AppEnv, answer } from '../answer.js'
import type { Dependencies } from '../dependencies.js'
import { streamsOf } from '../present-stream.js'

const PATIENCE_MS = 1_500
const MOST_BYTES = 256 * 1024

/** The engine's HTTP API v3: `{result, error}`. */
const Analysis = z.object({ result: z.record(z.string(), z.json()).nullish(), error: z.json().optional() })
const BY: Readonly<Record<string, string>> = { content_id: 'content_id', infohash: 'infohash', url: 'url', magnet: 'magnet' }

/** Asks the engine that plays it, at the address that clients dial; nothing of the address comes from the caller. */
export function extendedStats({ controlPlane }: Dependencies): Handler<AppEnv, '/streams/:id/extended-stats'> {
  return async (c) => {
    const id = c.req.param('id')
    const snapshot = await controlPlane.snapshot()
    const stream = streamsOf(snapshot).find((each) => each.id === id)
    if (stream === undefined) throw new BerthError('not-found', `there is no stream ${JSON.stringify(id)}: GET /streams lists them`)
    const engine = findEngine(snapshot.fleet.engines, stream.engineId)
    if (engine === undefined)
      throw new BerthError('not-found', `engine ${stream.engineId}, which played stream ${JSON.stringify(id)}, is gone`)
    const query = new URLSearchParams({ api_version: '3', method: 'analyze_content', [BY[stream.keyType] ?? 'infohash']: stream.key })
    const url = `http://${engine.host ?? engine.vpnContainer ?? 'localhost'}:${engine.hostHttpPort}/server/api?${query.toString()}`
    const { result, error } = await asked(url)
    if (!result)
      throw new BerthError('unavailable', `the engine does not tell: ${JSON.stringify(error ?? 'no result')}`, { retryAfterSeconds: 5 })
    return answer(c, 200, Object.fromEntries(Object.entries(result).filter(([, value]) => value !== null)))
  }
}

async function asked(url: string): Promise<z.output<typeof Analysis>> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) })
    const text = await response.text()
    if (text.length > MOST_BYTES) throw new Error('the answer is too large')
    return Analysis.parse(JSON.parse(text))
  } catch (cause) {
    throw new BerthError('unavailable', 'the engine could not be asked, or its answer could not be read', { cause, retryAfterSeconds: 5 })
  }
}
