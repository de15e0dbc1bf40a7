import { type ServerType, serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../src/cli/addresses.js'
import { faultyApi, KEY } from './faulty-api.js'
import { type Findings, fuzz } from './schemathesis.js'

describe('what the suite looks for', () => {
  let server: ServerType
  let found: Findings

  beforeAll(async () => {
    const port = await freePort()
    server = serve({ fetch: faultyApi().fetch, hostname: '127.0.0.1', port })
    found = await fuzz(`http://127.0.0.1:${port}`, KEY)
  })
  afterAll(() => server?.close())

  const told = (operation: string) => found.failures.find((failure) => failure.operation === operation)?.told ?? ''

  it('is every operation of the document, an event stream without an end among them', () => {
    expect(found).toMatchObject({ operations: 10, tested: 10, errors: [] })
  })

  it.each([
    ['GET /broken', 'an answer of 500', 'Server error'],
    ['GET /down', 'a problem that is not documented', 'provisioning-failed is not documented for 503'],
    ['GET /hasty', 'a 503 that does not say when to ask again', 'Retry-After is not there'],
    ['GET /misshapen', 'a body that is not as documented', '"one" is not of type "integer"'],
    ['GET /mistyped', 'a content type that is not documented', 'Undocumented Content-Type'],
    ['GET /teapot', 'a status that is not documented', 'Undocumented status code'],
    ['GET /open', 'a key that is documented and not asked for', 'API accepts requests without authentication'],
  ])('%s is found: %s', (operation, _, words) => {
    expect(told(operation)).toContain(words)
    expect(told(operation)).toContain('curl -X GET')
  })

  it('and nothing else: a documented 503 that says when to ask again is no fault', () => {
    expect(['GET /fine', 'POST /full', 'GET /endless'].map(told)).toEqual(['', '', ''])
  })
})
