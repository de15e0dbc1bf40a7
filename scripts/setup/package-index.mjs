/**
 * @module
 * Finds and fetches one file of a Python package index (PEP 691, or PEP 503 from mirrors that only know HTML) by its sha256.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const attempts = 3

/**
 * Fetches the file of `project` that has this sha256, and checks it.
 * @param {string} project
 * @param {string} sha256
 * @param {NodeJS.ProcessEnv} [env] PIP_INDEX_URL names another index, with credentials if it needs them
 * @returns {Promise<Buffer>}
 */
export async function fetchFromIndex(project, sha256, env = process.env) {
  const index = new URL(`${(env.PIP_INDEX_URL || 'https://pypi.org/simple').replace(/\/+$/, '')}/${project}/`)
  const headers = authorization(index)
  const page = await get(index, { ...headers, Accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.1' }, 30_000)
  const file = findFile(page, sha256)
  if (!file) throw new Error(`${index.host} has no file of ${project} with the expected sha256 ${sha256}`)
  const { body } = await get(file, file.origin === index.origin ? headers : {}, 15 * 60_000)
  const found = createHash('sha256').update(body).digest('hex')
  if (found !== sha256) throw new Error(`${file.pathname.split('/').at(-1)} has sha256 ${found}, expected ${sha256}`)
  return body
}

/** `fetch` refuses addresses with a password in them: it goes into a header. */
function authorization(url) {
  const { username, password } = url
  url.username = ''
  url.password = ''
  if (!username) return {}
  return { Authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` }
}

function findFile({ body, url, type }, sha256) {
  if (type.includes('json')) {
    const found = JSON.parse(body.toString()).files.find((file) => file.hashes?.sha256 === sha256)
    return found && new URL(found.url, url)
  }
  const link = new RegExp(`href="([^"#]+)#sha256=${sha256}`).exec(body.toString())?.[1]
  return link && new URL(link.replaceAll('&amp;', '&'), url)
}

/** GET with a few attempts; only what may pass (no answer, 429, 5xx) is tried again. */
async function get(url, headers, timeout) {
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

function reason(url, error) {
  if (error.message !== 'fetch failed') return error.message
  return `${url.host} cannot be reached (${error.cause?.code ?? error.cause?.message ?? 'no answer'})`
}
