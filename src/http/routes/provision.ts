/**
 * @module
 * `POST /provision/acestream`: one engine more, answered as soon as its container is started.
 */
import type { Handler } from 'hono'
import type { ProvisioningDetail } from '../../contracts/problem.js'
import { ProvisionBody, type Provisioned } from '../../contracts/provision.js'
import { BerthError, type FieldError } from '../../domain/errors.js'
import { reservedEnvironment, reservedLabel } from '../../engines/reserved.js'
import type { ControlPlane } from '../../temporal/control-plane.js'
import { type AppEnv, answer } from '../answer.js'
import { changeId, invalid, pointer, readBody } from '../body.js'
import type { Dependencies } from '../dependencies.js'
import { presentable, ProvisioningError } from '../problem.js'

/** Starts one engine. Failures on our side carry the object under `detail` that clients of older orchestrators read. */
export function provisionEngine({ controlPlane, config }: Dependencies): Handler<AppEnv> {
  const managedKey = config.docker.managedLabel.key
  return async (c) => {
    const body = await readBody(c, ProvisionBody)
    const ours = reservedFields(body, managedKey)
    if (ours.length > 0) throw invalid(ours)
    const requestId = changeId(c)
    try {
      const engine = await controlPlane.provision({ requestId, labels: body.labels, environment: body.env, hostPort: body.host_port })
      if (engine.containerId === null || engine.containerName === null) {
        throw new BerthError(
          'provisioning-failed',
          `the engine ${engine.engineId} lost its container at once; it is being made again: see GET /engines/${engine.engineId}`,
        )
      }
      return answer<Provisioned>(c, 200, {
        container_id: engine.containerId,
        container_name: engine.containerName,
        host_http_port: engine.hostHttpPort,
        container_http_port: engine.httpPort,
        container_https_port: engine.httpsPort,
      })
    } catch (thrown) {
      const error = presentable(thrown)
      if (error.status < 500) throw error
      throw new ProvisioningError(error, provisioningDetail(error, await vpnIsDown(error, controlPlane)))
    }
  }
}

function reservedFields(body: ProvisionBody, managedKey: string): FieldError[] {
  const detail = 'is set by Berth itself and cannot be chosen'
  const labels = Object.keys(body.labels).filter((name) => reservedLabel(name, managedKey))
  const environment = Object.keys(body.env).filter((name) => reservedEnvironment(name))
  return [
    ...labels.map((name) => ({ pointer: pointer(['labels', name]), detail })),
    ...environment.map((name) => ({ pointer: pointer(['env', name]), detail })),
  ]
}

function provisioningDetail(error: BerthError, vpnDown: boolean): ProvisioningDetail {
  const full = error.type === 'max-capacity'
  const code = full ? 'max_capacity' : vpnDown ? 'vpn_disconnected' : 'general_error'
  const unexpected = error.type === 'internal'
  return {
    error: code === 'general_error' ? 'provisioning_failed' : 'provisioning_blocked',
    code,
    message: error.message,
    recovery_eta_seconds:
      error.extra.retryAfterSeconds === undefined ? (code === 'vpn_disconnected' ? 60 : null) : Math.ceil(error.extra.retryAfterSeconds),
    can_retry: !unexpected,
    should_wait: !unexpected,
  }
}

/** Codes of failures that end when Gluetun is back. */
const VPN_CODES: ReadonlySet<string> = new Set(['vpn-missing', 'vpn-stopped', 'network-gone'])

/** By the failure's own code, else by what is known of the VPN; false when nobody can say. */
async function vpnIsDown(error: BerthError, controlPlane: ControlPlane): Promise<boolean> {
  if (error.extra.code !== undefined) return VPN_CODES.has(error.extra.code)
  try {
    const { vpn } = (await controlPlane.snapshot()).fleet
    return vpn.enabled && !vpn.connected
  } catch {
    return false
  }
}
