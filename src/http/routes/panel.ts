/**
 * @module
 * The web panel: static files below `/panel/`.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { BerthError } from '../../domain/errors.js'
import type { AppEnv } from '../answer.js'

const FOLDER = fileURLToPath(new URL('../../../panel', import.meta.url))

/** Files named by their content may be kept for ever; the page that names them is asked for anew each time. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** `/` leads to it. A path below `/panel/` that is no file is one of its pages. */
export function panelRoutes(folder: string = FOLDER): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const inFolder = (path: string): string => path.replace(/^\/panel\/?/, '/')
  app.get('/', (c) => c.redirect('/panel/'))
  app.get('/panel', (c) => c.redirect('/panel/'))
  app.get(
    '/panel/*',
    serveStatic({
      root: folder,
      rewriteRequestPath: inFolder,
      onFound: (_, c) => c.header('cache-control', c.req.path.startsWith('/panel/assets/') ? FOR_EVER : 'no-cache'),
    }),
  )
  app.get('/panel/*', async (c, next) => {
    if (!existsSync(`${folder}/index.html`)) throw new BerthError('not-found', 'the panel is not built: run "npm run build"')
    if (c.req.path.startsWith('/panel/assets/')) throw new BerthError('not-found', `there is nothing at ${c.req.path}`)
    return serveStatic({ root: folder, rewriteRequestPath: () => '/index.html', onFound: () => c.header('cache-control', 'no-cache') })(
      c,
      next,
    )
  })
  return app
}
