import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { problemOf, setUp } from './set-up.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-panel-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<title>Berth</title>')
  writeFileSync(join(folder, 'assets/a-1.js'), 'let a')
  writeFileSync(join(folder, 'assets/a-1.js.gz'), gzipSync('let a'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ask = (path: string) => setUp({ panelFolder: folder }).app.request(path)

it.each(['/', '/panel'])('%s leads to the panel', async (path) => {
  const answer = await ask(path)
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/panel/'])
})

it.each(['/panel/', '/panel/engines/e-1', '/panel/lease'])('%s is a page of the panel, asked for anew each time', async (path) => {
  const answer = await ask(path)
  expect([answer.status, answer.headers.get('cache-control'), await answer.text()]).toEqual([200, 'no-cache', '<title>Berth</title>'])
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
})

it('files named by their content may be kept; one that is not there is 404', async () => {
  const answer = await ask('/panel/assets/a-1.js')
  expect([answer.status, answer.headers.get('cache-control'), await answer.text()]).toEqual([
    200,
    'public, max-age=31536000, immutable',
    'let a',
  ])
  expect((await problemOf(await ask('/panel/assets/b-2.js'))).status).toBe(404)
  expect(await (await ask('/panel/..%2f..%2fetc%2fpasswd')).text()).not.toContain('root:')
})

it('what was compressed when it was built is sent so to whoever takes it, with its own type', async () => {
  const { app } = setUp({ panelFolder: folder })
  const answer = await app.request('/panel/assets/a-1.js', { headers: { 'accept-encoding': 'gzip, deflate' } })
  const { headers } = answer
  expect([answer.status, headers.get('content-encoding'), headers.get('vary'), headers.get('content-type')]).toEqual([
    200,
    'gzip',
    expect.stringContaining('Accept-Encoding'),
    expect.stringContaining('javascript'),
  ])
  expect(gunzipSync(await answer.arrayBuffer()).toString()).toBe('let a')
})

it('needs no key, also where reads do', async () => {
  const { app } = setUp({ panelFolder: folder, http: { readsNeedKey: true } })
  expect((await app.request('/panel/')).status).toBe(200)
})
