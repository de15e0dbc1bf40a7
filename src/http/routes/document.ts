/**
 * @module
 * The API explained by itself: its OpenAPI document, a page to try it, and a page for each type of problem.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Handler, Hono } from 'hono'
import { html, raw } from 'hono/html'
import { marked } from 'marked'
import { BerthError } from '../../domain/errors.js'
import { ROOT } from '../../root.js'
import type { AppEnv } from '../answer.js'

const PROBLEMS = fileURLToPath(new URL('docs/problems', ROOT))
const SWAGGER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
/** What the page loads, all of it from here. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}
const START = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null, persistAuthorization: false, docExpansion: 'list' })
`

/** Open to everybody: none of it tells of this installation. `document` is made at the first request. */
export function documentRoutes(document: () => object): Hono<AppEnv> {
  let written: string | null = null
  const app = new Hono<AppEnv>()
  app.get('/openapi.json', (c) => {
    written ??= JSON.stringify(document())
    return c.body(written, 200, { 'content-type': 'application/json' })
  })
  app.get('/docs', (c) =>
    c.html(
      page(
        'Berth: API',
        html`<div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>`,
        true,
      ),
    ),
  )
  app.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/docs/:asset', asset())
  app.get('/problems/:type', async (c) => {
    const type = c.req.param('type')
    const text = /^[a-z-]{1,64}$/.test(type) ? await readFile(join(PROBLEMS, `${type}.md`), 'utf8').catch(() => null) : null
    if (text === null) throw new BerthError('not-found', `there is no problem of the type ${JSON.stringify(type)}`)
    return c.html(page(`Berth: ${type}`, html`<main>${raw(await marked.parse(text))}</main>`, false))
  })
  return app
}

function asset(): Handler<AppEnv, '/docs/:asset'> {
  return async (c) => {
    const name = c.req.param('asset')
    const type = ASSETS[name]
    if (type === undefined) throw new BerthError('not-found', `there is nothing at ${c.req.path}`)
    return c.body(new Uint8Array(await readFile(join(SWAGGER, name))), 200, {
      'content-type': type,
      'cache-control': 'public, max-age=3600',
    })
  }
}

function page(title: string, body: ReturnType<typeof html>, swagger: boolean) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <link rel="icon" href="data:," />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${swagger ? html`<link rel="stylesheet" href="/docs/swagger-ui.css" />` : html`<style>${raw(STYLE)}</style>`}
      </head>
      <body>
        ${body}
      </body>
    </html>`
}

const STYLE = `:root { color-scheme: light dark } main { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem } code { font-size: .9em }`
