import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { setUp } from './set-up.js'

type Json = Record<string, unknown>

/** The document itself, and pages for people. */
const UNDOCUMENTED = /^GET (\/|\/openapi\.json|\/(docs|panel|problems)(\/.*)?)$/

const { app } = setUp()
const documented = async () => (await (await app.request('/openapi.json')).json()) as Json & { paths: Record<string, Record<string, Json>> }

/** Every object and array in `value`, itself among them. */
function* parts(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return
  yield value as Json
  for (const part of Object.values(value)) yield* parts(part)
}

describe('the OpenAPI document', () => {
  test('is OpenAPI 3.1 by its schema', async () => {
    const validator = new Validator()
    expect(await validator.validate(await documented())).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('refers to nothing that is not there, and has no schema that nothing refers to', async () => {
    const document = await documented()
    const references = new Set([...parts(document)].map(({ $ref }) => $ref).filter((ref) => typeof ref === 'string'))
    const at = (ref: string) =>
      ref
        .split('/')
        .slice(1)
        .reduce<unknown>((json, name) => (json as Json | undefined)?.[name], document)
    expect([...references].filter((ref) => !ref.startsWith('#/') || at(ref) === undefined)).toEqual([])
    const { schemas } = document.components as { schemas: Json }
    expect(Object.keys(schemas).filter((name) => !references.has(`#/components/schemas/${name}`))).toEqual([])
  })

  test('says of every problem that passes that Retry-After comes with it', async () => {
    const operations = Object.values((await documented()).paths).flatMap(Object.values<Json>)
    for (const { operationId, responses } of operations) {
      for (const [status, response] of Object.entries(responses as Record<string, Json>)) {
        if (Object.keys(response.content as Json).join() !== 'application/problem+json') continue
        expect([operationId, status, 'headers' in response]).toEqual([operationId, status, ['429', '503', '504'].includes(status)])
      }
    }
  })

  test('has a name of its own for each operation', async () => {
    const ids = [...parts((await documented()).paths)].map(({ operationId }) => operationId).filter((id) => typeof id === 'string')
    expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted())
    expect(ids.length).toBeGreaterThan(40)
  })

  test('has every route of the API, and no other', async () => {
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((name) => !UNDOCUMENTED.test(name))
    const written = Object.entries((await documented()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(written.toSorted()).toEqual([...new Set(served)].toSorted())
  })
})
