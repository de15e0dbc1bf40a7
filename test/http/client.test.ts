import { expect, it } from 'vitest'
import { createClient } from '../../src/http/client.js'
import { engineView, snapshotOf } from './fake-control-plane.js'
import { heldBy, setUp } from './set-up.js'

it('the typed client reads and changes what the routes say', async () => {
  const engine = engineView()
  const { app, controlPlane } = setUp({ snapshot: snapshotOf({ engines: [engine], lease: heldBy(engine) }) })
  const api = createClient('http://127.0.0.1:8000', { fetch: async (input, init) => app.request(input, init) })
  const page = await (await api.api.v1.engines.$get({ query: { limit: '1' } })).json()
  const forwarded: boolean | undefined = page.items[0]?.forwarded
  expect([page.items[0]?.engine_id, forwarded]).toEqual(['e-1', true])
  const answer = await api.api.v1.lease.designate.$post({ json: { engine: 'e-1' } })
  expect([answer.status, (await answer.json()).preferred]).toEqual([202, 'e-1'])
  expect(controlPlane.designated).toHaveLength(1)
  const shown = await (await api.api.v1.engines[':id'].$get({ param: { id: 'e-1' } })).json()
  expect(shown.engine.engine_id).toBe('e-1')
})
