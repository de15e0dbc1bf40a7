/**
 * @module
 * `GET /metrics`.
 */
import type { Handler } from 'hono'
import { VERSION } from '../../version.js'
import type { AppEnv } from '../answer.js'
import type { Dependencies } from '../dependencies.js'
import { metricsOf } from '../metrics.js'

/** Prometheus' text form; a scrape asks neither Docker nor an engine. */
export function showMetrics({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const text = await metricsOf(await controlPlane.snapshot(), VERSION, now())
    return new Response(text, {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'x-content-type-options': 'nosniff' },
    })
  }
}
