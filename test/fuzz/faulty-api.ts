/**
 * @module
 * A small API with one fault on each path, to see that each is found.
 */
import { Hono } from 'hono'

export const KEY = 'key-of-the-faulty-api'

const json = (schema: object) => ({ 'application/json': { schema } })
const NUMBER = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
const problem = (types: string) => ({ description: types, content: { 'application/problem+json': { schema: { type: 'object' } } } })
const RESPONSES = {
  200: { description: 'A number', content: json(NUMBER) },
  401: problem('`unauthorized`'),
  403: problem('`forbidden`'),
  405: problem('`method-not-allowed`'),
  503: problem('`max-capacity`, `unavailable`'),
}
const operation = (operationId: string, content?: object) => ({
  operationId,
  security: [{ bearer: [] }],
  responses: content === undefined ? RESPONSES : { ...RESPONSES, 200: { description: 'A number', content } },
})

const PATHS = {
  '/fine': { get: operation('fine') },
  '/full': { post: operation('full') },
  '/endless': { get: operation('endless', { 'text/event-stream': { schema: { type: 'object' } } }) },
  '/down': { get: operation('down') },
  '/hasty': { get: operation('hasty') },
  '/broken': { get: operation('broken') },
  '/misshapen': { get: operation('misshapen') },
  '/mistyped': { get: operation('mistyped') },
  '/teapot': { get: operation('teapot') },
  '/open': { get: operation('open') },
}

/** The one that says when to ask again is no fault. */
const later = (type: string) => told(503, type, { 'retry-after': '10' })
const told = (status: number, type: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: `/problems/${type}` }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })

/** The API. `/fine`, `/full` and `/endless` do what their document says. */
export function faultyApi(): Hono {
  const app = new Hono()
  app.get('/openapi.json', (c) =>
    c.json({
      openapi: '3.1.0',
      info: { title: 'Faulty', version: '1' },
      paths: PATHS,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    }),
  )
  app.get('/open', (c) => c.json({ n: 1 }))
  app.use(async (c, next) => {
    const sent = c.req.header('authorization')
    if (sent === undefined) return told(401, 'unauthorized', { 'www-authenticate': 'Bearer' })
    return sent === `Bearer ${KEY}` ? next() : told(403, 'forbidden')
  })
  app.get('/fine', (c) => c.json({ n: 1 }))
  app.post('/full', () => later('max-capacity'))
  app.get('/endless', () => new Response(endless(), { headers: { 'content-type': 'text/event-stream' } }))
  app.get('/down', () => later('provisioning-failed'))
  app.get('/hasty', () => told(503, 'unavailable'))
  app.get('/broken', () => told(500, 'internal'))
  app.get('/misshapen', (c) => c.json({ n: 'one' }))
  app.get('/mistyped', (c) => c.text('one'))
  app.get('/teapot', (c) => c.json({ n: 1 }, 418))
  app.notFound((c) => {
    const methods = Object.keys((PATHS as Record<string, object>)[c.req.path] ?? {})
    return methods.length === 0 ? told(404, 'not-found') : told(405, 'method-not-allowed', { allow: methods.join(', ').toUpperCase() })
  })
  return app
}

function endless(): ReadableStream<Uint8Array> {
  let ticks: NodeJS.Timeout
  return new ReadableStream({
    start(controller) {
      ticks = setInterval(() => controller.enqueue(new TextEncoder().encode('data: tick\n\n')), 50)
    },
    cancel: () => clearInterval(ticks),
  })
}
