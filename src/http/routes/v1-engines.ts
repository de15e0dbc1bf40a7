/**
 * @module
 * Engines as resources: made, restarted, drained and removed by operations that go on after the answer.
 */
import type { Handler } from 'hono'
import { EngineQuery, type EngineState, RestartBody } from '../../contracts/engines.js'
import type { EngineEnvironment } from '../../contracts/environment.js'
import { type EngineLogs, LogsQuery } from '../../contracts/logs.js'
import type { Operation } from '../../contracts/operation.js'
import { PageQuery } from '../../contracts/page.js'
import { ProvisionBody } from '../../contracts/provision.js'
import { BerthError } from '../../domain/errors.js'
import { findEngine } from '../../domain/find-engine.js'
import type { EngineView } from '../../domain/views.js'
import { type AppContext, type AppEnv, answer, staleHeaders } from '../answer.js'
import { changeId, invalid, readBody, readQuery } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { pageOf } from '../page.js'
import { presentEngine } from '../present.js'
import { reservedFields } from './provision.js'

/** `GET /api/v1/engines`: all that are wanted, with a container or without. */
export function pageEngines({ controlPlane, config, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const page = readQuery(c, PageQuery)
    const { forwarded, health } = readQuery(c, EngineQuery)
    const snapshot = await controlPlane.snapshot()
    const keyOf = ({ port, engine_id }: EngineState): string => `${String(port).padStart(5, '0')} ${engine_id}`
    const engines = snapshot.fleet.engines
      .map((engine) => presentEngine(engine, snapshot, config))
      .filter(
        (engine) =>
          (forwarded === undefined || engine.forwarded === forwarded) && (health === undefined || engine.health_status === health),
      )
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    return answer(c, 200, pageOf(engines, keyOf, page), staleHeaders(snapshot, now()))
  }
}

/** `POST /api/v1/engines`. */
export function createEngine({ controlPlane, config }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const body = await readBody(c, ProvisionBody)
    const ours = reservedFields(body, config.docker.managedLabel.key)
    if (ours.length > 0) throw invalid(ours)
    const request = { requestId: changeId(c), labels: body.labels, environment: body.env, hostPort: body.host_port }
    const { engineId } = await controlPlane.provisionLater(request)
    return accepted(c, { kind: 'provision', engineId })
  }
}

/** `DELETE /api/v1/engines/{id}`. */
export function removeEngine({ controlPlane }: Dependencies): Handler<AppEnv, '/api/v1/engines/:id'> {
  return async (c) => {
    const { engineId } = await controlPlane.removeLater(c.req.param('id'), changeId(c))
    return accepted(c, { kind: 'remove', engineId })
  }
}

/** `POST /api/v1/engines/{id}/restart`: its container is made anew. */
export function restartEngine({ controlPlane }: Dependencies): Handler<AppEnv, '/api/v1/engines/:id/restart'> {
  return async (c) => {
    const { force } = await readBody(c, RestartBody)
    const engine = await controlPlane.restart(c.req.param('id'), { requestId: changeId(c), force })
    return accepted(c, { kind: 'restart', engineId: engine.engineId, engine })
  }
}

/** `POST /api/v1/engines/{id}/drain`: it goes when it plays nothing any more. */
export function drainEngine({ controlPlane }: Dependencies): Handler<AppEnv, '/api/v1/engines/:id/drain'> {
  return async (c) => {
    const engine = await controlPlane.drain(c.req.param('id'), changeId(c))
    return accepted(c, { kind: 'remove', engineId: engine.engineId, engine })
  }
}

/** `GET /api/v1/engines/{id}/logs`. */
export function engineLogs({ controlPlane }: Dependencies): Handler<AppEnv, '/api/v1/engines/:id/logs'> {
  return async (c) => {
    const { tail } = readQuery(c, LogsQuery)
    const { containerId, lines } = await controlPlane.logs(c.req.param('id'), tail)
    return answer<EngineLogs>(c, 200, { container_id: containerId, lines })
  }
}

/** `GET /api/v1/engines/{id}/environment`. */
export function engineEnvironment({ controlPlane }: Dependencies): Handler<AppEnv, '/api/v1/engines/:id/environment'> {
  return async (c) => {
    const { containerId, environment } = await controlPlane.environment(c.req.param('id'))
    return answer<EngineEnvironment>(c, 200, { container_id: containerId, environment })
  }
}

/** `GET /api/v1/operations/{id}`: told from the engine as it is now, so it is known for as long as the engine is, and its removal ever after. */
export function showOperation({ controlPlane, now }: Dependencies): Handler<AppEnv, '/api/v1/operations/:id'> {
  return async (c) => {
    const id = c.req.param('id')
    const [, kind, engineId] = /^(provision|restart|remove)-([a-zA-Z0-9][a-zA-Z0-9_.-]{0,127})$/.exec(id) ?? []
    const snapshot = await controlPlane.snapshot(0)
    const engine = engineId === undefined ? undefined : findEngine(snapshot.fleet.engines, engineId)
    if (kind === undefined || engineId === undefined || (engine === undefined && !(await controlPlane.hasExisted(engineId))))
      throw new BerthError('not-found', `there is no operation ${JSON.stringify(id)}`)
    return answer<Operation>(c, 200, operationOf(kind as Operation['kind'], engineId, engine), staleHeaders(snapshot, now()))
  }
}

function accepted(c: AppContext, { kind, engineId, engine }: { kind: Operation['kind']; engineId: string; engine?: EngineView }): Response {
  const operation: Operation = { ...operationOf(kind, engineId, engine), status: 'running', problem: engine?.problem ?? null }
  return answer<Operation>(c, 202, operation, { location: `/api/v1/operations/${operation.id}` })
}

function operationOf(kind: Operation['kind'], engineId: string, engine: EngineView | undefined): Operation {
  const runs = engine !== undefined && engine.containerId !== null && (engine.phase === 'starting' || engine.phase === 'running')
  const gone = engine === undefined
  return {
    id: `${kind}-${engineId}`,
    kind,
    status: kind === 'remove' ? (gone ? 'succeeded' : 'running') : gone ? 'failed' : runs ? 'succeeded' : 'running',
    engine_id: engineId,
    container_id: engine?.containerId ?? null,
    problem:
      kind !== 'remove' && gone ? { code: 'not-found', detail: `Engine ${engineId} was removed meanwhile.` } : (engine?.problem ?? null),
  }
}
