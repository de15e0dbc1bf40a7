/**
 * @module
 * Routes of an older orchestrator that are kept for its clients; `docs/compatibility.md` says where an answer differs, and why.
 */
import type { Handler } from 'hono'
import { type Container, LabelQuery } from '../../contracts/container.js'
import {
  BreakerQuery,
  type HealthStatus,
  type Message,
  type OrchestratorStatus,
  type PublicIp,
  type Swept,
} from '../../contracts/orchestrator.js'
import { BerthError } from '../../domain/errors.js'
import { findEngine } from '../../domain/find-engine.js'
import { type AppEnv, answer, staleHeaders } from '../answer.js'
import { readQuery } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentContainer } from '../present-container.js'
import { presentHealth, presentOrchestrator } from '../present-fleet.js'

/** `GET /containers/{id}`: containers that are not ours are as unknown as those that do not exist. */
export function showContainer({ controlPlane, config, now }: Dependencies): Handler<AppEnv, '/containers/:id'> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    const id = c.req.param('id')
    const engine = findEngine(snapshot.fleet.engines, id)
    const container = engine && presentContainer(engine, snapshot, config)
    if (!container) throw new BerthError('not-found', `there is no container ${JSON.stringify(id)} of ours: GET /engines lists them`)
    return answer<Container>(c, 200, container, staleHeaders(snapshot, now()))
  }
}

/** `GET /by-label`. */
export function containersByLabel({ controlPlane, config, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { key, value } = readQuery(c, LabelQuery)
    const snapshot = await controlPlane.snapshot()
    const containers = snapshot.fleet.engines
      .map((engine) => presentContainer(engine, snapshot, config))
      .filter((container) => container !== null && container.labels[key] === value)
    return answer<(Container | null)[]>(c, 200, containers, staleHeaders(snapshot, now()))
  }
}

/** `GET /orchestrator/status`. */
export function orchestratorStatus({ controlPlane, config, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    const { fleet, engines } = config
    const settings = { autoDelete: fleet.autoDelete, graceMs: fleet.engineGraceMs, variant: engines.variant }
    return answer<OrchestratorStatus>(c, 200, presentOrchestrator(snapshot, settings, now()), staleHeaders(snapshot, now()))
  }
}

/** `GET /health/status`. */
export function healthStatus({ controlPlane, config, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    return answer<HealthStatus>(c, 200, presentHealth(snapshot, config.health.intervalMs), staleHeaders(snapshot, now()))
  }
}

/** `POST /health/circuit-breaker/reset`: engines that wait before they are tried again are tried at once. */
export function resetBreaker({ controlPlane }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const { operation_type: type } = readQuery(c, BreakerQuery)
    const told = await controlPlane.retryNow()
    const which = type === undefined ? 'All circuit breakers' : `Circuit breaker ${type}`
    return answer<Message>(c, 200, { message: `${which} reset; ${told} engines that were waiting are tried again now` })
  }
}

/** `POST /gc`: containers that nobody uses are removed all the time; there is nothing left to do. */
export function collectGarbage(): Handler<AppEnv> {
  return (c) => answer<Swept>(c, 200, { status: 'ok' })
}

/** `GET /vpn/publicip`. */
export function publicIp({ controlPlane, now }: Dependencies): Handler<AppEnv> {
  return async (c) => {
    const snapshot = await controlPlane.snapshot()
    const { vpn } = snapshot.fleet
    if (vpn.publicIp === null) {
      const why = vpn.enabled
        ? (vpn.problem?.detail ?? 'Gluetun has not told it yet.')
        : 'No VPN is configured: set GLUETUN_CONTAINER_NAME.'
      throw new BerthError('unavailable', `The public address is not known. ${why}`, { retryAfterSeconds: 10 })
    }
    return answer<PublicIp>(c, 200, { public_ip: vpn.publicIp }, staleHeaders(snapshot, now()))
  }
}
