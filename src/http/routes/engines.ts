/**
 * @module
 * Reading engines. Both routes answer from the snapshot and ask neither Docker nor an engine.
 */
import type { Handler } from 'hono'
import type { EngineDetail } from '../../contracts/engines.js'
import { BerthError } from '../../domain/errors.js'
import { findEngine } from '../../domain/find-engine.js'
import type { Snapshot } from '../../temporal/control-plane.js'
import { type AppContext, type AppEnv, answer, staleHeaders, written } from '../answer.js'
import { type Guard, guarding } from '../auth.js'
import type { Dependencies } from '../dependencies.js'
import { presentEngine, presentEngines } from '../present.js'
import { presentStream } from '../present-stream.js'

/** Renders once per snapshot, however many ask. */
function oncePerSnapshot(render: (snapshot: Snapshot) => string): (snapshot: Snapshot) => Uint8Array<ArrayBuffer> {
  const rendered = new WeakMap<Snapshot, Uint8Array<ArrayBuffer>>()
  return (snapshot) => {
    let bytes = rendered.get(snapshot)
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(render(snapshot))
      rendered.set(snapshot, bytes)
    }
    return bytes
  }
}

/**
 * `GET /engines`: a bare array by port; `?all=true` adds engines that have no container now.
 * It is the busiest route, so it runs alone and does what it needs of the middleware by itself; what can be answered at once is answered without a promise.
 */
export function listEngines({ controlPlane, now, config, checkHost, gate }: Dependencies): Guard<Handler<AppEnv>> {
  const withContainer = oncePerSnapshot((snapshot) => JSON.stringify(presentEngines(snapshot, false, config)))
  const every = oncePerSnapshot((snapshot) => JSON.stringify(presentEngines(snapshot, true, config)))
  const list = (c: AppContext, snapshot: Snapshot): Response => {
    const all = c.req.url.includes('?') && c.req.query('all') === 'true'
    return written(c, 200, all ? every(snapshot) : withContainer(snapshot), staleHeaders(snapshot, now()))
  }
  const listLater = async (c: AppContext): Promise<Response> => {
    if (gate.readKeyRequired) await gate.admit(c, 'viewer')
    return list(c, await controlPlane.snapshot())
  }
  return guarding('viewer', (c: AppContext) => {
    checkHost(c.req.url)
    const snapshot = gate.readKeyRequired ? null : controlPlane.snapshotAtHand()
    return snapshot === null ? listLater(c) : list(c, snapshot)
  })
}

/** `GET /engines/{id}`. */
export function showEngine({ controlPlane, now, config }: Dependencies): Handler<AppEnv, '/engines/:id' | '/api/v1/engines/:id'> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    const id = c.req.param('id')
    const engine = findEngine(snapshot.fleet.engines, id)
    if (engine === undefined) throw new BerthError('not-found', `there is no engine ${JSON.stringify(id)}: GET /engines lists them`)
    return answer<EngineDetail>(
      c,
      200,
      { engine: presentEngine(engine, snapshot, config), streams: engine.streams.map((stream) => presentStream(stream, snapshot)) },
      staleHeaders(snapshot, now()),
    )
  }
}
