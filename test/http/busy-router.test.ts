import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { BusyRouter } from '../../src/http/busy-router.js'
import { setUp } from './set-up.js'

describe('the busiest route', () => {
  const appWith = () => {
    const app = new Hono({ strict: false, router: new BusyRouter({ method: 'GET', path: '/busy' }) })
    app.get('/busy', (c) => c.text('busy'))
    app.use(async (c, next) => {
      await next()
      c.header('x-seen', 'yes')
    })
    app.get('/busy/:id', (c) => c.text(`busy ${c.req.param('id')}`))
    app.post('/busy', (c) => c.text('changed'))
    return app
  }

  it('runs alone; every other one runs behind what was registered before it', async () => {
    const app = appWith()
    const seen = async (path: string, method = 'GET') => {
      const response = await app.request(path, { method })
      return [await response.text(), response.headers.get('x-seen')]
    }
    expect(await seen('/busy')).toEqual(['busy', null])
    expect(await seen('/busy/?a=b')).toEqual(['busy', null])
    expect(await seen('/busy', 'POST')).toEqual(['changed', 'yes'])
    expect(await seen('/busy/7')).toEqual(['busy 7', 'yes'])
    expect(await seen('/else')).toEqual(['404 Not Found', 'yes'])
  })

  it('is registered once', () => {
    const app = appWith()
    expect(() => app.get('/busy', (c) => c.text('again'))).toThrow('GET /busy has a handler already, which runs alone')
  })

  it('of the API answers without a promise what is at hand, and the same when it has to be read', async () => {
    const { app, controlPlane } = setUp()
    const atHand = app.request('/engines')
    expect(atHand).toBeInstanceOf(Response)
    controlPlane.reads = true
    const read = app.request('/engines')
    expect(read).toBeInstanceOf(Promise)
    const headersOf = ({ headers }: Response) => Object.keys(Object.fromEntries(headers)).toSorted()
    expect(headersOf(await read)).toEqual(headersOf(await atHand))
    expect(await (await read).text()).toBe(await (await atHand).text())
  })

  it('of the API refuses a strange host with a problem, though no promise is there to fail', async () => {
    const { app } = setUp()
    const response = await app.request('http://evil.example/engines')
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
  })
})
