/**
 * @module
 * Fetches files over HTTP and holds them to their checksums.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const attempts = 3

/**
 * GET with a few attempts; only what may pass (no answer, 429, 5xx) is tried again.
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {number} timeout
 * @returns {Promise<{ body: Buffer, url: string, type: string }>}
 */
export async function get(url, headers, timeout) {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeout) })
      if (response.ok) {
        const body = Buffer.from(await response.arrayBuffer())
        return { body, url: response.url, type: response.headers.get('content-type') ?? '' }
      }
      const again = response.status === 429 || response.status >= 500
      throw Object.assign(new Error(`${url.host} answered ${response.status}`), { final: !again })
    } catch (error) {
      if (error.final || attempt === attempts) throw new Error(reason(url, error), { cause: error })
      await sleep(attempt * 500)
    }
  }
}

/**
 * `body` once it has this sha256; throws for any other.
 * @param {URL} url
 * @param {Buffer} body
 * @param {string} sha256
 */
export function checked(url, body, sha256) {
  const found = createHash('sha256').update(body).digest('hex')
  if (found !== sha256) throw new Error(`${url.pathname.split('/').at(-1)} has sha256 ${found}, expected ${sha256}`)
  return body
}

function reason(url, error) {
  if (error.message !== 'fetch failed') return error.message
  return `${url.host} cannot be reached (${error.cause?.code ?? error.cause?.message ?? 'no answer'})`
}
