/**
 * @module
 * Finds and fetches one file of a Python package index (PEP 691, or PEP 503 from mirrors that only know HTML) by its sha256.
 */
import { checked, get } from './download.mjs'

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
  return checked(file, body, sha256)
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
