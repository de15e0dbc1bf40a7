/**
 * @module
 * The web panel: static files below `/panel/`.
 */
import { existsSync } from 'node:fs'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { BerthError } from '../../domain/errors.js'
import type { AppEnv } from '../answer.js'

/** Files named by their content may be kept for ever; the page that names them is asked for anew each time. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** `/` leads to it. A path below `/panel/` that is no file is one of its pages. `folder` is where it was built. What was compressed then is sent so. */
export function panelRoutes(folder: string): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  if (!existsSync(`${folder}/index.html`)) return app
  const rewriteRequestPath = (path: string): string => path.replace(/^\/panel\/?/, '/')
  app.get('/', (c) => c.redirect('/panel/'))
  app.use('/panel/*', async function keptFor(c, next) {
    await next()
    if (c.res.ok) c.header('cache-control', c.req.path.startsWith('/panel/assets/') ? FOR_EVER : 'no-cache')
  })
  app.get('/panel/*', async function withSlash(c, next) {
    // Its path is told without the slash at its end.
    if (new URL(c.req.url).pathname === '/panel') return c.redirect('/panel/')
    return next()
  })
  app.get('/panel/*', serveStatic({ root: folder, rewriteRequestPath, precompressed: true }))
  app.get('/panel/*', async function itsPage(c, next) {
    if (c.req.path.startsWith('/panel/assets/')) throw new BerthError('not-found', `there is nothing at ${c.req.path}`)
    return serveStatic({ root: folder, rewriteRequestPath: () => '/index.html', precompressed: true })(c, next)
  })
  return app
}
