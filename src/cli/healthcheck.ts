/**
 * @module
 * `berth healthcheck`: for the health check of a container, which asks every few seconds and waits for little.
 */
import { statSync } from 'node:fs'
import { type Config, loadConfig } from '../config/environment.js'
import { shown } from './addresses.js'

/** A worker writes its file every 5 s; one that could not for so long takes no tasks. Milliseconds. */
const STALE_MS = 20_000
const PATIENCE_MS = 3_000

/** Says nothing and answers 0 when all is well; else says why not and answers 1. */
export async function healthcheck(): Promise<number> {
  const trouble = await whyUnhealthy(loadConfig(process.env))
  if (trouble === null) return 0
  console.error(`berth: ${trouble}`)
  return 1
}

/**
 * `null` when the part that runs beside this process does its work, else why not.
 *
 * 1. A worker, where its health file is: it wrote it within the last 20 s.
 * 2. Else the API: `GET /healthz` answers 200 within 3 s. A worker that is not ready yet has no file, so this fails for it, as it should.
 */
export async function whyUnhealthy({ health, http }: Pick<Config, 'health' | 'http'>): Promise<string | null> {
  const age = health.file === null ? null : ageOf(health.file)
  if (age !== null) return age <= STALE_MS ? null : `the worker takes no tasks since ${Math.round(age / 1000)} s`
  const host = shown(http.host)
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}/healthz`
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
    return status === 200 ? null : `${url} answers ${status}`
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return `no worker is ready here, and ${url} does not answer: ${cause}`
  }
}

/** Milliseconds since the file was written, `null` when there is none. */
function ageOf(file: string): number | null {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? null : Date.now() - found.mtimeMs
}
